import { HASH_SEED, hashStep, hashStepBytes, mix32 } from './hash.ts';

/** Separates parts, so that ["ab", "c"] and ["a", "bc"] differ. */
const SEPARATOR = '\u0000';

/** Bytes of a prompt's beginning that choose the target by default: about 1,000 tokens, the least a provider caches. */
export const DEFAULT_PREFIX_BYTES = 4096;

/**
 * 32-bit hash of the stable beginning of a prompt (the model, the system prompt, the tools, the first user
 * message) or of a session id. Parts after `maxBytes` (bytes of bytes, UTF-16 units of strings) do not count,
 * so that a conversation keeps its hash as it grows if its beginning is at least that long or its caller
 * passes only what does not change.
 */
export function prefixHash(parts: readonly (string | Uint8Array)[], maxBytes: number = DEFAULT_PREFIX_BYTES): number {
  let hash = HASH_SEED;
  let left = maxBytes;
  for (let at = 0; at < parts.length && left > 0; at++) {
    const part = parts[at] ?? '';
    const end = Math.min(left, part.length);
    hash = typeof part === 'string' ? hashStep(hash, part, end) : hashStepBytes(hash, part, end);
    hash = hashStep(hash, SEPARATOR);
    left -= end;
  }
  return mix32(hash);
}
