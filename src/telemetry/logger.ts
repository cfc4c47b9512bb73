import { type DestinationStream, pino, type SerializedError } from 'pino';
import { jsonString } from './json-text.ts';

/** How much the process log says; each level includes those after it. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** The process log, as the rest of the program sees it. `fields` must not hold secrets in clear. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Named values beside a message. An Error under `error` is printed with its stack and cause. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What `createLogger` takes. */
export interface LoggerOptions {
  /** The default is `info`. */
  level?: LogLevel;
  /** `auto`, the default, writes text for people when standard error is a terminal and JSON lines otherwise. */
  format?: 'auto' | 'text' | 'json';
  /** Where lines go, line break included; the default is standard error, at once. */
  write?: (line: string) => void;
}

/** Creates the process log. Lines are written before the call returns, so that a crash loses none. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', format = 'auto', write } = options;
  if (format === 'text' || (format === 'auto' && process.stderr.isTTY === true)) {
    return createTextLogger(level, write ?? ((line) => process.stderr.write(line)));
  }
  const stream: DestinationStream = write === undefined ? pino.destination({ dest: 2, sync: true }) : { write };
  const log = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      errorKey: 'error',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: serializeError },
    },
    stream,
  );
  return {
    debug: (message, fields = {}) => log.debug(fields, message),
    info: (message, fields = {}) => log.info(fields, message),
    warn: (message, fields = {}) => log.warn(fields, message),
    error: (message, fields = {}) => log.error(fields, message),
  };
}

/** As pino does, but for the underscore that bundling puts before the name of a class that names itself. */
function serializeError(error: Error): SerializedError {
  const told = pino.stdSerializers.errWithCause(error);
  if (told.type === `_${error.name}`) told.type = error.name;
  return told;
}

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** `time LEVEL message name=value ...` on one line. */
function createTextLogger(level: LogLevel, write: (line: string) => void): Logger {
  const lowest = LEVELS.indexOf(level);
  const at = (name: Exclude<LogLevel, 'silent'>) => {
    if (LEVELS.indexOf(name) < lowest) return () => {};
    const label = name.toUpperCase().padEnd(5);
    return (message: string, fields: LogFields = {}) => {
      let line = `${new Date().toISOString()} ${label} ${oneLine(message)}`;
      for (const [key, value] of Object.entries(fields)) {
        if (value !== undefined) line += ` ${oneLine(key)}=${fieldText(value)}`;
      }
      write(`${line}\n`);
    };
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function fieldText(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? oneLine(value) : jsonString(value);
  if (value instanceof Error) return jsonString(describeError(value));
  try {
    return oneLine(JSON.stringify(value) ?? String(value));
  } catch {
    // Cyclic values and big integers have no JSON: their kind is all that can be said on one line.
    return oneLine(String(value));
  }
}

function describeError(error: Error): string {
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own}; caused by ${describeError(error.cause)}` : own;
}

/** Text without characters that end a line or command a terminal: they show as JSON escapes. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, (run) => jsonString(run).slice(1, -1));
}

/** A file descriptor that takes bytes in the background. `write` queues and never waits. */
export interface ByteStream {
  write(bytes: Uint8Array): void;
  /** Writes what is queued before it returns. Must not be called after a failed write: it would try for ever. */
  flushSync(): void;
  /** Opens the file anew. */
  reopen(): void;
  /** Writes what is queued, then closes and says `close`. */
  end(): void;
  /** Closes at once; what is queued is lost. */
  destroy(): void;
  on(event: 'write' | 'close', listener: () => void): void;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): void;
  /** Bytes that were refused because too many were queued. */
  on(event: 'drop', listener: (bytes: Uint8Array) => void): void;
}

/** Opens a descriptor, or a file for appending, for background writing. At most `maxQueuedBytes` wait. */
export function openByteStream(
  destination: string | number,
  { maxQueuedBytes, mode }: { maxQueuedBytes: number; mode: number },
): ByteStream {
  const stream = pino.destination({
    dest: destination,
    sync: false,
    minLength: 0,
    maxLength: maxQueuedBytes,
    maxWrite: MAX_WRITE_BYTES,
    contentMode: 'buffer',
    mode,
  });
  // The type of `write` knows the text mode only; the mode above takes bytes.
  return stream as unknown as ByteStream;
}

/** Most bytes of one write call. */
const MAX_WRITE_BYTES = 256 * 1024;
