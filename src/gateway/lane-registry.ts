import type { Credential } from '../credentials/credential.ts';
import type { BoundCluster, Lane, LaneSet, LaneUse } from '../exchange/live.ts';
import { type BalanceStrategy, createBalancer } from '../routing/balance/create-balancer.ts';
import { hash32 } from '../routing/balance/hash.ts';
import { LoadStats } from '../routing/balance/load-stats.ts';
import { ActiveCheck } from '../routing/health/active-check.ts';
import { CircuitBreaker } from '../routing/health/circuit-breaker.ts';
import { DEFAULT_EJECTION, EjectionGroup, type EjectionPolicy } from '../routing/health/ejection.ts';
import { JointHealth } from '../routing/health/health.ts';
import { DEFAULT_KEY_POLICY, KeyHealth } from '../routing/health/key-health.ts';
import { type Cluster, type ClusterEndpoint, endpointName } from '../snapshot/snapshot.ts';
import { breakerPolicy, NEVER_OPENS } from './breaker-policy.ts';
import { Carried } from './carried.ts';

/** What is known of an endpoint with a key, carried over from one configuration to the next. */
interface LaneRecord {
  breaker: CircuitBreaker;
  stats: LoadStats;
  use: LaneUse;
}

/** What the lanes of a cluster are made of. */
interface LaneParts {
  ejection: EjectionGroup;
  credentials: readonly Credential[];
  /** State of lanes that left at the last change: kept until the next one, for names whose addresses take turns. */
  departed: ReadonlySet<string>;
}

/** The ways into clusters, whose state outlives configurations and changes of endpoints. */
export interface LaneRegistry {
  /** Begins the lanes of a new configuration. */
  begin(): void;
  /** Lanes of a cluster of the new configuration. */
  bind(
    cluster: Cluster,
    ways: { credentials: readonly Credential[]; endpoints: readonly ClusterEndpoint[] },
  ): Pick<BoundCluster, 'lanes' | 'ejection'>;
  commit(): void;
  discard(): void;
  /** Gives a cluster of the configuration in force other endpoints; those that stay keep their state. */
  setEndpoints(bound: BoundCluster, endpoints: readonly ClusterEndpoint[]): void;
}

const STRATEGIES: Readonly<Record<Cluster['config']['balance'], BalanceStrategy>> = {
  round_robin: 'weighted-round-robin',
  least_requests: 'least-requests',
  latency: 'latency',
};

function ejectionPolicy(cluster: Cluster): EjectionPolicy {
  const policy = cluster.config.circuit_breaker;
  if (policy === false) return { maxEjectionPercent: 100, successRate: undefined };
  return { maxEjectionPercent: policy.max_ejected_percent, successRate: DEFAULT_EJECTION.successRate };
}

