import { GatewayError } from '../errors/gateway-error.ts';

/** The value of a scanned field; undefined when it is not there. Throws `malformed_request`. */
export function readField(body: Uint8Array, span: { start: number; end: number } | undefined): unknown {
  if (span === undefined) return undefined;
  try {
    return JSON.parse((body as Buffer).toString('utf8', span.start, span.end));
  } catch {
    throw new GatewayError('malformed_request', `The request body is not valid JSON: bad value at byte ${span.start}.`);
  }
}
