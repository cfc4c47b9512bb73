import type { Credential } from '../credentials/credential.ts';
import type { Authenticator } from '../filters/auth/authenticator.ts';
import type { LimitSet, ServiceLimits } from '../filters/limits/limit-set.ts';
import type { ClusterPrices } from '../prices/price-book.ts';
import type { Balancer, Candidate } from '../routing/balance/balancer.ts';
import type { ActiveCheck } from '../routing/health/active-check.ts';
import type { CircuitBreaker } from '../routing/health/circuit-breaker.ts';
import type { ConcurrencyLimit } from '../routing/health/concurrency-limit.ts';
import type { EjectionGroup } from '../routing/health/ejection.ts';
import type { KeyHealth } from '../routing/health/key-health.ts';
import type { RetryBudget } from '../routing/health/retry-budget.ts';
import type { Cluster, ClusterEndpoint, ListedModel, Route, Snapshot, Target } from '../snapshot/snapshot.ts';
import type { CounterStore } from '../stores/counters/counter-store.ts';

/** A snapshot with the live things it needs. Swapped as a whole; what did not change is carried over. */
export interface BoundSnapshot {
  readonly snapshot: Snapshot;
  /** By `cluster.index`. */
  readonly clusters: readonly BoundCluster[];
  /** By `target.index`. */
  readonly targets: readonly LiveTarget[];
  /** By `route.index`. */
  readonly routes: readonly LiveRoute[];
  /** Where limits are counted. */
  readonly counters: CounterStore;
  /** When what a dead process had reserved is given back. */
  readonly reservationTtlMs: number;
  /** By `service.index`. */
  readonly services: readonly LiveService[];
}

/** A virtual service with its filters. */
export interface LiveService {
  /** Undefined: anybody may use it. */
  readonly authenticator: Authenticator | undefined;
  readonly limits: LimitSet;
  /** Those of `limits` that are reserved before the first attempt, with the caller's and the route's. */
  readonly requestLimits: ServiceLimits;
  /** Whether requests are sent only to models whose price is known. */
  readonly pricedOnly: boolean;
}

/** A cluster with its ways in. */
export interface BoundCluster {
  readonly cluster: Cluster;
  /** The ways in as they are now: those of a dynamic cluster change. */
  lanes: LaneSet;
  /** Keeps enough of the lanes in use, and compares them. */
  readonly ejection: EjectionGroup;
  /** Bounds the requests in flight; undefined: no bound. */
  readonly limit: ConcurrencyLimit | undefined;
  /** What its models cost. */
  readonly prices: ClusterPrices;
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
  /** What the endpoint answers when it is asked for its health; undefined: it is not asked. */
  readonly check: ActiveCheck | undefined;
  readonly use: LaneUse;
}

/** How much a lane is used. */
export interface LaneUse {
  /** Requests under way. */
  active: number;
}

/** The ways into a cluster and how one is chosen. There may be none: a dynamic cluster whose endpoints are not found. */
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
  /** The route's own rate limits and budgets. */
  readonly limits: LimitSet;
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
