import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './wait.ts';

/** A Redis server of the test's own. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** `SIGSTOP` makes it silent with its connections open, `SIGCONT` lets it go on, `SIGKILL` kills it. */
  signal(name: NodeJS.Signals): void;
  /** Ends it and waits until it has. */
  stop(): Promise<void>;
}

const missing = spawnSync('redis-server', ['--version']).status !== 0;

/** For a test's `skip`: why it cannot run here, or false. Under `CI=true` nothing is skipped: the test fails instead. */
export const redisSkip: string | false =
  missing && process.env['CI'] !== 'true' ? 'no redis-server on the PATH (install the package redis-server)' : false;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Whether it serves, as soon as that is known. */
function ready(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('Ready to accept connections')) resolve(true);
    });
    child.once('error', reject);
    child.once('exit', () => resolve(false));
  });
}

/**
 * Starts a Redis server on a free port of 127.0.0.1 that keeps nothing on disk, and ends it with the scope. `port` takes
 * a given port (a server that comes back), `args` are passed on.
 */
export async function startRedisServer(
  scope: Scope,
  options: { port?: number; args?: readonly string[] } = {},
): Promise<RedisServer> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const port = options.port ?? (await freePort());
    const folder = mkdtempSync(join(tmpdir(), 'aigw-redis-'));
    const child = spawn(
      'redis-server',
      [
        ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
        ...['--daemonize', 'no', '--dir', folder, ...(options.args ?? [])],
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    const stop = async () => {
      process.removeListener('exit', kill);
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    };
    scope.after(stop);
    // Another process may have taken the port in the meantime: then Redis ends, and another port is tried.
    if (!(await ready(child))) continue;
    return {
      port,
      url: `redis://127.0.0.1:${port}`,
      pid: child.pid ?? 0,
      signal: (name) => child.kill(name),
      stop,
    };
  }
  throw new Error('redis-server does not start');
}
