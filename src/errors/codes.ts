/**
 * Every error the gateway itself can answer with: HTTP status, the `type` of OpenAI's error object
 * (the other dialects map it), and whether another target might do better.
 *
 * `docs/errors.md` lists the same codes; a test holds the two together.
 */
export const ERROR_CODES = {
  malformed_request: { status: 400, type: 'invalid_request_error', retryable: false },
  invalid_request: { status: 400, type: 'invalid_request_error', retryable: false },
  unsupported_parameter: { status: 400, type: 'invalid_request_error', retryable: false },
  unsupported_content_encoding: { status: 415, type: 'invalid_request_error', retryable: false },
  unsupported_media_type: { status: 415, type: 'invalid_request_error', retryable: false },
  request_too_large: { status: 413, type: 'invalid_request_error', retryable: false },
  headers_too_large: { status: 431, type: 'invalid_request_error', retryable: false },
  request_timeout: { status: 408, type: 'invalid_request_error', retryable: false },
  expectation_failed: { status: 417, type: 'invalid_request_error', retryable: false },
  unauthenticated: { status: 401, type: 'authentication_error', retryable: false },
  missing_credential: { status: 401, type: 'authentication_error', retryable: false },
  not_allowed: { status: 403, type: 'permission_error', retryable: false },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', retryable: false },
  budget_exceeded: { status: 429, type: 'insufficient_quota', retryable: false },
  price_unknown: { status: 403, type: 'permission_error', retryable: false },
  model_not_found: { status: 404, type: 'invalid_request_error', retryable: false },
  route_not_found: { status: 404, type: 'invalid_request_error', retryable: false },
  unknown_path: { status: 404, type: 'invalid_request_error', retryable: false },
  method_not_allowed: { status: 405, type: 'invalid_request_error', retryable: false },
  unsupported_operation: { status: 400, type: 'invalid_request_error', retryable: false },
  provider_unreachable: { status: 502, type: 'api_error', retryable: true },
  provider_bad_response: { status: 502, type: 'api_error', retryable: true },
  provider_stream_error: { status: 502, type: 'api_error', retryable: true },
  provider_timeout: { status: 504, type: 'api_error', retryable: true },
  credential_unavailable: { status: 503, type: 'api_error', retryable: true },
  overloaded: { status: 503, type: 'api_error', retryable: true },
  store_unavailable: { status: 503, type: 'api_error', retryable: false },
  shutting_down: { status: 503, type: 'api_error', retryable: true },
  client_closed: { status: 499, type: 'api_error', retryable: false },
  internal_error: { status: 500, type: 'api_error', retryable: false },
} as const satisfies Record<string, { status: number; type: string; retryable: boolean }>;

/** The name of one gateway error; also the `code` that clients see. */
export type ErrorCode = keyof typeof ERROR_CODES;
