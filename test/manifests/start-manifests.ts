import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import type { Scope } from '../support/wait.ts';

/** Manifests that run. */
export interface RunningManifests {
  /** `http://127.0.0.1:port` of the Gateway's listener. */
  readonly url: string;
  readonly port: number;
  readonly loaded: LoadedConfig;
}

/** What the manifests find on the machine. */
export interface ManifestWorld {
  env: Record<string, string>;
  /** Files by path; the home directory is `/home/test`. */
  files?: Record<string, string>;
}

/** Loads a file of `testdata/` as `aigw run` does and serves it, on a free port of this machine in place of the Gateway's. */
export async function startManifests(scope: Scope, name: string, world: ManifestWorld): Promise<RunningManifests> {
  const readText = (path: string): string => {
    const text = world.files?.[path];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  };
  const file = fileURLToPath(new URL(`./testdata/${name}`, import.meta.url));
  const loaded = loadConfig([{ file, text: readFileSync(file, 'utf8') }], {
    env: world.env,
    readText,
    homeDirectory: '/home/test',
    exposedListeners: 'allow',
    adjust: (config) => ({
      ...config,
      listeners: config.listeners.map((listener) => ({ ...listener, address: '127.0.0.1', port: 0 })),
      admin: false,
    }),
  });
  const gateway = createGateway({
    version: '0.0.0-test',
    logger: createLogger({ level: 'error', write: () => {} }),
    environment: {
      env: world.env,
      readFile: async (path) => readText(path),
      homeDirectory: '/home/test',
    },
  });
  scope.after(() => gateway.drain());
  await gateway.apply(loaded, [file]);
  const port = gateway.listeners[0]?.port ?? 0;
  return { url: `http://127.0.0.1:${port}`, port, loaded };
}
