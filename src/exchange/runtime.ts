import type { Credential } from '../credentials/credential.ts';
import type { Cluster, ClusterEndpoint, ListedModel, Snapshot } from '../snapshot/snapshot.ts';
import type { ExchangeRecord } from '../telemetry/exchange-record.ts';
import type { AttemptResult } from '../telemetry/metric-families.ts';
import type { LevelGauge } from '../telemetry/metrics.ts';
import type { Upstream } from './ports.ts';
import type { Watchdog } from './watchdog.ts';

/** A snapshot with the live things its clusters need. Swapped as a whole. */
export interface BoundSnapshot {
  readonly snapshot: Snapshot;
  /** By `cluster.index`. */
  readonly clusters: readonly BoundCluster[];
}

/** A cluster with its credential and its turn among equal endpoints. */
export interface BoundCluster {
  readonly cluster: Cluster;
  readonly credential: Credential;
  /** The endpoint whose turn it is. */
  nextEndpoint(): ClusterEndpoint;
  /** What the provider last said it has; filled when somebody lists models. */
  readonly modelList: ModelListCache;
}

/** A provider's list of models, as last read. */
export interface ModelListCache {
  models: readonly ListedModel[];
  /** By the monotonic clock; 0 before the first reading. */
  until: number;
  /** A reading under way. */
  pending: Promise<void> | undefined;
}

/** What exchanges take from the world around them. */
export interface ExchangeRuntime {
  /** The configuration that new requests use. */
  current(): BoundSnapshot;
  readonly upstream: Upstream;
  readonly watchdog: Watchdog;
  /** Takes each finished exchange, once. Must not throw. */
  record(record: ExchangeRecord): void;
  /** Counts a provider request by how it ended. */
  countAttempt(cluster: string, result: AttemptResult): void;
  readonly activeRequests: LevelGauge;
  readonly openStreams: LevelGauge;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds of a clock that never jumps. */
  monotonic(): number;
  /** A fresh UUID. */
  uuid(): string;
  /** Whether the process takes no new work. */
  draining(): boolean;
  /** Tells of a failure of the gateway itself: never of a client's or a provider's. */
  reportFault(error: unknown, requestId: string): void;
}
