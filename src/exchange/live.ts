import type { Credential } from '../credentials/credential.ts';
import type { Balancer, Candidate } from '../routing/balance/balancer.ts';
import type { CircuitBreaker } from '../routing/health/circuit-breaker.ts';
import type { ConcurrencyLimit } from '../routing/health/concurrency-limit.ts';
import type { KeyHealth } from '../routing/health/key-health.ts';
import type { RetryBudget } from '../routing/health/retry-budget.ts';
import type { Cluster, ClusterEndpoint, ListedModel, Route, Snapshot, Target } from '../snapshot/snapshot.ts';

/** A snapshot with the live things it needs. Swapped as a whole; what did not change is carried over. */
export interface BoundSnapshot {
  readonly snapshot: Snapshot;
  /** By `cluster.index`. */
  readonly clusters: readonly BoundCluster[];
  /** By `target.index`. */
  readonly targets: readonly LiveTarget[];
  /** By `route.index`. */
  readonly routes: readonly LiveRoute[];
}

/** A cluster with its ways in. */
export interface BoundCluster {
  readonly cluster: Cluster;
  /** The ways in as they are now: those of a dynamic cluster change. */
  lanes: LaneSet;
  /** Bounds the requests in flight; undefined: no bound. */
  readonly limit: ConcurrencyLimit | undefined;
  /** What the provider last said it has; filled when somebody lists models. */
  readonly modelList: ModelListCache;
}

/** One way into a cluster: an endpoint with an API key. */
export interface Lane extends Candidate {
  readonly endpoint: ClusterEndpoint;
  readonly credential: Credential;
  /** Position of the key among the cluster's, from 0. */
  readonly keyIndex: number;
  readonly breaker: CircuitBreaker;
  readonly key: KeyHealth;
}

/** The ways into a cluster and how one is chosen. */
export interface LaneSet {
  readonly lanes: readonly Lane[];
  /** 0 to the number of lanes. */
  readonly all: readonly number[];
  readonly balancer: Balancer;
  /** Whether the balancer looks at live figures. */
  readonly tracksLoad: boolean;
}

/** A target with its health and its figures, shared by all routes that have the same one. */
export interface LiveTarget extends Candidate {
  readonly target: Target;
  readonly breaker: CircuitBreaker;
}

/** A route with its choosers. */
export interface LiveRoute {
  readonly route: Route;
  /** By priority. */
  readonly tiers: readonly LiveTier[];
  readonly retryBudget: RetryBudget | undefined;
  /** Whether choosing or hedging looks at live figures. */
  readonly tracksLoad: boolean;
}

/** The targets of one priority. */
export interface LiveTier {
  readonly targets: readonly LiveTarget[];
  /** 0 to the number of targets. */
  readonly all: readonly number[];
  readonly balancer: Balancer;
}

/** A provider's list of models, as last read. */
export interface ModelListCache {
  models: readonly ListedModel[];
  /** By the monotonic clock; 0 before the first reading. */
  until: number;
  /** A reading under way. */
  pending: Promise<void> | undefined;
}
