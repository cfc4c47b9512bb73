import type { Readable } from 'node:stream';

const LINE_FEED = 10;
/** A line longer than this is passed on in parts: a worker that never ends its line must not fill the memory. */
const MAX_LINE_BYTES = 1024 * 1024;

/**
 * Passes on what comes out of a stream, whole lines at a time, so that the lines of several processes do not mix. What has no
 * line break at the end gets one.
 */
export function relayLines(source: Readable, write: (lines: Uint8Array) => void): void {
  let rest: Buffer[] = [];
  let restBytes = 0;
  const take = (last?: Buffer) => {
    const all = Buffer.concat(last === undefined ? rest : [...rest, last]);
    rest = [];
    restBytes = 0;
    return all;
  };
  source.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) write(take(chunk.subarray(0, end)));
    if (end < chunk.length) {
      rest.push(chunk.subarray(end));
      restBytes += chunk.length - end;
    }
    if (restBytes > MAX_LINE_BYTES) write(take());
  });
  source.on('end', () => {
    if (restBytes > 0) write(take(Buffer.from('\n')));
  });
  // The process is gone: what it could say has been read.
  source.on('error', () => undefined);
}
