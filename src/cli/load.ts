import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { loadFiles } from '../config/files.ts';
import { ConfigError } from '../config/issue.ts';
import { type LoadedConfig, loadConfig, loadEnvironment } from '../config/load.ts';
import type { GatewayConfig } from '../config/model.ts';
import { ExitError } from './exit-error.ts';

/** What the command line says about the configuration. */
export interface ConfigArguments {
  insecure?: boolean;
  /** Changes the configuration before it is checked, as flags do. */
  adjust?: (config: GatewayConfig) => GatewayConfig;
}

/** Loads the configuration of a file or directory, or of the environment when there is no path. Throws ConfigError. */
export function loadFrom(path: string | undefined, options: ConfigArguments): LoadedConfig {
  const rules = {
    insecure: options.insecure === true,
    ...(options.adjust === undefined ? {} : { adjust: options.adjust }),
  };
  if (path === undefined) return loadEnvironment({ env: process.env, ...rules });
  return loadConfig(loadFiles(path), {
    env: process.env,
    readText: (file) => readFileSync(file, 'utf8'),
    homeDirectory: homedir(),
    // Manifests of the Gateway API listen on every interface: whoever runs one has asked for that.
    exposedListeners: 'allow',
    ...rules,
  });
}

/** Loads the text of a gateway file that came from elsewhere, under the same rules. Throws ConfigError. */
export function loadText(text: string, options: ConfigArguments): LoadedConfig {
  return loadConfig([{ file: 'sent.yaml', text }], {
    env: process.env,
    readText: (file) => readFileSync(file, 'utf8'),
    homeDirectory: homedir(),
    insecure: options.insecure === true,
    ...(options.adjust === undefined ? {} : { adjust: options.adjust }),
  });
}

/** The same for a command that ends when it fails: a wrong configuration is exit status 2. */
export function loadOrExit(path: string | undefined, options: ConfigArguments): LoadedConfig {
  try {
    return loadFrom(path, options);
  } catch (error) {
    if (error instanceof ConfigError) throw new ExitError(2, `the configuration is not valid\n${error.message}`);
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== undefined && path !== undefined)
      throw new ExitError(2, `${path} cannot be read: ${(error as Error).message}`);
    throw error;
  }
}
