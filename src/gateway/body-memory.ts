import { setFlagsFromString } from 'node:v8';
import { createCollector } from './collector.ts';

/** Memory of bodies let go since the last collection from which on another is worth its cost, which is below a millisecond. */
const COLLECT_BYTES = 8 * 1024 * 1024;

/** Gives the memory of large bodies back soon after they are done with. */
export interface BodyMemory {
  /** A body of so many bytes is referred to no more once the present turn is over. */
  release(bytes: number): void;
}

/**
 * Has a collection give the memory of buffers back before it returns. Done by another thread, as V8 would have it, it often comes
 * too late for the next body, which then takes fresh pages that the system has to clear first.
 */
function freeBuffersAtOnce(): void {
  setFlagsFromString('--no-concurrent-array-buffer-sweeping');
}

/**
 * Lets the heap grow to twice what stayed after the last collection of everything. Where V8 takes a process for an idle one it allows a
 * third, which in a small heap is less than one body: then it would mark the whole heap every few of them.
 */
function letHeapDouble(): void {
  setFlagsFromString('--heap-growing-percent=100');
}

/**
 * V8 collects everything whenever the memory of buffers has grown by 64 MiB: every few bodies of 10 MiB it would mark the whole
 * heap, which takes longer than carrying them and holds the event loop. A body that was just done with is young, and a
 * collection of young objects gives it back alone.
 */
export function createBodyMemory(collect: (() => void) | undefined = createCollector('young')): BodyMemory {
  let waiting = 0;
  freeBuffersAtOnce();
  letHeapDouble();
  const run = () => {
    waiting = 0;
    collect?.();
  };
  return {
    release(bytes) {
      const before = waiting;
      waiting += bytes;
      if (before < COLLECT_BYTES && waiting >= COLLECT_BYTES) setImmediate(run);
    },
  };
}
