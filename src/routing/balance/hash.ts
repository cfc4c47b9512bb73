/** Spreads every bit of a 32-bit number over the whole of it (the finalizer of MurmurHash3). */
export function mix32(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Where a hash in steps begins. */
export const HASH_SEED: number = FNV_OFFSET;

/** Continues a hash with the UTF-16 units of `text` up to `end`: FNV-1a by 16 bits. Finish with `mix32`. */
export function hashStep(hash: number, text: string, end = text.length): number {
  let state = hash | 0;
  for (let at = 0; at < end; at++) state = Math.imul(state ^ text.charCodeAt(at), FNV_PRIME);
  return state;
}

/** Continues a hash with bytes up to `end`: FNV-1a. Finish with `mix32`. */
export function hashStepBytes(hash: number, bytes: Uint8Array, end = bytes.length): number {
  let state = hash | 0;
  for (let at = 0; at < end; at++) state = Math.imul(state ^ (bytes[at] ?? 0), FNV_PRIME);
  return state;
}

/** Unsigned 32-bit hash of a text. Not for secrets: anyone can find two texts of one hash. */
export function hash32(text: string): number {
  return mix32(hashStep(FNV_OFFSET, text));
}

/** Uniform number above 0 and below 1 that two hashes agree on. */
export function pairUniform(key: number, candidate: number): number {
  return (mix32(key ^ mix32(candidate)) + 0.5) / 2 ** 32;
}

/** Rank of a candidate for a key by weighted rendezvous: the highest takes it. Weights shift only the share that changed. */
export function rendezvousRank(key: number, candidate: number, weight: number): number {
  return -weight / Math.log(pairUniform(key, candidate));
}

/**
 * Index of the choice a key always gets, with a chance in proportion to its weight: rendezvous hashing. When
 * weights change, only keys of choices that shrank move. -1 if no choice has weight. `ids` are the hashes of the
 * choices' names; without them their positions count, so that choices may only be added at the end.
 */
export function stickyPick(hash: number, weights: readonly number[], ids?: readonly number[]): number {
  let best = -1;
  let bestRank = 0;
  for (let at = 0; at < weights.length; at++) {
    const weight = weights[at] ?? 0;
    if (weight <= 0) continue;
    const rank = rendezvousRank(hash, ids?.[at] ?? at + 1, weight);
    if (best === -1 || rank > bestRank) {
      best = at;
      bestRank = rank;
    }
  }
  return best;
}
