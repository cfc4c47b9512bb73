import type { BoundSnapshot, Lane } from '../exchange/live.ts';
import type { ActiveCheck } from '../routing/health/active-check.ts';
import { type Cluster, type ClusterEndpoint, endpointName } from '../snapshot/snapshot.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type ProbeRuntime, type ProbeVerdict, probeHealth } from './health-probe.ts';
import { type Schedule, withJitter } from './schedule.ts';

/** Checks under way at once, over all clusters. */
const MAX_PARALLEL = 16;
/** The first check of an endpoint comes within this time, spread so that not all come at once. */
const FIRST_WITHIN_MS = 1000;

/** What `createHealthChecks` takes. */
export interface HealthCheckOptions {
  runtime: ProbeRuntime;
  schedule: Schedule;
  /** Uniform in [0, 1). */
  random(): number;
  logger: Pick<Logger, 'info' | 'warn' | 'debug'>;
}

/** Asks endpoints for their health, each on its interval, and tells their `ActiveCheck`. */
export interface HealthChecks {
  /** Asks the endpoints of these clusters from now on, and no others; those that were asked before keep their turn. */
  follow(bound: BoundSnapshot): void;
  /** The connections that checks need beside those of requests. */
  used(): readonly { cluster: Cluster; endpoints: readonly ClusterEndpoint[] }[];
  close(): void;
}

interface Entry {
  cluster: Cluster;
  way: Pick<Lane, 'endpoint' | 'credential'>;
  check: ActiveCheck;
  cancel: (() => void) | undefined;
  dropped: boolean;
}

/** Where a cluster bounds its connections, a check must not wait for a long answer to end: it has one of its own. */
function ownConnection(cluster: Cluster, lane: Lane): Pick<Entry, 'cluster' | 'way'> {
  const { endpoint, credential } = lane;
  const bound = cluster.config.max_connections;
  if (bound === undefined) return { cluster, way: { endpoint, credential } };
  const config = { ...cluster.config, max_connections: bound + 1 };
  return { cluster: { ...cluster, config }, way: { endpoint: { ...endpoint }, credential } };
}

/** Makes checks that ask nobody yet. */
export function createHealthChecks({ runtime, schedule, random, logger }: HealthCheckOptions): HealthChecks {
  let entries = new Map<ActiveCheck, Entry>();
  const due: Entry[] = [];
  let running = 0;

  function report(entry: Entry, verdict: ProbeVerdict): void {
    const names = { cluster: entry.cluster.name, endpoint: endpointName(entry.way.endpoint) };
    if (verdict.kind === 'not-asked') {
      logger.debug('an endpoint was not asked for its health', { ...names, reason: verdict.reason });
      return;
    }
    const fault = verdict.kind === 'unwell' ? verdict.fault : undefined;
    const turn = entry.check.observed(fault, runtime.monotonic());
    if (turn === 'out') logger.warn('an endpoint failed its health checks', { ...names, reason: fault });
    else if (turn === 'back') logger.info('an endpoint passes its health checks again', names);
  }

  async function ask(entry: Entry): Promise<void> {
    const verdict = await probeHealth(runtime, entry.cluster, entry.way);
    running--;
    if (!entry.dropped) {
      report(entry, verdict);
      plan(entry, withJitter(entry.cluster.config.health_check?.interval ?? 0, random()));
    }
    askNext();
  }

  function askNext(): void {
    while (running < MAX_PARALLEL) {
      const entry = due.shift();
      if (entry === undefined) return;
      if (entry.dropped) continue;
      running++;
      void ask(entry);
    }
  }

  function plan(entry: Entry, ms: number): void {
    entry.cancel = schedule(ms, () => {
      due.push(entry);
      askNext();
    });
  }

  function begin(entry: Entry): void {
    const interval = entry.cluster.config.health_check?.interval ?? 0;
    plan(entry, random() * Math.min(interval, FIRST_WITHIN_MS));
  }

  function drop(entry: Entry): void {
    entry.dropped = true;
    entry.cancel?.();
  }

  return {
    follow({ clusters }) {
      const next = new Map<ActiveCheck, Entry>();
      for (const { cluster, lanes } of clusters) {
        for (const lane of lanes.lanes) {
          // The keys of an endpoint share its check.
          if (lane.check === undefined || next.has(lane.check)) continue;
          const known = entries.get(lane.check);
          const made = ownConnection(cluster, lane);
          const entry = known ?? { ...made, check: lane.check, cancel: undefined, dropped: false };
          next.set(lane.check, Object.assign(entry, made));
          if (known === undefined) begin(entry);
        }
      }
      for (const [check, entry] of entries) if (!next.has(check)) drop(entry);
      entries = next;
    },
    used: () => [...entries.values()].map(({ cluster, way }) => ({ cluster, endpoints: [way.endpoint] })),
    close() {
      for (const entry of entries.values()) drop(entry);
      entries.clear();
    },
  };
}
