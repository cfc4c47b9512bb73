import { getHeapStatistics } from 'node:v8';
import { createCollector } from './collector.ts';

/** Heaps up to this size V8 may look after as it likes. */
const LARGE_BYTES = 128 * 1024 * 1024;
/** By then whoever loaded the configuration has let go of it. */
const DELAY_MS = 1000;

/** Gives back what loading a configuration has left. */
export interface LoadMemory {
  /** A configuration is in force now. */
  applied(): void;
  close(): void;
}

/** Where the figures of a heap come from and what collects it. */
export interface LoadMemoryOptions {
  collect?: (() => void) | undefined;
  /** Bytes of the heap that are used. */
  heapBytes?: () => number;
  delayMs?: number;
}

/**
 * Text, documents and tree of a large configuration (100,000 keys) leave five times what stays of it. V8 would let that lie until
 * much more has come, and look at each page of it whenever it collects young objects: many times a second, for milliseconds. Collecting
 * everything ends that. It holds the event loop for about two milliseconds for each MiB that stays, far less than the loading did.
 */
export function createLoadMemory({
  collect = createCollector('all'),
  heapBytes = () => getHeapStatistics().used_heap_size,
  delayMs = DELAY_MS,
}: LoadMemoryOptions = {}): LoadMemory {
  let timer: NodeJS.Timeout | undefined;
  return {
    applied() {
      if (heapBytes() <= LARGE_BYTES) return;
      clearTimeout(timer);
      timer = setTimeout(() => collect?.(), delayMs);
      timer.unref();
    },
    close: () => clearTimeout(timer),
  };
}
