import { createHash } from 'node:crypto';

const MAX_ID = 128;
const MAX_TEXT = 256;
const MAX_TAGS = 32;
const MAX_TAG_NAME = 64;
// Far beyond any request, and small enough that sums over years stay within 64 bits.
const MAX_COUNT = 1e12;
const MAX_COST = 1e15;
const NO_TAGS = '{}';

/** A text cut to the most that is kept. */
export function boundText(text: string, max = MAX_TEXT): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

/** An id as it is kept: ids must stay apart even when they are too long. */
export function boundId(id: string): string {
  return id.length <= MAX_ID ? id : `sha256:${createHash('sha256').update(id).digest('hex')}`;
}

/** A whole number within bounds; what is below zero or no number counts as zero. */
export function count(value: number, max = MAX_COUNT): number {
  return Math.round(amount(value, max));
}

/** A number within bounds; what is below zero or no number counts as zero. */
export function amount(value: number, max = MAX_COUNT): number {
  // The comparison is false for NaN too.
  return value > 0 ? Math.min(value, max) : 0;
}

/** A cost within bounds. */
export function boundCost(costNanoUsd: number): number {
  return count(costNanoUsd, MAX_COST);
}

/** A time in whole milliseconds. */
export function boundTime(timeMs: number): number {
  return count(timeMs, Number.MAX_SAFE_INTEGER);
}

/** Tags as JSON text, as many and as much of each as is kept. */
export function tagsText(tags: Readonly<Record<string, string>>): string {
  const names = Object.keys(tags);
  if (names.length === 0) return NO_TAGS;
  const kept = names.slice(0, MAX_TAGS).map((name) => [boundText(name, MAX_TAG_NAME), boundText(String(tags[name]))]);
  return JSON.stringify(Object.fromEntries(kept));
}
