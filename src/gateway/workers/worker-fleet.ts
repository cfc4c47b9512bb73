import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { GatewayConfig } from '../../config/model.ts';
import type { CounterStore } from '../../stores/counters/counter-store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { BudgetNotices } from '../budget-notices.ts';
import type { Fleet } from '../fleet.ts';
import { packConfig } from './config-transfer.ts';
import { createFleetAdmin } from './fleet-admin.ts';
import { createFleetMetrics } from './fleet-metrics.ts';
import { createWorkerListeners } from './worker-listeners.ts';
import type { WorkerSetup } from './worker-messages.ts';
import type { PassedOutput } from './worker-output.ts';
import { shareOf } from './worker-share.ts';
import { WorkerGoneError, WorkerSlot } from './worker-slot.ts';

/** What `createWorkerFleet` takes. */
export interface WorkerFleetOptions {
  /** How many workers; at least 1. */
  readonly count: number;
  readonly setup: Omit<WorkerSetup, 'index'>;
  readonly logger: Logger;
  /** What the workers count at. */
  readonly counters: CounterStore;
  readonly output: PassedOutput;
}

/** A configuration as the workers have it. */
interface Deployment {
  readonly config: GatewayConfig;
  readonly hash: string;
  readonly sources: readonly string[];
}

/** A worker has the grace once for requests in flight and once for what the ledger has to take, and this for the rest. */
const END_GRACE_MS = 5000;

/** Starts workers, which then wait for a configuration. One fleet in a process. */
export function createWorkerFleet(options: WorkerFleetOptions): Fleet {
  const { logger, output } = options;
  const listeners = createWorkerListeners();
  /** Which deployment the worker of each place has in force. */
  const inForce = new WeakMap<WorkerSlot, Deployment>();
  let current: Deployment | undefined;
  let previous: Deployment | undefined;
  let tellBudget: BudgetNotices['reached'] = () => undefined;
  let ending = false;

  // Each worker takes connections from the kernel itself: the primary has no part in a request, and a worker that ends takes no
  // connection with it that it has not accepted.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: fileURLToPath(new URL(`./worker-entry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)),
    args: [],
    // Half the cost of structured clones for messages as small as the counters'.
    serialization: 'json',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });

  /** Workers that have been up once, or have failed once. */
  const tried = new Set<WorkerSlot>();
  let allTried = () => {};
  const firstTry = new Promise<void>((resolve) => {
    allTried = resolve;
  });
  const hasTried = (slot: WorkerSlot) => {
    tried.add(slot);
    if (tried.size === options.count) allTried();
  };

  const slots = Array.from(
    { length: options.count },
    (_, index) =>
      new WorkerSlot({
        setup: { ...options.setup, index: index + 1 },
        logger,
        counters: options.counters,
        output,
        onUp(slot) {
          hasTried(slot);
          if (current !== undefined) void bringUp(slot);
        },
        onGone(slot) {
          hasTried(slot);
          inForce.delete(slot);
          metrics.gone(slot);
        },
        onBudget: ({ limit, standing }) => tellBudget(limit, standing),
      }),
  );
  const metrics = createFleetMetrics(slots);
  const admin = createFleetAdmin({
    slots,
    metrics,
    isServing: () => slots.some((slot) => inForce.has(slot) && slot.isUp),
  });
  // However this process ends, its workers end with it.
  const killAll = () => {
    for (const slot of slots) slot.kill();
  };
  process.once('exit', killAll);
  for (const slot of slots) slot.start();

  async function give(slot: WorkerSlot, deployment: Deployment): Promise<void> {
    const { config, hash, sources } = deployment;
    const share = shareOf(config, { index: slot.index, count: options.count });
    await slot.ask({ task: 'apply', config: packConfig(share), hash, sources });
    inForce.set(slot, deployment);
  }

  /** Brings a worker that follows another one to where the others are. */
  async function bringUp(slot: WorkerSlot): Promise<void> {
    try {
      for (let wanted = current; wanted !== undefined && inForce.get(slot) !== wanted; wanted = current) {
        await give(slot, wanted);
      }
      await admin.restore(slot);
      logger.info('a worker serves', { worker: slot.index });
    } catch (error) {
      if (error instanceof WorkerGoneError || ending) return;
      logger.error('a new worker cannot take the configuration that is in force', { error, worker: slot.index });
      slot.kill();
    }
  }

  /** Gives a deployment to all workers: to one first, so that a configuration which nobody can use disturbs no other. */
  async function deploy(next: Deployment): Promise<void> {
    const [first, ...others] = slots.filter((slot) => slot.isUp);
    if (first === undefined) return;
    await give(first, next);
    const results = await Promise.allSettled(others.map((slot) => give(slot, next)));
    const failed = results.find(
      (result): result is PromiseRejectedResult =>
        // A worker that ended meanwhile is followed by one that gets what is in force then.
        result.status === 'rejected' && !(result.reason instanceof WorkerGoneError),
    );
    if (failed === undefined) return;
    await takeBack(next);
    throw failed.reason;
  }

  /** Gives what is in force to workers that have another deployment. */
  async function takeBack(other: Deployment): Promise<void> {
    const wanted = current;
    if (wanted === undefined) return;
    const results = await Promise.allSettled(
      slots.filter((slot) => slot.isUp && inForce.get(slot) === other).map((slot) => give(slot, wanted)),
    );
    for (const result of results) {
      if (result.status === 'rejected' && !(result.reason instanceof WorkerGoneError))
        logger.error('a worker could not go back to the configuration before', { error: result.reason });
    }
  }

  return {
    async apply(loaded, sources) {
      const resolved = await listeners.resolve(loaded.config.listeners);
      await firstTry;
      // The admin listener is the primary's.
      const config: GatewayConfig = { ...loaded.config, listeners: resolved, admin: false };
      const next: Deployment = { config, hash: loaded.hash, sources };
      if (current === undefined && !slots.some((slot) => slot.isUp)) {
        throw new Error('no worker process could be started; what it printed says why');
      }
      await deploy(next);
      previous = current;
      current = next;
      listeners.commit(resolved);
      // Those that came up in the middle.
      await Promise.all(slots.filter((slot) => slot.isUp && inForce.get(slot) !== next).map(bringUp));
    },
    async revert() {
      if (previous === undefined || current === undefined) return;
      const undone = current;
      current = previous;
      listeners.commit(current.config.listeners);
      await takeBack(undone);
    },
    get listeners() {
      return listeners.open;
    },
    admin: admin.over,
    onBudget(tell) {
      tellBudget = tell;
    },
    counts: () => ({
      running: slots.filter((slot) => slot.isUp).length,
      restarts: slots.reduce((sum, slot) => sum + slot.restarts, 0),
    }),
    get droppedLines() {
      return output.dropped;
    },
    reopenLogs() {
      for (const slot of slots) slot.ask({ task: 'reopen-logs' }).catch(() => undefined);
    },
    async drain(graceMs) {
      ending = true;
      for (const slot of slots) slot.end();
      const deadline = setTimeout(killAll, 2 * graceMs + END_GRACE_MS);
      await Promise.all(slots.map((slot) => endSlot(slot)));
      clearTimeout(deadline);
      process.off('exit', killAll);
    },
  };
}

/** Lets a worker finish and resolves when its process is gone. */
async function endSlot(slot: WorkerSlot): Promise<void> {
  if (!slot.isAlive) return;
  const gone = slot.gone();
  // One that is not up has nothing to finish.
  if (slot.isUp) slot.ask({ task: 'drain' }).catch(() => undefined);
  else slot.kill();
  await gone;
}
