import { openByteStream } from '../../telemetry/logger.ts';
import type { WorkerOutput } from './worker-slot.ts';

/** Most bytes that wait for a slow reader of standard output. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

/** The output of the workers, passed on by this process. */
export interface PassedOutput extends WorkerOutput {
  /** Lines that were lost because too many waited. */
  readonly dropped: number;
}

/**
 * Passes what workers print on to this process's standard output and error. Standard output, which may carry an access log, is
 * written in the background; standard error at once, as this process's own log is.
 */
export function createWorkerOutput(): PassedOutput {
  let dropped = 0;
  let broken = false;
  const stdout = openByteStream(1, { maxQueuedBytes: MAX_QUEUED_BYTES, mode: 0o640 });
  stdout.on('drop', (bytes) => {
    dropped += countLines(bytes);
  });
  stdout.on('error', (error) => {
    // The reader of a pipe is gone: it never comes back.
    if (error.code === 'EPIPE') broken = true;
  });
  return {
    stdout(lines) {
      if (broken) dropped += countLines(lines);
      else stdout.write(lines);
    },
    stderr: (lines) => void process.stderr.write(lines),
    get dropped() {
      return dropped;
    },
  };
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (const byte of bytes) if (byte === 10) lines++;
  return lines;
}
