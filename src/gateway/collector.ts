import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What V8 is to collect: `young` objects alone, which takes below a millisecond, or `all`, after which the heap is as small as it can be. */
export type Collection = 'young' | 'all';

/** V8's own collector, which returns when it is done; undefined where it cannot be had. */
export function createCollector(what: Collection): (() => void) | undefined {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('globalThis.gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect !== 'function') return undefined;
  if (what === 'young') return () => void collect({ type: 'minor' });
  return () => {
    collect();
    // The first finds what is left on each page, and only then it pays to move that together.
    collect();
  };
}
