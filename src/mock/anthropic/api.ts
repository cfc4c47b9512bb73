import type { JsonObject } from '../../json/types.ts';
import type { ApiFamily } from '../call.ts';
import { Refusal } from '../refusal.ts';

/** Anthropic's error object, also the data of the stream's `error` event (docs.anthropic.com/en/api/errors). */
export function anthropicError(details: { status: number; message: string; type?: string }): JsonObject {
  return { type: 'error', error: { type: details.type ?? errorType(details.status), message: details.message } };
}

/** Anthropic: `x-api-key` or bearer token, `anthropic-version`. */
export const anthropicApi: ApiFamily = {
  name: 'anthropic',
  headers: (call) => ({ 'request-id': call.newId('req_') }),
  error: (details, call) => ({ body: { ...anthropicError(details), request_id: call.newId('req_') } }),
  authorize(call) {
    const bearer = /^Bearer \S/.test(call.headers['authorization'] ?? '');
    if (!bearer && (call.headers['x-api-key'] ?? '') === '') {
      throw new Refusal({ status: 401, message: 'x-api-key header is required' });
    }
    if ((call.headers['anthropic-version'] ?? '') === '') {
      throw new Refusal({ status: 400, message: 'anthropic-version: header is required' });
    }
  },
};

function errorType(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 504:
      return 'timeout_error';
    case 529:
    case 503:
      return 'overloaded_error';
    default:
      return status >= 500 ? 'api_error' : 'invalid_request_error';
  }
}
