import { compileAccessLogFormat } from './access-log-format.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { openLogDestination } from './log-destination.ts';

/** What `createAccessLog` takes: `access_log` of the configuration, and who hears of failures. */
export interface AccessLogOptions {
  /** `stdout`, `stderr` or a file, which is appended to. */
  path: string;
  /** Field names and Envoy format strings; the default is DEFAULT_ACCESS_LOG_FIELDS. */
  fields?: Readonly<Record<string, string>> | undefined;
  /** Hears of write failures, once for each run of them. */
  onError(error: Error): void;
}

/** One JSON line for each finished exchange. */
export interface AccessLog {
  /** Never waits and never throws. */
  log(record: ExchangeRecord): void;
  /** Opens the file anew, after a log rotation. */
  reopen(): void;
  /** Writes out what is queued. Lines logged after it are counted as dropped. */
  close(): Promise<void>;
  /** Lines lost so far, for `aigw_access_log_dropped_total`. */
  readonly dropped: number;
  /** What in `fields` has no meaning. */
  readonly warnings: readonly string[];
}

/** Opens an access log. Throws when the file cannot be opened. */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const format = compileAccessLogFormat(options.fields);
  const destination = openLogDestination(options.path, options.onError);
  return {
    log: (record) => destination.writeLine(format, record),
    reopen: destination.reopen,
    close: destination.close,
    get dropped() {
      return destination.dropped;
    },
    warnings: format.warnings,
  };
}
