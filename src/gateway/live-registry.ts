import type { Credential } from '../credentials/credential.ts';
import type { BoundCluster, BoundSnapshot, LiveRoute, LiveTarget, LiveTier } from '../exchange/live.ts';
import { usdPerMillion } from '../prices/price-entry.ts';
import { DEFAULT_AFFINITY } from '../routing/balance/affinity.ts';
import type { Balancer, Candidate } from '../routing/balance/balancer.ts';
import { type BalanceStrategy, createBalancer } from '../routing/balance/create-balancer.ts';
import { hash32 } from '../routing/balance/hash.ts';
import { DEFAULT_LOAD_STATS, LoadStats, type LoadStatsOptions } from '../routing/balance/load-stats.ts';
import { CircuitBreaker } from '../routing/health/circuit-breaker.ts';
import { ConcurrencyLimit } from '../routing/health/concurrency-limit.ts';
import { ALWAYS_WELL, type Health, JointHealth } from '../routing/health/health.ts';
import { RetryBudget } from '../routing/health/retry-budget.ts';
import type { BalancePolicy, Cluster, ClusterEndpoint, Route, Snapshot, Target } from '../snapshot/snapshot.ts';
import type { CounterStore } from '../stores/counters/counter-store.ts';
import { breakerPolicy, NEVER_OPENS } from './breaker-policy.ts';
import { Carried } from './carried.ts';
import type { FilterBinding } from './filter-binding.ts';
import { createLaneRegistry } from './lane-registry.ts';

const RETRY_WINDOW_MS = 10_000;

/** What is known of a cluster's model, carried over from one configuration to the next. */
interface TargetRecord {
  breaker: CircuitBreaker;
  stats: LoadStats;
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
      filters: FilterBinding;
      counters: CounterStore;
      reservationTtlMs: number;
      credentials: readonly (readonly Credential[])[];
      endpointsOf(cluster: Cluster): readonly ClusterEndpoint[];
    },
  ): { bound: BoundSnapshot; commit(): void; discard(): void };
  /** Gives a cluster of the configuration in force other endpoints; those that stay keep their state. */
  setEndpoints(cluster: BoundCluster, endpoints: readonly ClusterEndpoint[]): void;
}

function positions(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

const STRATEGIES: Readonly<Record<BalancePolicy['strategy'], BalanceStrategy>> = {
  weighted: 'weighted-round-robin',
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

/** What a target's tokens cost, for the choice of the cheapest; not known of one that takes the client's model. */
function targetCosts(target: Target, cluster: BoundCluster): Pick<LoadStatsOptions, 'inputCost' | 'outputCost'> {
  const price = target.model === undefined ? undefined : cluster.prices.find(target.model);
  const rate = (name: 'input' | 'output') =>
    (price === undefined ? undefined : usdPerMillion(price, name)) ?? Number.NaN;
  return { inputCost: rate('input'), outputCost: rate('output') };
}

/** Makes a registry with nothing in it. */
export function createLiveRegistry(): LiveRegistry {
  const lanes = createLaneRegistry();
  const targetRecords = new Carried<TargetRecord>();
  const limits = new Carried<ConcurrencyLimit>();
  const budgets = new Carried<RetryBudget>();
  const all = [lanes, targetRecords, limits, budgets];

  function bindCluster(
    cluster: Cluster,
    credentials: readonly Credential[],
    options: { endpoints: readonly ClusterEndpoint[]; filters: FilterBinding },
  ): BoundCluster {
    const { endpoints, filters } = options;
    const bounds = cluster.config.concurrency;
    const limit =
      bounds === undefined
        ? undefined
        : limits.take(
            JSON.stringify([cluster.name, bounds.requests, bounds.queue]),
            () => new ConcurrencyLimit(bounds.requests, bounds.queue),
          );
    return {
      cluster,
      ...lanes.bind(cluster, { credentials, endpoints }),
      limit,
      prices: filters.pricesOf(cluster),
      modelList: { models: [], until: 0, pending: undefined },
    };
  }

  function bindTarget(target: Target, cluster: BoundCluster): LiveTarget {
    const policy = breakerPolicy(target.cluster, 0);
    const costs = targetCosts(target, cluster);
    const identity = JSON.stringify([target.cluster.name, target.model, policy, costs]);
    const record = targetRecords.take(identity, () => ({
      breaker: new CircuitBreaker(policy ?? NEVER_OPENS),
      stats: new LoadStats({ ...DEFAULT_LOAD_STATS, ...costs }),
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

  function bindRoute(route: Route, targets: readonly LiveTarget[], filters: FilterBinding): LiveRoute {
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
    const tracksLoad = usesFigures(route.balance) || route.hedge !== undefined;
    return { route, tiers, retryBudget, limits: filters.limitsOf(route), tracksLoad };
  }

  return {
    bind(snapshot, { filters, counters, reservationTtlMs, credentials, endpointsOf }) {
      for (const carried of all) carried.begin();
      const clusters = snapshot.clusters.map((cluster) =>
        bindCluster(cluster, credentials[cluster.index] ?? [], { endpoints: endpointsOf(cluster), filters }),
      );
      const targets = snapshot.targets.map((target) =>
        bindTarget(target, clusters[target.cluster.index] as BoundCluster),
      );
      const routes = snapshot.routes.map((route) => bindRoute(route, targets, filters));
      return {
        bound: {
          snapshot,
          clusters,
          targets,
          routes,
          services: filters.services,
          counters,
          reservationTtlMs,
        },
        commit() {
          for (const carried of all) carried.commit();
        },
        discard() {
          for (const carried of all) carried.discard();
        },
      };
    },
    setEndpoints: lanes.setEndpoints,
  };
}
