import type { JsonObject } from '../../json/types.ts';
import type { ApiFamily } from '../call.ts';
import { Refusal, type RefusalDetails } from '../refusal.ts';

/** OpenAI's error object, also used inside streams (platform.openai.com/docs/guides/error-codes). */
export function openAiError(details: RefusalDetails): JsonObject {
  const usual = usualError(details.status);
  return {
    error: {
      message: details.message,
      type: details.type ?? usual.type,
      param: details.param ?? null,
      code: details.code ?? usual.code,
    },
  };
}

/** OpenAI and what copies its API: bearer key, `{"error": {...}}`. */
export const openAiApi: ApiFamily = {
  name: 'openai',
  headers: (call) => ({
    'x-request-id': call.newId('req_', 32),
    'openai-processing-ms': '12',
    'openai-version': '2020-10-01',
  }),
  error: (details) => ({ body: openAiError(details) }),
  authorize(call) {
    const header = call.headers['authorization'] ?? '';
    if (/^Bearer \S/.test(header)) return;
    // Azure's versionless paths take its own header too; other vendors share the prefix.
    if (call.path.startsWith('/openai/v1/') && (call.headers['api-key'] ?? '') !== '') return;
    throw new Refusal({
      status: 401,
      message:
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
      type: 'invalid_request_error',
    });
  },
};

/** Azure OpenAI: `api-key` or an Entra token, `api-version` on the classic paths, its own words for both. */
export const azureApi: ApiFamily = {
  name: 'azure',
  headers: (call) => ({ 'apim-request-id': call.newUuid(), 'x-ms-region': 'Mock', 'x-request-id': call.newUuid() }),
  error: (details) => {
    const plain = details.status === 401 || details.status === 404 || details.status === 429;
    if (!plain || details.param !== undefined) return { body: openAiError(details) };
    return { body: { error: { code: details.code ?? String(details.status), message: details.message } } };
  },
  authorize(call) {
    const key = call.headers['api-key'] ?? '';
    if (key === '' && !/^Bearer \S/.test(call.headers['authorization'] ?? '')) {
      throw new Refusal({
        status: 401,
        message:
          'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.',
      });
    }
    // Only the `/openai/v1/` paths work without a version (learn.microsoft.com, "API version lifecycle").
    if (!call.path.includes('/openai/v1/') && (call.query.get('api-version') ?? '') === '') {
      throw new Refusal({ status: 404, message: 'Resource not found' });
    }
  },
};

function usualError(status: number): { type: string; code: string | null } {
  switch (status) {
    case 401:
      return { type: 'invalid_request_error', code: 'invalid_api_key' };
    case 403:
      return { type: 'invalid_request_error', code: 'unsupported_country_region_territory' };
    case 429:
      return { type: 'requests', code: 'rate_limit_exceeded' };
    default:
      return { type: status >= 500 ? 'server_error' : 'invalid_request_error', code: null };
  }
}
