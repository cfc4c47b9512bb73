import type { GatewayConfig } from '../config/model.ts';
import { type AccessLog, createAccessLog } from '../telemetry/access-log.ts';
import type { ExchangeRecord } from '../telemetry/exchange-record.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Where finished exchanges are written, as the configuration in force says. */
export interface Recorder {
  log(record: ExchangeRecord): void;
  /**
   * Opens what `access_log` names, without writing to it yet. Throws when a file cannot be opened. The function it returns puts
   * it in force and tells what in it has no meaning; `discard` closes it unused.
   */
  prepare(config: GatewayConfig['access_log']): PreparedLog;
  reopen(): void;
  readonly dropped: number;
  close(): Promise<void>;
}

/** An access log that is open but not in force. */
export interface PreparedLog {
  commit(): readonly string[];
  discard(): void;
}

/** Makes the recorder; it writes nothing before it is configured. */
export function createRecorder(logger: Logger): Recorder {
  let log: AccessLog | undefined;
  let identity = '';
  let droppedBefore = 0;

  function close(old: AccessLog | undefined): void {
    old?.close().catch((error: unknown) => logger.error('the access log did not close', { error }));
  }

  function retire(old: AccessLog | undefined): void {
    droppedBefore += old?.dropped ?? 0;
    close(old);
  }

  return {
    log: (record) => log?.log(record),
    prepare(config) {
      const wanted = JSON.stringify(config);
      if (wanted === identity) return { commit: () => log?.warnings ?? [], discard() {} };
      const settings = config === true ? { path: 'stdout' } : config;
      const next =
        settings === false
          ? undefined
          : createAccessLog({
              ...settings,
              onError: (error) => logger.error('the access log cannot be written', { error }),
            });
      return {
        commit() {
          retire(log);
          log = next;
          identity = wanted;
          return next?.warnings ?? [];
        },
        discard: () => close(next),
      };
    },
    reopen: () => log?.reopen(),
    get dropped() {
      return droppedBefore + (log?.dropped ?? 0);
    },
    async close() {
      await log?.close();
    },
  };
}
