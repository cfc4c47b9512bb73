import { GatewayError } from '../../errors/gateway-error.ts';

/** The refusal of a body that is larger than the configuration allows. */
export function bodyTooLarge(maxBytes: number): GatewayError {
  return new GatewayError(
    'request_too_large',
    `The request body is larger than ${maxBytes} bytes; raise limits.max_body to allow it.`,
  );
}