/** Makes a registry without lanes. */
export function createLaneRegistry(): LaneRegistry {
  const records = new Carried<LaneRecord>();
  const keys = new Carried<KeyHealth>();
  const checks = new Carried<ActiveCheck>();
  const groups = new Carried<EjectionGroup>();
  const all = [records, keys, checks, groups];
  const parts = new WeakMap<Cluster, LaneParts>();
  /** A credential stands for its key: state is identified by a number, never by the secret. */
  const credentialNumbers = new WeakMap<Credential, number>();
  let lastNumber = 0;
  let pending: (() => void)[] = [];

  function numberOf(credential: Credential): number {
    let number = credentialNumbers.get(credential);
    if (number === undefined) {
      number = ++lastNumber;
      credentialNumbers.set(credential, number);
    }
    return number;
  }

  function identities(cluster: Cluster, lane: Pick<Lane, 'endpoint' | 'keyIndex' | 'credential'>) {
    const endpoint = [cluster.name, endpointName(lane.endpoint)];
    const slowStart = cluster.config.slow_start;
    return {
      record: JSON.stringify([...endpoint, lane.keyIndex, breakerPolicy(cluster, slowStart)]),
      key: JSON.stringify([...endpoint, 'key', numberOf(lane.credential)]),
      check: JSON.stringify([...endpoint, 'check', cluster.config.health_check, slowStart]),
    };
  }

  function makeLane(
    cluster: Cluster,
    ejection: EjectionGroup,
    way: Pick<Lane, 'endpoint' | 'keyIndex' | 'credential'>,
  ): Lane {
    const id = identities(cluster, way);
    const slowStartMs = cluster.config.slow_start;
    const record = records.take(id.record, () => ({
      breaker: new CircuitBreaker(breakerPolicy(cluster, slowStartMs) ?? NEVER_OPENS, ejection),
      stats: new LoadStats(),
      use: { active: 0 },
    }));
    const key = keys.take(id.key, () => new KeyHealth(DEFAULT_KEY_POLICY));
    const asked = cluster.config.health_check;
    const check =
      asked === undefined ? undefined : checks.take(id.check, () => new ActiveCheck({ ...asked, slowStartMs }));
    const { breaker, stats, use } = record;
    return {
      weight: 1,
      hash: hash32(`${endpointName(way.endpoint)}#${way.keyIndex}`),
      stats,
      health: new JointHealth(check === undefined ? [breaker, key] : [breaker, key, check]),
      limit: undefined,
      endpoint: way.endpoint,
      credential: way.credential,
      keyIndex: way.keyIndex,
      breaker,
      key,
      check,
      use,
    };
  }

  function laneSet(cluster: Cluster, lanes: readonly Lane[]): LaneSet {
    return {
      lanes,
      all: lanes.map((_, index) => index),
      balancer: createBalancer(STRATEGIES[cluster.config.balance], lanes),
      tracksLoad: cluster.config.balance !== 'round_robin',
    };
  }

  function waysOf({ credentials }: Pick<LaneParts, 'credentials'>, endpoints: readonly ClusterEndpoint[]) {
    return endpoints.flatMap((endpoint) =>
      credentials.map((credential, keyIndex) => ({ endpoint, credential, keyIndex })),
    );
  }

  function useLanes(cluster: Cluster, ejection: EjectionGroup, lanes: readonly Lane[]): void {
    ejection.use(
      lanes.map((lane) => lane.breaker),
      ejectionPolicy(cluster),
    );
  }

  function stateOf(cluster: Cluster, lanes: readonly Lane[]): Set<string> {
    return new Set(lanes.flatMap((lane) => Object.values(identities(cluster, lane))));
  }

  return {
    begin() {
      pending = [];
      for (const carried of all) carried.begin();
    },
    bind(cluster, { credentials, endpoints }) {
      const ejection = groups.take(cluster.name, () => new EjectionGroup());
      const lanes = waysOf({ credentials }, endpoints).map((way) => makeLane(cluster, ejection, way));
      parts.set(cluster, { ejection, credentials, departed: new Set() });
      pending.push(() => useLanes(cluster, ejection, lanes));
      return { lanes: laneSet(cluster, lanes), ejection };
    },
    commit() {
      for (const carried of all) carried.commit();
      for (const use of pending) use();
      pending = [];
    },
    discard() {
      for (const carried of all) carried.discard();
      pending = [];
    },
    setEndpoints(bound, endpoints) {
      const { cluster } = bound;
      const made = parts.get(cluster);
      if (made === undefined) return;
      const former = bound.lanes.lanes;
      const known = new Map(former.map((lane) => [`${endpointName(lane.endpoint)}#${lane.keyIndex}`, lane]));
      // A lane that stays is the same object: requests know by it what they have tried.
      const lanes = waysOf(made, endpoints).map(
        (way) => known.get(`${endpointName(way.endpoint)}#${way.keyIndex}`) ?? makeLane(cluster, made.ejection, way),
      );
      const present = stateOf(cluster, lanes);
      for (const identity of made.departed) {
        if (!present.has(identity)) for (const carried of all) carried.drop(identity);
      }
      made.departed = new Set([...stateOf(cluster, former)].filter((identity) => !present.has(identity)));
      useLanes(cluster, made.ejection, lanes);
      bound.lanes = laneSet(cluster, lanes);
    },
  };
}
