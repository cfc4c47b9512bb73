import type { StdioOptions } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { Child, Children } from './children.ts';
import { envoyConfig } from './envoy-config.ts';
import { type Governance, gatewayConfigFor } from './gateway-config.ts';

/** What is compared. */
export type CandidateName = 'envoy' | 'bare' | 'gateway';
/** All candidates, in the order in which a round runs them. */
export const CANDIDATES: readonly CandidateName[] = ['envoy', 'bare', 'gateway'];

/** Where the programs are and what they talk to. */
export interface CandidateEnvironment {
  children: Children;
  /** Temporary folder of this run. */
  folder: string;
  providerPort: number;
  /** Envoy's program. */
  envoy: string;
  /** Its workers; undefined: as many as it takes by itself, one for each processor. */
  envoyWorkers: number | undefined;
  /** The gateway's launcher: a JavaScript file that Node runs. */
  aigw: string;
}

/** How one start differs from the ordinary one. */
export interface StartOptions {
  /** Routes of the gateway beyond those the rows use. */
  extraRoutes?: number;
  /** What the gateway governs; the default is one key, counted in the process. `false`: nothing. */
  governance?: Governance | false;
  /** Watch the event loop of a Node candidate from inside; costs a little CPU. */
  watchLoop?: boolean;
  /** Write a CPU profile of the gateway into this folder. */
  profileFolder?: string;
}

/** A running candidate. */
export interface Candidate {
  name: CandidateName;
  pid: number;
  port: number;
  /** `performance.now()` when its process was asked for. */
  startedAt: number;
  /** Forgets the holds of the event loop so far. */
  startLoopWatch(): void;
  /** Milliseconds of the longest hold since; undefined when the loop is not watched. */
  stopLoopWatch(): Promise<number | undefined>;
  stop(): Promise<void>;
}

const LOOP_WATCH = new URL('./loop-watch.mjs', import.meta.url).pathname;
const BARE_PROXY = new URL('./bare-proxy.mjs', import.meta.url).pathname;

function nodeWatchArgs(watch: boolean): string[] {
  return watch ? ['--import', LOOP_WATCH] : [];
}

/** The loop watch answers through an IPC channel. */
function stdioFor(watch: boolean): StdioOptions {
  return ['ignore', 'pipe', 'pipe', ...(watch ? (['ipc'] as const) : [])];
}

async function envoyPort(child: Child, addressFile: string): Promise<number> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (child.process.exitCode !== null) break;
    try {
      const admin = (await readFile(addressFile, 'utf8')).trim();
      const response = await fetch(`http://${admin}/listeners?format=json`);
      const { listener_statuses: listeners } = (await response.json()) as {
        listener_statuses?: { local_address: { socket_address: { port_value: number } } }[];
      };
      const port = listeners?.[0]?.local_address.socket_address.port_value;
      if (port !== undefined && port > 0) return port;
    } catch {
      // It has not written its address yet, or does not listen yet.
    }
    await wait(20);
  }
  throw new Error(`Envoy did not start: ${child.errors().trim()}`);
}

function withoutWatch(child: Child): Pick<Candidate, 'startLoopWatch' | 'stopLoopWatch' | 'stop' | 'pid'> {
  return { pid: child.pid, startLoopWatch: () => undefined, stopLoopWatch: async () => undefined, stop: child.stop };
}

function withWatch(child: Child): Pick<Candidate, 'startLoopWatch' | 'stopLoopWatch' | 'stop' | 'pid'> {
  return {
    pid: child.pid,
    startLoopWatch: () => child.process.send('loop-start'),
    stopLoopWatch: () =>
      new Promise((resolve) => {
        child.process.once('message', (message: { longestHoldMs: number }) => resolve(message.longestHoldMs));
        child.process.send('loop-stop');
      }),
    stop: child.stop,
  };
}

async function startEnvoy(environment: CandidateEnvironment): Promise<Candidate> {
  const folder = mkdtempSync(join(environment.folder, 'envoy-'));
  const config = join(folder, 'envoy.json');
  const addressFile = join(folder, 'admin');
  writeFileSync(config, JSON.stringify(envoyConfig(environment.providerPort)));
  const startedAt = performance.now();
  const { envoyWorkers } = environment;
  const workers = envoyWorkers === undefined ? [] : ['--concurrency', String(envoyWorkers)];
  const args = ['-c', config, ...workers, '-l', 'error', '--disable-hot-restart', '--admin-address-path', addressFile];
  const child = environment.children.start(environment.envoy, args);
  const port = await envoyPort(child, addressFile);
  return { name: 'envoy', port, startedAt, ...withoutWatch(child) };
}

async function startBare(environment: CandidateEnvironment, options: StartOptions): Promise<Candidate> {
  const startedAt = performance.now();
  const watch = options.watchLoop === true;
  const child = environment.children.start(
    process.execPath,
    [...nodeWatchArgs(watch), BARE_PROXY, `http://127.0.0.1:${environment.providerPort}`],
    { stdio: stdioFor(watch) },
  );
  const match = await child.printed(/listening on (\d+)/);
  return { name: 'bare', port: Number(match[1]), startedAt, ...(watch ? withWatch(child) : withoutWatch(child)) };
}

async function startGateway(environment: CandidateEnvironment, options: StartOptions): Promise<Candidate> {
  const folder = mkdtempSync(join(environment.folder, 'gateway-'));
  const file = join(folder, 'aigw.yaml');
  const config = gatewayConfigFor({
    providerPort: environment.providerPort,
    logFile: join(folder, 'access.log'),
    ledgerFile: join(folder, 'ledger.db'),
    extraRoutes: options.extraRoutes ?? 0,
    governance: options.governance === false ? undefined : (options.governance ?? { keys: 1 }),
  });
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const watch = options.watchLoop === true;
  const nodeArgs = [
    ...nodeWatchArgs(watch),
    ...(options.profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profileFolder}`]),
  ];
  const startedAt = performance.now();
  const child = environment.children.start(process.execPath, [...nodeArgs, environment.aigw, 'run', file], {
    stdio: stdioFor(watch),
  });
  const match = await child.printed(/listening on http:\/\/[^\s:]+:(\d+)/);
  return { name: 'gateway', port: Number(match[1]), startedAt, ...(watch ? withWatch(child) : withoutWatch(child)) };
}

/** Starts one candidate on free ports; resolves when it listens. */
export function startCandidate(
  environment: CandidateEnvironment,
  name: CandidateName,
  options: StartOptions = {},
): Promise<Candidate> {
  switch (name) {
    case 'envoy':
      return startEnvoy(environment);
    case 'bare':
      return startBare(environment, options);
    case 'gateway':
      return startGateway(environment, options);
  }
}
