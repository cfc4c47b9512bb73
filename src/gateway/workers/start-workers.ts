import { MemoryCounters } from '../../stores/counters/memory-counters.ts';
import type { Logger, LogLevel } from '../../telemetry/logger.ts';
import type { GatewayOptions } from '../gateway.ts';
import { createWorkerFleet } from './worker-fleet.ts';
import { createWorkerOutput } from './worker-output.ts';

/** What `startWorkers` takes. */
export interface StartWorkersOptions {
  /** At least 1. */
  readonly count: number;
  readonly logger: Logger;
  readonly logLevel: LogLevel;
  readonly version: string;
}

/**
 * Starts worker processes and gives what makes this process's gateway their primary. Draining that gateway ends them. To be called
 * once in a process.
 */
export function startWorkers(
  options: StartWorkersOptions,
): Required<Pick<GatewayOptions, 'fleet' | 'counters' | 'warn'>> {
  const { count, logger, logLevel, version } = options;
  const counters = new MemoryCounters();
  const logFormat = process.stderr.isTTY ? 'text' : 'json';
  return {
    counters,
    fleet: createWorkerFleet({
      count,
      setup: { version, logLevel, logFormat },
      logger,
      counters,
      output: createWorkerOutput(),
    }),
    // The first worker tells.
    warn: () => undefined,
  };
}
