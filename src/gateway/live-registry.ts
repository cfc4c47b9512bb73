import type { Credential } from '../credentials/credential.ts';
import type { BoundCluster, BoundSnapshot, Lane, LaneSet, LiveRoute, LiveTarget, LiveTier } from '../exchange/live.ts';
import { DEFAULT_AFFINITY } from '../routing/balance/affinity.ts';
import type { Balancer, Candidate } from '../routing/balance/balancer.ts';
import { type BalanceStrategy, createBalancer } from '../routing/balance/create-balancer.ts';
import { hash32 } from '../routing/balance/hash.ts';
import { LoadStats } from '../routing/balance/load-stats.ts';
import { type BreakerPolicy, CircuitBreaker, type OpeningGate } from '../routing/health/circuit-breaker.ts';
import { ConcurrencyLimit } from '../routing/health/concurrency-limit.ts';
import { maxEjected } from '../routing/health/ejection.ts';
import { ALWAYS_WELL, type Health, JointHealth } from '../routing/health/health.ts';
import { DEFAULT_KEY_POLICY, KeyHealth } from '../routing/health/key-health.ts';
import { RetryBudget } from '../routing/health/retry-budget.ts';
import type { BalancePolicy, Cluster, ClusterEndpoint, Route, Snapshot, Target } from '../snapshot/snapshot.ts';
import { Carried } from './carried.ts';

/** How long a probe that never reports holds its place. */
const PROBE_TIMEOUT_MS = 30_000;
const RETRY_WINDOW_MS = 10_000;

/** What is known of an endpoint with a key, carried over from one configuration to the next. */
interface LaneRecord {
  breaker: CircuitBreaker;
  key: KeyHealth;
  stats: LoadStats;
  health: Health;
}

/** What is known of a cluster's model, carried over from one configuration to the next. */
interface TargetRecord {
  breaker: CircuitBreaker;
  stats: LoadStats;
}

/** The breakers of one cluster's endpoints, of which only a share may rest at once. */
class LaneGate implements OpeningGate {
  breakers: readonly CircuitBreaker[] = [];
  readonly #percent: number;

  constructor(percent: number) {
    this.#percent = percent;
  }

  mayOpen(nowMs: number): boolean {
    let out = 0;
    for (const breaker of this.breakers) if (breaker.state(nowMs) !== 'closed') out++;
    return out < maxEjected(this.breakers.length, this.#percent);
  }
}

/** A cluster is well while one of its lanes is. */
class ClusterHealth implements Health {
  readonly #cluster: BoundCluster;

  constructor(cluster: BoundCluster) {
    this.#cluster = cluster;
  }

  allows(nowMs: number): boolean {
    const { lanes } = this.#cluster.lanes;
    for (let at = 0; at < lanes.length; at++) if (lanes[at]?.health.allows(nowMs)) return true;
    return false;
  }

  weightFactor(): number {
    return 1;
  }

