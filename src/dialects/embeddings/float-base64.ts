import { GatewayError } from '../../errors/gateway-error.ts';

const FLOAT_BYTES = 4;
/** How many bytes are handed to `String.fromCharCode` at once: engines bound the number of arguments. */
const PIECE = 8192;

/** Numbers as base64 of 32-bit floats in little endian, as OpenAI's `encoding_format: base64` has them. */
export function floatsToBase64(values: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(values.length * FLOAT_BYTES));
  for (let at = 0; at < values.length; at++) view.setFloat32(at * FLOAT_BYTES, values[at] ?? 0, true);
  const bytes = new Uint8Array(view.buffer);
  let binary = '';
  for (let at = 0; at < bytes.length; at += PIECE) binary += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(binary);
}

/** The numbers in base64 of 32-bit floats in little endian. Throws `provider_bad_response` for anything else. */
export function base64ToFloats(base64: string): number[] {
  let binary: string;
  try {
    binary = atob(base64);
  } catch (cause) {
    throw new GatewayError('provider_bad_response', 'The provider sent a vector that is not base64.', { cause });
  }
  if (binary.length % FLOAT_BYTES !== 0) {
    throw new GatewayError('provider_bad_response', 'The provider sent a vector that is cut short.');
  }
  const view = new DataView(new ArrayBuffer(binary.length));
  for (let at = 0; at < binary.length; at++) view.setUint8(at, binary.charCodeAt(at));
  const values: number[] = [];
  for (let at = 0; at < binary.length; at += FLOAT_BYTES) values.push(view.getFloat32(at, true));
  return values;
}
