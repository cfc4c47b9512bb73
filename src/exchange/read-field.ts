import { GatewayError } from '../errors/gateway-error.ts';
import type { FieldSpan } from '../json/scan.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
/** The scan has checked every byte of strings up to this length, quotes included. */
const CHECKED_STRING = 48;

/** Whether the value is a string that stands in the bytes as it is read. */
function isPlainString(body: Uint8Array, start: number, end: number): boolean {
  if (body[start] !== QUOTE || end - start > CHECKED_STRING) return false;
  for (let at = start + 1; at < end; at++) if (body[at] === BACKSLASH) return false;
  return true;
}

/** The value of a scanned field; undefined when it is not there. Throws `malformed_request`. */
export function readField(body: Uint8Array, span: Pick<FieldSpan, 'start' | 'end'> | undefined): unknown {
  if (span === undefined) return undefined;
  const { start, end } = span;
  // Most fields that are read are switches and short names: parsing them would cost more than all the rest.
  const first = body[start];
  if (first === LETTER_T) return true;
  if (first === LETTER_F) return false;
  if (first === LETTER_N) return null;
  if (isPlainString(body, start, end)) return (body as Buffer).toString('utf8', start + 1, end - 1);
  try {
    return JSON.parse((body as Buffer).toString('utf8', start, end));
  } catch {
    throw new GatewayError('malformed_request', `The request body is not valid JSON: bad value at byte ${start}.`);
  }
}