  wantsProbe(): boolean {
    return false;
  }
}

/** Live state of clusters, targets and routes, kept across configurations as long as what it belongs to stays the same. */
export interface LiveRegistry {
  /**
   * Joins a snapshot with its live state. Nothing is forgotten before `commit`; `discard` leaves everything as it was.
   */
  bind(
    snapshot: Snapshot,
    options: {
      credentials: readonly (readonly Credential[])[];
      endpointsOf(cluster: Cluster): readonly ClusterEndpoint[];
    },
  ): { bound: BoundSnapshot; commit(): void; discard(): void };
  /** Gives a cluster of the configuration in force other endpoints; those that stay keep their state. */
  setEndpoints(cluster: BoundCluster, endpoints: readonly ClusterEndpoint[]): void;
}

function breakerPolicy(cluster: Cluster, slowStartMs: number): BreakerPolicy | undefined {
  const policy = cluster.config.circuit_breaker;
  if (policy === false) return undefined;
  const rate = policy.error_rate;
  return {
    consecutiveErrors: policy.consecutive_errors,
    errorRate:
      rate === undefined ? undefined : { percent: rate.percent, minRequests: rate.min_requests, windowMs: rate.window },
    openMs: policy.open,
    maxOpenMs: policy.max_open,
    halfOpenProbes: policy.half_open_requests,
    probeTimeoutMs: PROBE_TIMEOUT_MS,
    slowStartMs,
  };
}

/** A breaker that never opens by itself: it can still be told to rest. */
const NEVER: BreakerPolicy = {
  consecutiveErrors: 0,
  errorRate: undefined,
  openMs: 0,
  maxOpenMs: 0,
  halfOpenProbes: 1,
  probeTimeoutMs: PROBE_TIMEOUT_MS,
  slowStartMs: 0,
};

function positions(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

const STRATEGIES: Readonly<Record<BalancePolicy['strategy'] | Cluster['config']['balance'], BalanceStrategy>> = {
  weighted: 'weighted-round-robin',
  round_robin: 'weighted-round-robin',
  auto: 'auto',
  least_requests: 'least-requests',
  latency: 'latency',
  cost: 'cost',
  headroom: 'headroom',
  affinity: 'affinity',
};

function targetBalancer(policy: BalancePolicy, targets: readonly Candidate[]): Balancer {
  const strategy = STRATEGIES[policy.strategy];
  if (policy.strategy !== 'affinity') return createBalancer(strategy, targets);
  return createBalancer(strategy, targets, {
    ...DEFAULT_AFFINITY,
    loadFactor: policy.maxLoad,
    bindingLifetimeMs: policy.ttlMs,
  });
}

function usesFigures(balance: BalancePolicy): boolean {
  return balance.strategy !== 'weighted';
}

/** Makes a registry with nothing in it. */
export function createLiveRegistry(): LiveRegistry {
  const laneRecords = new Carried<LaneRecord>();
  const targetRecords = new Carried<TargetRecord>();
  const limits = new Carried<ConcurrencyLimit>();
  const budgets = new Carried<RetryBudget>();
  const all = [laneRecords, targetRecords, limits, budgets];
  /** What the clusters in force were made of. */
  const parts = new WeakMap<BoundCluster, { gate: LaneGate; credentials: readonly Credential[] }>();

  function laneRecord(cluster: Cluster, gate: LaneGate, id: string): LaneRecord {
    const policy = breakerPolicy(cluster, cluster.config.slow_start);
    return laneRecords.take(JSON.stringify([cluster.name, id, policy]), () => {
      const breaker = new CircuitBreaker(policy ?? NEVER, gate);
      const key = new KeyHealth(DEFAULT_KEY_POLICY);
      return { breaker, key, stats: new LoadStats(), health: new JointHealth([breaker, key]) };
    });
  }

  function makeLanes(
    cluster: Cluster,
    { gate, credentials }: { gate: LaneGate; credentials: readonly Credential[] },
    endpoints: readonly ClusterEndpoint[],
  ): LaneSet {
    const lanes: Lane[] = endpoints.flatMap((endpoint) =>
      credentials.map((credential, keyIndex) => {
        const id = `${endpoint.origin}${endpoint.basePath}#${keyIndex}`;
        const record = laneRecord(cluster, gate, id);
        return { ...record, weight: 1, hash: hash32(id), limit: undefined, endpoint, credential, keyIndex };
      }),
    );
    gate.breakers = lanes.map((lane) => lane.breaker);
    return {
      lanes,
      all: positions(lanes.length),
      balancer: createBalancer(STRATEGIES[cluster.config.balance], lanes),
      tracksLoad: cluster.config.balance !== 'round_robin',
    };
  }

  function bindCluster(
    cluster: Cluster,
    credentials: readonly Credential[],
    endpoints: readonly ClusterEndpoint[],
  ): BoundCluster {
    const policy = cluster.config.circuit_breaker;
    const gate = new LaneGate(policy === false ? 100 : policy.max_ejected_percent);
    const bounds = cluster.config.concurrency;
    const limit =
      bounds === undefined
        ? undefined
        : limits.take(
            JSON.stringify([cluster.name, bounds.requests, bounds.queue]),
            () => new ConcurrencyLimit(bounds.requests, bounds.queue),
          );
    const bound: BoundCluster = {
      cluster,
      lanes: makeLanes(cluster, { gate, credentials }, endpoints),
      limit,
      modelList: { models: [], until: 0, pending: undefined },
    };
    parts.set(bound, { gate, credentials });
    return bound;
  }

  function bindTarget(target: Target, cluster: BoundCluster): LiveTarget {
    const policy = breakerPolicy(target.cluster, 0);
    const identity = JSON.stringify([target.cluster.name, target.model, policy]);
    const record = targetRecords.take(identity, () => ({
      breaker: new CircuitBreaker(policy ?? NEVER),
      stats: new LoadStats(),
    }));
    return {
      target,
      breaker: record.breaker,
      stats: record.stats,
      weight: target.weight,
      hash: hash32(`${target.cluster.name}/${target.model ?? ''}`),
      health: new JointHealth([policy === undefined ? ALWAYS_WELL : record.breaker, new ClusterHealth(cluster)]),
      limit: cluster.limit,
    };
  }

  function bindRoute(route: Route, targets: readonly LiveTarget[]): LiveRoute {
    const tiers = route.tiers.map((tier): LiveTier => {
      const members = tier.map((index) => targets[route.targets[index]?.index ?? -1] as LiveTarget);
      return { targets: members, all: positions(members.length), balancer: targetBalancer(route.balance, members) };
    });
    const policy = route.retry.budget;
    const retryBudget =
      policy === undefined
        ? undefined
        : budgets.take(
            JSON.stringify([route.service, route.name, policy]),
            () =>
              new RetryBudget({
                percent: policy.percent,
                minRetriesPerSecond: policy.minPerSecond,
                windowMs: RETRY_WINDOW_MS,
              }),
          );
    return { route, tiers, retryBudget, tracksLoad: usesFigures(route.balance) || route.hedge !== undefined };
  }

  return {
    bind(snapshot, { credentials, endpointsOf }) {
      for (const carried of all) carried.begin();
      const clusters = snapshot.clusters.map((cluster) =>
        bindCluster(cluster, credentials[cluster.index] ?? [], endpointsOf(cluster)),
      );
      const targets = snapshot.targets.map((target) =>
        bindTarget(target, clusters[target.cluster.index] as BoundCluster),
      );
      const routes = snapshot.routes.map((route) => bindRoute(route, targets));
      return {
        bound: { snapshot, clusters, targets, routes },
        commit() {
          for (const carried of all) carried.commit();
        },
        discard() {
          for (const carried of all) carried.discard();
        },
      };
    },
    setEndpoints(cluster, endpoints) {
      const made = parts.get(cluster);
      if (made !== undefined) cluster.lanes = makeLanes(cluster.cluster, made, endpoints);
    },
  };
}
