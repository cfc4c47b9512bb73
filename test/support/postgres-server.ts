import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from './wait.ts';

const NEEDED_MAJOR = 15;

/** A real PostgreSQL server of its own: an empty cluster in a temporary folder on a free port of 127.0.0.1. */
export interface PostgresServer {
  readonly port: number;
  /** Process id of the server. */
  readonly pid: number;
  /** The address of a database of this server; makes it when it is new. Without a name: `postgres`. */
  database(name?: string): string;
  /** Ends the server and its sessions at once, keeping the data and the port. */
  stop(): Promise<void>;
  /** Starts it again after `stop`. */
  start(): Promise<void>;
  /** Ends it for good and removes its data. */
  close(): Promise<void>;
}

interface Owner {
  /** What runs before the command, to leave the root account. */
  prefix: readonly string[];
  ids: { uid: number; gid: number } | undefined;
}

/**
 * Why no PostgreSQL server can be started here, or false: for the `skip` option of a test. Under CI=true it is false
 * in any case, so that the missing server fails the test.
 */
export function postgresMissing(): string | false {
  if (process.env['CI'] === 'true') return false;
  return binaries() === undefined ? `PostgreSQL ${NEEDED_MAJOR} or newer is not installed` : false;
}

/** Starts a server. The test that starts it closes it in a hook; it also ends with the process. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = binaries();
  if (bin === undefined) throw new Error(`PostgreSQL ${NEEDED_MAJOR} or newer is not installed`);
  const owner = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), 'aigw-postgres-'));
  if (owner.ids !== undefined) chownSync(folder, owner.ids.uid, owner.ids.gid);
  const data = join(folder, 'data');
  const [initdb, ...initdbArgs] = [...owner.prefix, join(bin, 'initdb')];
  execFileSync(
    initdb as string,
    [
      ...initdbArgs,
      '-D',
      data,
      '-U',
      'aigw',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
      '--no-instructions',
    ],
    { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const port = await freePort();
  let child: ChildProcess | undefined;

  const start = async () => {
    const [command, ...args] = [...owner.prefix, join(bin, 'postgres')];
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'off',
      max_connections: '50',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    child = spawn(command as string, [...args, '-D', data, '-p', String(port), ...options], {
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await ready(child);
  };
  const stop = async () => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const exited = new Promise<void>((resolve) => running.once('exit', () => resolve()));
    // SIGQUIT: immediate shutdown, as after a crash (postgres(1)).
    running.kill('SIGQUIT');
    await within('PostgreSQL to end', exited);
  };
  const onExit = () => child?.kill('SIGQUIT');
  process.once('exit', onExit);
  await start();
  const made = new Set(['postgres']);
  return {
    port,
    get pid() {
      return child?.pid ?? 0;
    },
    database(name = 'postgres') {
      const url = (database: string) => `postgres://aigw@127.0.0.1:${port}/${database}`;
      if (!made.has(name)) {
        execFileSync(join(bin, 'createdb'), ['--maintenance-db', url('postgres'), name], { stdio: 'pipe' });
        made.add(name);
      }
      return url(name);
    },
    stop,
    start,
    async close() {
      await stop();
      process.off('exit', onExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The folder with the newest installed binaries, or undefined. */
function binaries(): string | undefined {
  const packaged = '/usr/lib/postgresql';
  const majors = (existing(packaged) ? readdirSync(packaged) : []).map(Number).filter((major) => major >= NEEDED_MAJOR);
  const folders = [
    ...majors.sort((a, b) => b - a).map((major) => join(packaged, String(major), 'bin')),
    '/usr/local/bin',
  ];
  return folders.find((folder) =>
    ['initdb', 'postgres', 'createdb'].every((name) => existing(join(folder, name), constants.X_OK)),
  );
}

function existing(path: string, mode: number = constants.R_OK): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** The server refuses to run as root: then it runs as `postgres` or `nobody`, in the same process id. */
function unprivileged(): Owner {
  if (process.getuid?.() !== 0) return { prefix: [], ids: undefined };
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      const ids = { uid: id('-u'), gid: id('-g') };
      return { prefix: ['setpriv', `--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups'], ids };
    } catch {
      // The next account may exist.
    }
  }
  throw new Error('PostgreSQL cannot run as root, and there is neither a user postgres nor nobody');
}

async function ready(child: ChildProcess): Promise<void> {
  let log = '';
  const listening = new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-10_000);
      if (log.includes('ready to accept connections')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`PostgreSQL ended with ${code} before it was ready:\n${log}`)));
  });
  await within('PostgreSQL to accept connections', listening, 30_000);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
