import { createHmac } from 'node:crypto';

/** Longer texts are no keys; hashing them would be work for nothing. */
export const MAX_KEY_LENGTH = 1024;

/** Hashes keys: HMAC-SHA256 of their UTF-8 bytes with the server's secret, 64 lower-case hexadecimal digits. */
export type KeyHasher = (text: string) => string;

/** The least a secret must have. */
const MIN_SECRET_BYTES = 16;

/**
 * Makes a hasher. The secret must stay the same as long as stored hashes are to be found by it; a caller without a
 * configured one takes random bytes and can then find configured keys, but none that were stored before. Throws
 * RangeError for a secret that can be guessed by its length.
 */
export function createKeyHasher(secret: string | Uint8Array): KeyHasher {
  const bytes = Buffer.from(secret);
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new RangeError(`the secret has ${bytes.length} bytes; write at least ${MIN_SECRET_BYTES}`);
  }
  return (text) => createHmac('sha256', bytes).update(text).digest('hex');
}

/** Compares two hashes in a time that depends on their length alone. */
export function equalHashes(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
}
