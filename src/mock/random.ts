/** A source of numbers in [0, 1). */
export type Random = () => number;

/** A reproducible random source (mulberry32) from any number; the same seed gives the same numbers. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const ID_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `length` letters and digits. */
export function randomLetters(random: Random, length: number): string {
  let text = '';
  for (let index = 0; index < length; index += 1) {
    text += ID_LETTERS[Math.floor(random() * ID_LETTERS.length)] ?? 'A';
  }
  return text;
}

/** A random UUID in the usual spelling (version 4). */
export function randomUuid(random: Random): string {
  const hex = (count: number): string => {
    let text = '';
    for (let index = 0; index < count; index += 1) text += Math.floor(random() * 16).toString(16);
    return text;
  };
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
}

/** A 32-bit FNV-1a hash: spreads texts over numbers, proves nothing. */
export function hashText(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  // FNV's low bits are poor for short texts; one more round of mixing spreads them.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
