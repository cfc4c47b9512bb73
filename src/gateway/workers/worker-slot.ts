import cluster, { type Worker } from 'node:cluster';
import type { CounterStore } from '../../stores/counters/counter-store.ts';
import { type CounterServer, serveCounters } from '../../stores/counters/serve-counters.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { relayLines } from './line-relay.ts';
import {
  isWorkerMessage,
  type TaskMessage,
  type TaskResults,
  WORKER_SETUP_VARIABLE,
  type WorkerMessage,
  type WorkerSetup,
  type WorkerTask,
} from './worker-messages.ts';

/** A worker ended before it answered. */
export class WorkerGoneError extends Error {
  constructor(index: number) {
    super(`worker ${index} ended`);
    this.name = 'WorkerGoneError';
  }
}

/** Where what workers print goes, whole lines at a time. */
export interface WorkerOutput {
  stdout(lines: Uint8Array): void;
  stderr(lines: Uint8Array): void;
}

/** What `WorkerSlot` takes. */
export interface WorkerSlotOptions {
  readonly setup: WorkerSetup;
  readonly logger: Logger;
  /** What workers reserve and settle at. */
  readonly counters: CounterStore;
  readonly output: WorkerOutput;
  /** A worker takes tasks now. */
  onUp(slot: WorkerSlot): void;
  /** A worker ended. */
  onGone(slot: WorkerSlot): void;
  onBudget(message: Extract<WorkerMessage, { aigw: 'budget' }>): void;
}

/** Restarts come sooner than this only after a worker that lived for LONG_LIFE_MS. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
const LONG_LIFE_MS = 10_000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** One place for a worker: the process in it, and the one that follows when that ends. */
export class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #up = false;
  #nextId = 0;
  #startedMs = 0;
  #shortLives = 0;
  #timer: NodeJS.Timeout | undefined;
  #ending = false;
  #restarts = 0;
  #onGone: (() => void)[] = [];

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
  }

  /** From 1. */
  get index(): number {
    return this.#options.setup.index;
  }

  /** Whether a worker is there that takes tasks. */
  get isUp(): boolean {
    return this.#up;
  }

  /** Whether a process is there, up or not. */
  get isAlive(): boolean {
    return this.#worker !== undefined;
  }

  /** How often a worker of this place was replaced. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Starts the worker. */
  start(): void {
    this.#startedMs = performance.now();
    const worker = cluster.fork({ [WORKER_SETUP_VARIABLE]: JSON.stringify(this.#options.setup) });
    this.#worker = worker;
    const { output, counters } = this.#options;
    if (worker.process.stdout !== null) relayLines(worker.process.stdout, output.stdout);
    if (worker.process.stderr !== null) relayLines(worker.process.stderr, output.stderr);
    const served = serveCounters(counters, {
      send: (message) => sendTo(worker, message),
      onMessage: (listener) => void worker.on('message', listener),
    });
    worker.on('message', (message: unknown) => {
      if (isWorkerMessage(message)) this.#take(message);
    });
    worker.on('error', (error) => this.#options.logger.error('a worker failed', { error, worker: this.index }));
    whenGone(worker, (how) => this.#gone(served, how));
  }

  /** Asks the worker; rejects with its error, or with a WorkerGoneError. */
  ask<Task extends WorkerTask>(task: Task): Promise<TaskResults[Task['task']]> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new WorkerGoneError(this.index));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as TaskResults[Task['task']]), reject });
      const message: TaskMessage = { aigw: 'task', id, task };
      sendTo(worker, message);
    });
  }

  /** Ends the worker at once; another one follows, unless `end` was called. */
  kill(): void {
    this.#worker?.process.kill('SIGKILL');
  }

  /** Resolves when the worker there is has ended. */
  gone(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#worker === undefined) resolve();
      else this.#onGone.push(resolve);
    });
  }

  /** From here on no worker follows the one there is. */
  end(): void {
    this.#ending = true;
    clearTimeout(this.#timer);
  }

  #take(message: WorkerMessage): void {
    switch (message.aigw) {
      case 'up':
        this.#up = true;
        this.#options.logger.info('a worker is up', { worker: this.index, pid: this.#worker?.process.pid });
        this.#options.onUp(this);
        return;
      case 'budget':
        this.#options.onBudget(message);
        return;
      case 'done':
        this.#answered(message.id)?.resolve(message.result);
        return;
      case 'failed':
        this.#answered(message.id)?.reject(new Error(message.message));
        return;
      default:
        message satisfies never;
    }
  }

  #answered(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #gone(served: CounterServer, how: string): void {
    const { logger, onGone } = this.#options;
    const held = served.held;
    served.dispose(Date.now());
    this.#worker = undefined;
    this.#up = false;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    if (!this.#ending) {
      const pauseMs = this.#pause();
      logger.error('a worker ended and is replaced', {
        worker: this.index,
        how,
        in_ms: pauseMs,
        reservations_given_back: held,
      });
      this.#restarts++;
      this.#timer = setTimeout(() => this.start(), pauseMs);
    }
    onGone(this);
    for (const { reject } of waiting) reject(new WorkerGoneError(this.index));
    for (const tell of this.#onGone.splice(0)) tell();
  }

  /** How long to wait before the next worker: longer each time that one ends soon after its start. */
  #pause(): number {
    this.#shortLives = performance.now() - this.#startedMs >= LONG_LIFE_MS ? 0 : this.#shortLives + 1;
    if (this.#shortLives === 0) return 0;
    return Math.min(FIRST_PAUSE_MS * 2 ** (this.#shortLives - 1), LONGEST_PAUSE_MS);
  }
}

/** A message to a worker that has just ended is lost; that it has ended is heard by other ways. */
function sendTo(worker: Worker, message: unknown): void {
  if (worker.isConnected()) worker.process.send?.(message as object, undefined, undefined, () => undefined);
}

/** Calls back once when the process has ended and everything that it said has been read. */
function whenGone(worker: Worker, gone: (how: string) => void): void {
  let how: string | undefined;
  let isRead = false;
  const look = () => {
    if (how !== undefined && isRead) gone(how);
  };
  worker.once('exit', (code: number | null, signal: string | null) => {
    how = signal ?? `exit status ${code}`;
    look();
  });
  worker.on('error', (error) => {
    // A process that could not be started neither exits nor disconnects.
    if (worker.process.pid !== undefined || how !== undefined) return;
    how = error.message;
    isRead = true;
    look();
  });
  worker.once('disconnect', () => {
    isRead = true;
    look();
  });
}
