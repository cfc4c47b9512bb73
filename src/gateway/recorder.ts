import type { GatewayConfig } from '../config/model.ts';
import { type AccessLog, createAccessLog } from '../telemetry/access-log.ts';
import type { ExchangeRecord } from '../telemetry/exchange-record.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Where finished exchanges are written, as the configuration in force says. */
export interface Recorder {
  log(record: ExchangeRecord): void;
  /** Takes over `access_log`; returns what in it has no meaning. Throws when a file cannot be opened. */
  configure(config: GatewayConfig['access_log']): readonly string[];
  reopen(): void;
  readonly dropped: number;
  close(): Promise<void>;
}

/** Makes the recorder; it writes nothing before it is configured. */
export function createRecorder(logger: Logger): Recorder {
  let log: AccessLog | undefined;
  let identity = '';
  let droppedBefore = 0;

  function retire(): void {
    const old = log;
    if (old === undefined) return;
    droppedBefore += old.dropped;
    old.close().catch((error: unknown) => logger.error('the access log did not close', { error }));
  }

  return {
    log: (record) => log?.log(record),
    configure(config) {
      const wanted = JSON.stringify(config);
      if (wanted === identity) return log?.warnings ?? [];
      const settings = config === true ? { path: 'stdout' } : config;
      const next =
        settings === false
          ? undefined
          : createAccessLog({
              ...settings,
              onError: (error) => logger.error('the access log cannot be written', { error }),
            });
      retire();
      log = next;
      identity = wanted;
      return next?.warnings ?? [];
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
