import { readdir, readFile } from 'node:fs/promises';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { ProcessMetricName } from './metric-families.ts';

/** Reads what the process uses. */
export interface ProcessMetrics {
  /** Values of now; event loop figures cover the time since the call before. What the system does not tell is left out. */
  read(): Promise<Partial<Record<ProcessMetricName, number>>>;
  /** Stops the event loop monitor. */
  close(): void;
}

/** Milliseconds between two samples of the event loop: costs 0.2 % of a CPU, and delays above it are all seen. */
const RESOLUTION_MS = 50;

/** Starts watching the event loop. Nothing else runs between reads, and a read makes no blocking file access. */
export function createProcessMetrics(): ProcessMetrics {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let utilization = performance.eventLoopUtilization();

  /** The monitor measures the time between two of its samples, which includes the pause it asked for. */
  const lagSeconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);

  return {
    async read() {
      const [openFds, maxFds] = await Promise.all([countOpenFds(), readMaxFds()]);
      const memory = process.memoryUsage();
      const cpu = process.cpuUsage();
      const now = performance.eventLoopUtilization();
      const { utilization: ratio } = performance.eventLoopUtilization(now, utilization);
      utilization = now;
      const values = {
        process_cpu_seconds_total: (cpu.user + cpu.system) / 1e6,
        process_start_time_seconds: performance.timeOrigin / 1000,
        process_resident_memory_bytes: memory.rss,
        ...(openFds === undefined ? {} : { process_open_fds: openFds }),
        ...(maxFds === undefined ? {} : { process_max_fds: maxFds }),
        nodejs_heap_size_used_bytes: memory.heapUsed,
        nodejs_heap_size_total_bytes: memory.heapTotal,
        nodejs_external_memory_bytes: memory.external,
        nodejs_eventloop_lag_p50_seconds: lagSeconds(delay.percentile(50)),
        nodejs_eventloop_lag_p99_seconds: lagSeconds(delay.percentile(99)),
        nodejs_eventloop_lag_max_seconds: lagSeconds(delay.max),
        nodejs_eventloop_utilization_ratio: ratio,
      };
      delay.reset();
      return values;
    },
    close() {
      delay.disable();
    },
  };
}

async function countOpenFds(): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    // One entry is the descriptor that reads the folder.
    return (await readdir('/proc/self/fd')).length - 1;
  } catch {
    // A container may hide /proc; the metric is then absent.
    return undefined;
  }
}

async function readMaxFds(): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    // As above.
    return undefined;
  }
}
