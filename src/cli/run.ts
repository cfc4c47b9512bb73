import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { ENVIRONMENT_SOURCE } from '../config/environment.ts';
import { formatIssue } from '../config/issue.ts';
import type { LoadedConfig } from '../config/load.ts';
import { watchConfig } from '../config/watch.ts';
import { createGateway, type Gateway } from '../gateway/gateway.ts';
import { createLogger, type Logger, type LogLevel } from '../telemetry/logger.ts';
import { banner } from './banner.ts';
import { ExitError } from './exit-error.ts';
import { type ConfigArguments, loadFrom, loadOrExit } from './load.ts';
import { waitForSignal } from './signals.ts';
import { version } from './version.ts';

/** Flags of `aigw run`. */
export interface RunOptions extends ConfigArguments {
  address?: string;
  port?: string;
  adminPort?: string;
  watch: boolean;
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

/** Puts the flags over the configuration, at the first load and at every later one. */
function override(loaded: LoadedConfig, options: RunOptions): LoadedConfig {
  const config = { ...loaded.config };
  const [first, ...rest] = config.listeners;
  if (first !== undefined && (options.port !== undefined || options.address !== undefined)) {
    const port = options.port === undefined ? first.port : portOption('--port', options.port);
    config.listeners = [{ ...first, port, address: options.address ?? first.address }, ...rest];
  }
  if (options.adminPort !== undefined && config.admin !== false) {
    config.admin = { ...config.admin, port: portOption('--admin-port', options.adminPort) };
  }
  return { ...loaded, config };
}

/** Loads anew whenever asked; a wrong configuration is reported and the last good one stays. */
function createReloader(context: { gateway: Gateway; logger: Logger; path: string | undefined; options: RunOptions }) {
  const { gateway, logger, path, options } = context;
  const sources = [path ?? ENVIRONMENT_SOURCE];
  return async (reason: string): Promise<void> => {
    try {
      const loaded = override(loadFrom(path, options), options);
      if (loaded.hash === gateway.status.applied?.hash) {
        logger.info('configuration unchanged', { reason });
        return;
      }
      await gateway.apply(loaded, sources);
      for (const warning of loaded.warnings) logger.warn(formatIssue(warning));
      logger.info('configuration applied', { reason, revision: gateway.status.applied?.revision });
    } catch (error) {
      const known = error instanceof Error ? error : new Error(String(error));
      if (gateway.status.rejected?.errors.join('\n') !== known.message) gateway.reject(known, sources);
      logger.error('configuration refused, the last good one stays in force', { reason, message: known.message });
    }
  };
}

/** `aigw run`: serves until a signal, then drains. */
export async function run(path: string | undefined, options: RunOptions): Promise<void> {
  const logger = createLogger({ level: options.debug === true ? 'debug' : (options.logLevel ?? 'info') });
  const loaded = override(loadOrExit(path, options), options);
  const gateway = createGateway({
    version: version(),
    logger,
    environment: { env: process.env, readFile: (file) => readFile(file, 'utf8'), homeDirectory: homedir() },
  });
  for (const warning of loaded.warnings) logger.warn(formatIssue(warning));
  try {
    await gateway.apply(loaded, [path ?? ENVIRONMENT_SOURCE]);
  } catch (error) {
    throw new ExitError(1, (error as Error).message);
  }
  process.stdout.write(banner(gateway, loaded));
  const reload = createReloader({ gateway, logger, path, options });
  process.on('SIGHUP', () => {
    gateway.reopenLogs();
    void reload('SIGHUP');
  });
  const watch =
    path === undefined || !options.watch
      ? undefined
      : watchConfig({
          paths: [resolve(path), ...loaded.referencedFiles],
          onChange: () => void reload('files changed'),
        });
  const signal = await waitForSignal();
  watch?.close();
  logger.info('stopping: requests in flight may finish', { signal });
  await gateway.drain();
}
