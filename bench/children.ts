import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { processTree } from './measure.ts';

/** A started process. */
export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** Everything it wrote to stderr, shortened to the end. */
  readonly errors: () => string;
  /** Resolves to the first match in what it writes to stdout; rejects when it ends before, or after 20 s. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Asks it to end, waits up to 5 s, then kills it and what it started, each by its id. */
  stop(): Promise<void>;
}

/** Starts processes and makes sure that they end. */
export interface Children {
  start(command: string, args: readonly string[], options?: SpawnOptions): Child;
  /** Starts a TypeScript file of this folder with an IPC channel. */
  startScript(file: string): Child;
  /** Stops what runs; nothing can be started any more. */
  stopAll(): Promise<void>;
}

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5_000;
const KEPT_ERRORS = 4_000;
const KEPT_OUTPUT = 100_000;

function signalTree(pid: number, signal: NodeJS.Signals): void {
  for (const id of processTree(pid)) {
    try {
      process.kill(id, signal);
    } catch {
      // It has ended by itself since the list was made.
    }
  }
}

async function stopChild(child: ChildProcess, pid: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const started = processTree(pid);
  signalTree(pid, 'SIGTERM');
  const limit = setTimeout(() => {
    for (const id of started) signalTree(id, 'SIGKILL');
  }, STOP_LIMIT_MS);
  await exited;
  clearTimeout(limit);
}

/** Waits for a line of a process. */
function waitForOutput(child: ChildProcess, output: () => string, pattern: RegExp): Promise<RegExpMatchArray> {
  return new Promise((resolve, reject) => {
    const name = child.spawnargs.slice(0, 3).join(' ');
    const finish = (settle: () => void) => {
      clearTimeout(limit);
      child.stdout?.off('data', look);
      child.off('exit', ended);
      settle();
    };
    const look = () => {
      const match = output().match(pattern);
      if (match !== null) finish(() => resolve(match));
    };
    const ended = () => finish(() => reject(new Error(`${name} ended before it was ready`)));
    const limit = setTimeout(
      () => finish(() => reject(new Error(`${name} was not ready within ${START_LIMIT_MS / 1000} s`))),
      START_LIMIT_MS,
    );
    child.stdout?.on('data', look);
    child.on('exit', ended);
    child.on('error', (error) => finish(() => reject(error)));
    look();
  });
}

/** Makes an empty set of children. */
export function createChildren(): Children {
  const running = new Set<Child>();
  let closed = false;

  function start(command: string, args: readonly string[], options: SpawnOptions = {}): Child {
    // A row that is interrupted goes on to its next candidate.
    if (closed) throw new Error('the run has ended');
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    let errors = '';
    // A command that is not there has no id; its error reaches whoever waits for its output.
    child.on('error', (error) => {
      errors += error.message;
    });
    child.stdout?.on('data', (data: Buffer) => {
      if (output.length < KEPT_OUTPUT) output += data.toString('utf8');
    });
    child.stderr?.on('data', (data: Buffer) => {
      errors = (errors + data.toString('utf8')).slice(-KEPT_ERRORS);
    });
    const pid = child.pid ?? 0;
    const handle: Child = {
      pid,
      process: child,
      errors: () => errors,
      printed: async (pattern) => {
        try {
          return await waitForOutput(child, () => output, pattern);
        } catch (error) {
          throw new Error(`${(error as Error).message}${errors === '' ? '' : `: ${errors.trim()}`}`);
        }
      },
      stop: async () => {
        running.delete(handle);
        if (pid > 0) await stopChild(child, pid);
      },
    };
    running.add(handle);
    child.on('exit', () => running.delete(handle));
    return handle;
  }

  return {
    start,
    startScript(file) {
      const path = new URL(file, import.meta.url).pathname;
      return start(process.execPath, ['--import', 'tsx', path], {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
    },
    async stopAll() {
      closed = true;
      await Promise.all([...running].map((child) => child.stop()));
    },
  };
}
