import { hash } from 'node:crypto';

/** Longer texts are no keys; hashing them would be work for nothing. */
export const MAX_KEY_LENGTH = 1024;

/** Hashes keys under a secret: 64 lower-case hexadecimal digits. */
export type KeyHasher = (text: string) => string;

/** Of SHA-256. */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/** The least a secret must have. */
const MIN_SECRET_BYTES = 16;

/**
 * Makes a hasher for keys that are stored: HMAC-SHA256 of their UTF-8 bytes. The secret must stay the same as long as stored hashes
 * are to be found by it. Throws RangeError for a secret that can be guessed by its length.
 */
export function createKeyHasher(secret: string | Uint8Array): KeyHasher {
  const bytes = Buffer.from(secret);
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new RangeError(`the secret has ${bytes.length} bytes; write at least ${MIN_SECRET_BYTES}`);
  }
  // HMAC written out (RFC 2104): two hashes in one call each cost less than an object of Node's for it, and what frees that again.
  const key = bytes.length > BLOCK_BYTES ? hash('sha256', bytes, 'buffer') : bytes;
  const inner = padded(key, 0x36, MAX_KEY_LENGTH * 3);
  const outer = padded(key, 0x5c, DIGEST_BYTES);
  const innerOf = (text: string) => {
    if (text.length > MAX_KEY_LENGTH) return Buffer.concat([inner.subarray(0, BLOCK_BYTES), Buffer.from(text)]);
    return inner.subarray(0, BLOCK_BYTES + inner.write(text, BLOCK_BYTES, 'utf8'));
  };
  return (text) => {
    outer.write(hash('sha256', innerOf(text), 'binary'), BLOCK_BYTES, 'latin1');
    return hash('sha256', outer, 'hex');
  };
}

/**
 * Makes a hasher for keys that this process alone has to find again: SHA-256 of `salt` and the key, in one call and without a
 * buffer, a quarter of the cost of an HMAC. Such hashes leave the process nowhere, so that nobody can lengthen one; the salt
 * keeps others from choosing where in an index their texts fall. Throws RangeError for a salt that can be guessed by its length.
 */
export function createProcessHasher(salt: Uint8Array): KeyHasher {
  if (salt.length < MIN_SECRET_BYTES) {
    throw new RangeError(`the salt has ${salt.length} bytes; take at least ${MIN_SECRET_BYTES}`);
  }
  const prefix = Buffer.from(salt).toString('hex');
  return (text) => hash('sha256', prefix + text, 'hex');
}

/** A block of the key, each byte changed by `byte`, with room behind it. */
function padded(key: Uint8Array, byte: number, room: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES + room);
  block.fill(byte, 0, BLOCK_BYTES);
  for (const [index, value] of key.entries()) block[index] = value ^ byte;
  return block;
}

/** Compares two hashes in a time that depends on their length alone. */
export function equalHashes(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
}
