import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { type Scope, waitFor, within } from './wait.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const entry = fileURLToPath(new URL('./run-aigw.ts', import.meta.url));

/** A gateway in a process of its own. */
export interface AigwProcess {
  readonly pid: number;
  readonly port: number;
  readonly adminPort: number;
  stdout(): string;
  stderr(): string;
  signal(name: NodeJS.Signals): void;
  /** How it ended. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Whether it has ended. */
  readonly over: boolean;
  /** Reads the admin listener. */
  admin(path: string): Promise<{ status: number; body: string }>;
  /** A value of `/metrics` without labels. */
  metric(name: string): Promise<number>;
}

function read(port: number, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    }).on('error', reject);
  });
}

/**
 * Starts `aigw run` with a configuration file or directory, on free ports unless `args` say otherwise, and resolves when it
 * serves. Rejects with what it printed when it ends before. `onFirstOutput` is called as soon as it prints anything.
 */
export async function startAigw(
  scope: Scope,
  path: string,
  options: { args?: readonly string[]; onFirstOutput?: () => void } = {},
): Promise<AigwProcess> {
  const args = options.args ?? ['--port', '0', '--admin-port', '0'];
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', entry, 'run', path, '--log-level', 'info', ...args],
    // No variables of this environment: provider keys among them would become clusters.
    { cwd: root, env: { PATH: process.env['PATH'] ?? '' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let stdout = '';
  let stderr = '';
  let over = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout === '') options.onFirstOutput?.();
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      over = true;
      resolve({ code, signal });
    });
  });
  scope.after(async () => {
    if (!over) child.kill('SIGKILL');
    await exited;
  });
  await waitFor('the gateway to serve', () => over || /^admin on |^providers: /m.test(stdout), 30_000);
  if (over) throw new Error(`aigw ended before it served:\n${stdout}${stderr}`);
  const adminPort = Number(/^admin on http:\/\/[^:]+:(\d+)/m.exec(stdout)?.[1] ?? 0);
  return {
    pid: child.pid ?? 0,
    port: Number(/listening on http:\/\/[^:]+:(\d+)/.exec(stdout)?.[1] ?? 0),
    adminPort,
    stdout: () => stdout,
    stderr: () => stderr,
    signal: (name) => void child.kill(name),
    exited,
    get over() {
      return over;
    },
    admin: (adminPath) => within(`the admin listener's ${adminPath}`, read(adminPort, adminPath)),
    async metric(name) {
      const { body } = await read(adminPort, '/metrics');
      const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1];
      if (value === undefined) throw new Error(`/metrics has no ${name}`);
      return Number(value);
    },
  };
}
