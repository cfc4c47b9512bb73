import { hashText } from '../random.ts';

const DIMENSIONS_PER_WORD = 16;
const WORD = /[\p{L}\p{N}]+/gu;

/**
 * A unit vector for `text`: every word adds to sixteen dimensions chosen by its hash. The same text
 * gives the same vector, texts that share words lie near each other.
 */
export function embedText(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0);
  for (const word of wordsOf(text)) {
    for (let seed = 0; seed < DIMENSIONS_PER_WORD; seed += 1) {
      const hash = hashText(word, seed);
      const index = hash % dimensions;
      vector[index] = (vector[index] ?? 0) + ((hash & 0x10000) === 0 ? 1 : -1);
    }
  }
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (length === 0) {
    vector[hashText(text) % dimensions] = 1;
    return vector;
  }
  return vector.map((value) => Math.fround(value / length));
}

/** How alike two texts are, 0 to 1: words in common over words in `query`, a little less for long documents. */
export function relevance(query: string, document: string): number {
  const asked = new Set(wordsOf(query));
  const found = wordsOf(document);
  if (asked.size === 0) return 0;
  const held = new Set(found);
  let common = 0;
  for (const word of asked) if (held.has(word)) common += 1;
  const score = common / asked.size - Math.min(found.length, 1000) / 100_000;
  return Math.max(0.0001, Math.round(score * 1e6) / 1e6);
}

/** The vector as base64 of little-endian 32-bit floats (OpenAI's `encoding_format: base64`). */
export function vectorToBase64(vector: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  for (const [index, value] of vector.entries()) view.setFloat32(index * 4, value, true);
  return Buffer.from(view.buffer).toString('base64');
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(WORD) ?? [];
}
