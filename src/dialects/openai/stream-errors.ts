import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { ProviderError } from '../neutral/response.ts';

/** The error of a stream whose bytes ended before its answer did. */
export function cutStreamError(): ProviderError {
  return {
    status: 502,
    type: 'api_error',
    code: 'provider_stream_error',
    message: 'The provider ended the stream before the answer was complete.',
  };
}

/** The JSON object in a frame. Throws `provider_bad_response` for anything else. */
export function parseFrame(data: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw new GatewayError('provider_bad_response', 'The provider sent a stream event that is not JSON.', { cause });
  }
  if (!isObject(value)) {
    throw new GatewayError('provider_bad_response', 'The provider sent a stream event that is not an object.');
  }
  return value;
}
