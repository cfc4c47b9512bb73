import type { Calendars, LimitExtras } from '../filters/limits/amounts.ts';
import type { CompiledLimit } from '../filters/limits/limit.ts';
import type { ExchangeRecord } from '../telemetry/exchange-record.ts';
import type { AttemptResult } from '../telemetry/metric-families.ts';
import type { LevelGauge } from '../telemetry/metrics.ts';
import type { BoundSnapshot } from './live.ts';
import type { Upstream } from './ports.ts';
import type { Watchdog } from './watchdog.ts';

/** Where a budget stands. */
export interface BudgetStanding {
  /** The percentage of the configuration that was reached; 100 when it is used up. */
  readonly threshold: number;
  readonly percent: number;
  /** Until it begins anew. */
  readonly resetMs: number;
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
  /** Counts a second attempt that competes with a slow first one. */
  countHedge(cluster: string): void;
  /** Counts a copy of a request. */
  countMirror(cluster: string, result: 'ok' | 'failed'): void;
  readonly calendars: Calendars;
  readonly limitExtras: LimitExtras;
  countLimitRefusal(limit: string): void;
  /** Tells whoever is to be told that a budget runs low, or is used up. */
  budgetReached(limit: CompiledLimit, standing: BudgetStanding): void;
  readonly activeRequests: LevelGauge;
  readonly openStreams: LevelGauge;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds of a clock that never jumps. */
  monotonic(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** A fresh UUID; those of later milliseconds sort behind earlier ones. */
  uuid(): string;
  /** A large body of a request is done with. */
  bodyReleased(bytes: number): void;
  /** Whether the process takes no new work. */
  draining(): boolean;
  /** Tells of a failure of the gateway itself: never of a client's or a provider's. */
  reportFault(error: unknown, requestId: string): void;
}
