import { readFile } from 'node:fs/promises';
import { availableParallelism, homedir } from 'node:os';
import { resolve } from 'node:path';
import { ENVIRONMENT_SOURCE } from '../config/environment.ts';
import { formatIssue } from '../config/issue.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { GatewayConfig } from '../config/model.ts';
import { type ConfigWatch, watchConfig } from '../config/watch.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../gateway/gateway.ts';
import { createLogger, type Logger, type LogLevel } from '../telemetry/logger.ts';
import { banner } from './banner.ts';
import { ExitError } from './exit-error.ts';
import { type ConfigArguments, loadFrom, loadOrExit, loadText } from './load.ts';
import { waitForSignal } from './signals.ts';
import { version } from './version.ts';

/** Flags of `aigw run`. */
export interface RunOptions extends ConfigArguments {
  address?: string;
  port?: string;
  adminPort?: string;
  watch: boolean;
  workers?: string;
  logLevel?: LogLevel;
  debug?: boolean;
}

function portOption(name: string, value: string): number {
  const port = Number(value);
  if (value.trim() === '' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ExitError(2, `${name} ${value} is not a port; give a number from 0 to 65535`);
  }
  return port;
}

const MAX_WORKERS = 256;

/** How many processes carry the requests; `auto`: as many as this process may use processors. */
function workersOption(value = '1'): number {
  if (value === 'auto') return Math.min(availableParallelism(), MAX_WORKERS);
  const count = Number(value);
  if (value.trim() === '' || !Number.isInteger(count) || count < 1 || count > MAX_WORKERS) {
    throw new ExitError(2, `--workers ${value} is not a number of workers; give 1 to ${MAX_WORKERS}, or auto`);
  }
  return count;
}

/** What makes a gateway one of several processes; nothing for a single one. */
async function withWorkers(
  count: number,
  { logger, logLevel }: { logger: Logger; logLevel: LogLevel },
): Promise<Pick<GatewayOptions, 'fleet' | 'counters' | 'warn'>> {
  if (count === 1) return {};
  const { startWorkers } = await import('../gateway/workers/start-workers.ts');
  return startWorkers({ count, logger, logLevel, version: version() });
}

/** Puts the flags over the configuration, at the first load and at every later one. */
function adjustWith(options: RunOptions): (config: GatewayConfig) => GatewayConfig {
  const port = options.port === undefined ? undefined : portOption('--port', options.port);
  const adminPort = options.adminPort === undefined ? undefined : portOption('--admin-port', options.adminPort);
  return (config) => {
    const [first, ...rest] = config.listeners;
    const adjusted = { ...config };
    if (first !== undefined) {
      adjusted.listeners = [{ ...first, port: port ?? first.port, address: options.address ?? first.address }, ...rest];
    }
    if (adminPort !== undefined && config.admin !== false) adjusted.admin = { ...config.admin, port: adminPort };
    return adjusted;
  };
}

/** What reloading needs. */
interface ReloadContext {
  gateway: Gateway;
  logger: Logger;
  path: string | undefined;
  rules: ConfigArguments;
  /** Hears of every configuration that was put in force. */
  onApplied(loaded: LoadedConfig): void;
}

/** Loads anew whenever asked; a wrong configuration is reported and the last good one stays. */
function createReloader({ gateway, logger, path, rules, onApplied }: ReloadContext): (reason: string) => Promise<void> {
  const sources = [path ?? ENVIRONMENT_SOURCE];
  return async (reason) => {
    try {
      const loaded = loadFrom(path, rules);
      if (loaded.hash === gateway.status.applied?.hash) {
        // Asked for by a person, it deserves an answer; a look at start does not.
        if (reason === 'SIGHUP') logger.info('configuration unchanged', { reason });
        else logger.debug('configuration unchanged', { reason });
        return;
      }
      await gateway.apply(loaded, sources);
      onApplied(loaded);
      for (const warning of loaded.warnings) logger.warn(formatIssue(warning));
      logger.info('configuration applied', { reason, revision: gateway.status.applied?.revision });
    } catch (error) {
      const known = error instanceof Error ? error : new Error(String(error));
      if (gateway.status.rejected?.errors.join('\n') !== known.message) gateway.reject(known, sources);
      logger.error('configuration refused, the last good one stays in force', { reason, message: known.message });
    }
  };
}

/** Watches the configuration and every file that it refers to, also those that a reload added. */
function createWatcher(path: string, onChange: () => void): { follow(loaded: LoadedConfig): void; close(): void } {
  let watch: ConfigWatch | undefined;
  let watched = '';
  return {
    follow(loaded) {
      const paths = [resolve(path), ...loaded.referencedFiles];
      if (paths.join('\n') === watched) return;
      watched = paths.join('\n');
      watch?.close();
      watch = watchConfig({ paths, onChange });
      // What has changed between loading and the watch's first look would never be noticed.
      void watch.ready.then(onChange);
    },
    close: () => watch?.close(),
  };
}

/** `aigw run`: serves until a signal, then drains. */
export async function run(path: string | undefined, options: RunOptions): Promise<void> {
  const logLevel = options.debug === true ? 'debug' : (options.logLevel ?? 'info');
  const logger = createLogger({ level: logLevel });
  const workers = workersOption(options.workers);
  const rules: ConfigArguments = { insecure: options.insecure === true, adjust: adjustWith(options) };
  const loaded = loadOrExit(path, rules);
  const gateway = createGateway({
    version: version(),
    logger,
    environment: { env: process.env, readFile: (file) => readFile(file, 'utf8'), homeDirectory: homedir() },
    load: (text) => loadText(text, rules),
    ...(await withWorkers(workers, { logger, logLevel })),
  });
  for (const warning of loaded.warnings) logger.warn(formatIssue(warning));
  try {
    await gateway.apply(loaded, [path ?? ENVIRONMENT_SOURCE]);
  } catch (error) {
    await gateway.drain();
    throw new ExitError(1, (error as Error).message);
  }
  const watcher =
    path !== undefined && options.watch ? createWatcher(path, () => void reload('files changed')) : undefined;
  const reload = createReloader({ gateway, logger, path, rules, onApplied: (applied) => watcher?.follow(applied) });
  // Whoever sees the banner may already signal what it tells of.
  const stopped = waitForSignal();
  process.on('SIGHUP', () => {
    gateway.reopenLogs();
    void reload('SIGHUP');
  });
  process.stdout.write(banner(gateway, loaded));
  watcher?.follow(loaded);
  const signal = await stopped;
  watcher?.close();
  logger.info('stopping: requests in flight may finish', { signal });
  await gateway.drain();
}
