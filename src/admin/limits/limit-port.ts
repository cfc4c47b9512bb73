import type { LimitExtras, toCounter } from '../../filters/limits/amounts.ts';
import type { CompiledLimit } from '../../filters/limits/limit.ts';

/** A counter as the counter store takes it. */
export type LimitCounter = NonNullable<ReturnType<typeof toCounter>>;

/** Where a limit stands in the configuration. */
export interface LimitScope {
  readonly level: 'organization' | 'team' | 'user' | 'key' | 'service' | 'route';
  /** Such as `acme/search`; of a service its name. */
  readonly path: string;
}

/** A limit or budget in force. */
export interface ScopedLimit {
  readonly scope: LimitScope;
  /** With the configured limit: temporary increases not added. */
  readonly limit: CompiledLimit;
}

/** Where a counter stands. */
export interface CounterState {
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  readonly resetMs: number;
}

/** A temporary increase of a limit. Times in milliseconds since 1970. */
export interface OverrideRecord {
  id: string;
  /** `CompiledLimit.id`. */
  scope: string;
  /** What the limit counts; `usd_nano` for money, else its measure. */
  unit: string;
  /** What is added, in that unit. */
  amount: number;
  fromMs: number;
  untilMs: number;
  reason: string;
  createdBy: string;
  createdMs: number;
  /** When it was taken back before its time. */
  endedMs: number | null;
}

/** Where temporary increases are stored. */
export interface OverrideRecords {
  insertOverride(override: Omit<OverrideRecord, 'endedMs'>): Promise<OverrideRecord>;
  /** Undefined when there is none of this id; doing it again changes nothing. */
  endOverride(id: string, endedMs: number): Promise<OverrideRecord | undefined>;
  listOverrides(query: {
    scope?: string | undefined;
    activeAtMs?: number | undefined;
    limit?: number | undefined;
    after?: string | undefined;
  }): Promise<{ overrides: readonly OverrideRecord[]; next: string | undefined }>;
}

/** The limits in force and their counters. */
export interface LimitAdministration {
  /** In the order of the configuration; ids are unique. */
  limits(): readonly ScopedLimit[];
  /** The temporary increases that this process applies now. */
  readonly extras: LimitExtras;
  /** Where counters stand, one for each; rejects while the shared store is away. */
  peek(counters: readonly LimitCounter[], nowMs: number): readonly CounterState[] | Promise<readonly CounterState[]>;
  reset(counter: LimitCounter, nowMs: number): void | Promise<void>;
  /** Undefined without `stores.ledger`; rejects while the database is away. */
  overrides(): Promise<OverrideRecords> | undefined;
  /** Told after every change of the temporary increases. */
  changed(): void;
}
