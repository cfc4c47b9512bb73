import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { ApiFamily } from '../call.ts';
import { Refusal, type RefusalDetails } from '../refusal.ts';

/** Google's error object (google.rpc.Status as JSON). */
export function googleError(details: RefusalDetails): JsonObject {
  const error: JsonObject = {
    code: details.status,
    message: details.message,
    status: details.type ?? rpcStatus(details.status),
  };
  if (details.violations !== undefined) {
    const fieldViolations: JsonValue[] = details.violations.map((violation) => ({ ...violation }));
    error['details'] = [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations }];
  }
  return { error };
}

/** Gemini in AI Studio: an API key in `x-goog-api-key` or `?key=`. */
export const geminiApi: ApiFamily = {
  name: 'gemini',
  headers: () => ({ 'server-timing': 'gfet4t7; dur=42' }),
  error: (details) => ({ body: googleError(details) }),
  authorize(call) {
    if ((call.headers['x-goog-api-key'] ?? '') !== '' || (call.query.get('key') ?? '') !== '') return;
    throw new Refusal({
      status: 403,
      message:
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    });
  },
};

/** Vertex AI: an OAuth token. */
export const vertexApi: ApiFamily = {
  ...geminiApi,
  name: 'vertex',
  authorize(call) {
    if (/^Bearer \S/.test(call.headers['authorization'] ?? '')) return;
    throw new Refusal({
      status: 401,
      message:
        'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
    });
  },
};

function rpcStatus(status: number): string {
  switch (status) {
    case 400:
      return 'INVALID_ARGUMENT';
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'PERMISSION_DENIED';
    case 404:
      return 'NOT_FOUND';
    case 429:
      return 'RESOURCE_EXHAUSTED';
    case 499:
      return 'CANCELLED';
    case 501:
      return 'UNIMPLEMENTED';
    case 503:
      return 'UNAVAILABLE';
    case 504:
      return 'DEADLINE_EXCEEDED';
    default:
      return status >= 500 ? 'INTERNAL' : 'FAILED_PRECONDITION';
  }
}
