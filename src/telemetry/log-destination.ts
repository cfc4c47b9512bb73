import { closeSync, openSync } from 'node:fs';
import { openByteStream } from './logger.ts';

/** How a value becomes a line. */
export interface LineFormat<Value> {
  /** One JSON object on one line, its line break included. */
  line(value: Value): string;
  /** Writes the same line as UTF-8 from `start` on and returns where it ends; -1 when it does not fit. */
  write(value: Value, bytes: Buffer, start: number): number;
}

/** A file, standard output or standard error that many lines a second go to. */
export interface LogDestination {
  /** Queues text that ends in a line break. Never waits and never throws. */
  write(line: string): void;
  /** Queues the line of a value, written where it is going to stand: no text is made of it on the way. */
  writeLine<Value>(format: LineFormat<Value>, value: Value): void;
  /** Opens the file anew, after a log rotation moved the old one. */
  reopen(): void;
  /** Writes out what is queued and closes; gives up after two seconds when nothing takes the lines. */
  close(): Promise<void>;
  /** Lines lost because too many were waiting, or because nothing can be written any more. */
  readonly dropped: number;
}

/** Most bytes that wait for a slow disk or pipe. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
/** Lines are collected to pieces of this length: a write call costs more than what it writes. */
const PIECE_BYTES = 256 * 1024;
const FLUSH_INTERVAL_MS = 250;
const CLOSE_TIMEOUT_MS = 2000;
/** Not for all to read: logs tell who did what. */
const FILE_MODE = 0o640;

/**
 * Opens a log destination: `stdout`, `stderr` or the path of a file, which is appended to. Throws when the file cannot
 * be opened. `onError` hears of later failures, once for each run of them. Lines go out when 256 KiB or 250 ms have come
 * together, and when the process exits in order.
 */
export function openLogDestination(path: string, onError: (error: Error) => void): LogDestination {
  const standard = path === 'stdout' ? 1 : path === 'stderr' ? 2 : undefined;
  // The stream opens its file later, when a failure could no longer stop the start.
  if (standard === undefined) closeSync(openSync(path, 'a', FILE_MODE));
  const stream = openByteStream(standard ?? path, { maxQueuedBytes: MAX_QUEUED_BYTES, mode: FILE_MODE });
  /** Lines are encoded as they come: a long text put together of many pieces has to be taken apart again. */
  let piece = Buffer.allocUnsafe(PIECE_BYTES);
  let filled = 0;
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;
  let failing = false;
  let closed = false;

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (filled === 0) return;
    const full = piece.subarray(0, filled);
    // The stream keeps what it is given until it is written.
    piece = Buffer.allocUnsafe(PIECE_BYTES);
    filled = 0;
    stream.write(full);
  };
  const onExit = () => {
    // A destination that fails would be tried for ever by a synchronous flush.
    if (failing) return stream.destroy();
    flush();
    try {
      stream.flushSync();
    } catch {
      // The file was not open yet; nothing more can be done while the process exits.
    }
  };
  const closeFor = (reason: 'end' | 'broken') => {
    closed = true;
    process.off('exit', onExit);
    if (reason === 'end') return flush();
    clearTimeout(timer);
    dropped += countLines(piece.toString('latin1', 0, filled));
    filled = 0;
  };
  // Before the stream's own listener, which writes out what it knows of.
  process.prependListener('exit', onExit);

  stream.on('drop', (bytes) => {
    dropped += countLines(Buffer.from(bytes).toString('latin1'));
  });
  stream.on('write', () => {
    failing = false;
  });
  stream.on('error', (error) => {
    // The reader of a pipe is gone: it never comes back.
    if (error.code === 'EPIPE' && !closed) closeFor('broken');
    if (!failing) onError(error);
    failing = true;
  });

  const write = (line: string) => {
    if (closed) {
      dropped++;
      return;
    }
    // UTF-8 needs at most three bytes for each UTF-16 unit.
    const most = line.length * 3;
    if (most > PIECE_BYTES - filled) flush();
    if (most > PIECE_BYTES) {
      stream.write(Buffer.from(line, 'utf8'));
      return;
    }
    filled += piece.write(line, filled, 'utf8');
    timer ??= setTimeout(flush, FLUSH_INTERVAL_MS);
  };

  return {
    write,
    writeLine(format, value) {
      if (closed) {
        dropped++;
        return;
      }
      let end = format.write(value, piece, filled);
      if (end === -1 && filled > 0) {
        flush();
        end = format.write(value, piece, 0);
      }
      if (end === -1) {
        write(format.line(value));
        return;
      }
      filled = end;
      timer ??= setTimeout(flush, FLUSH_INTERVAL_MS);
    },
    reopen() {
      if (closed || standard !== undefined) return;
      flush();
      stream.reopen();
    },
    close() {
      if (closed) return Promise.resolve();
      closeFor('end');
      return new Promise((resolve) => {
        const giveUp = () => {
          // Not left open: the stream's own flush at exit would try a failing destination for ever.
          stream.destroy();
          done();
        };
        const timer = setTimeout(giveUp, CLOSE_TIMEOUT_MS);
        const done = () => {
          clearTimeout(timer);
          resolve();
        };
        stream.on('close', done);
        stream.on('error', giveUp);
        stream.end();
      });
    },
    get dropped() {
      return dropped;
    },
  };
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
