import { randomBytes } from 'node:crypto';
import type { GatewayConfig } from '../config/model.ts';
import type { JwtEnvironment } from '../filters/auth/jwt.ts';
import { createProcessHasher } from '../filters/auth/key-hash.ts';
import type { LimitExtras } from '../filters/limits/amounts.ts';
import type { CounterStore } from '../stores/counters/counter-store.ts';
import { MemoryCounters } from '../stores/counters/memory-counters.ts';
import type { AttemptUsage, ExchangeRecord } from '../telemetry/exchange-record.ts';
import type { Logger } from '../telemetry/logger.ts';
import { bindFilters, type FilterBinding } from './filter-binding.ts';
import { followIssuedKeys, type IssuedKeys } from './issued-keys.ts';
import { restoreBudgets, restoreIssuedKeyBudgets } from './restore-budgets.ts';
import { type GatewayStores, openStores, storesIdentity } from './stores.ts';
import { toUsageRecords } from './usage-records.ts';

/** Who may do how much: stores, issued keys and filters of the configuration in force. */
export interface Governance extends LimitExtras {
  /**
   * Opens what a configuration needs. Rejects and changes nothing when that fails; `commit` puts it in force, `discard` closes it
   * unused.
   */
  prepare(next: GatewayConfig): Promise<PreparedGovernance>;
  /** Keeps the usage of a finished exchange, where a ledger is configured. */
  record(record: ExchangeRecord): void;
  /** Undefined before the first configuration. */
  readonly stores: GatewayStores | undefined;
  readonly filters: FilterBinding | undefined;
  /** Undefined while no keys are issued. */
  readonly issued: IssuedKeys | undefined;
  /** Writes what waits, within `deadlineMs`, and lets go of everything. */
  close(deadlineMs: number): Promise<void>;
}

/** Governance that is open but not in force. */
export interface PreparedGovernance {
  readonly filters: FilterBinding;
  readonly counters: CounterStore;
  commit(): void;
  discard(): Promise<void>;
}

/** What governance takes from the process. */
export interface GovernanceOptions {
  readonly logger: Logger;
  readonly jwt: JwtEnvironment;
  /** Takes the place of counters in this process; stays open. */
  readonly counters?: CounterStore | undefined;
}

/** Most models that are told of. */
const MAX_UNPRICED = 1000;

/** The longest that a start waits for what budgets have spent. */
const RESTORE_MS = 2000;

/** How long requests may still settle with stores that a new configuration has replaced. */
const REPLACED_MS = 60_000;

/** What is open for one configuration of stores. */
interface Opened {
  readonly identity: string;
  readonly stores: GatewayStores;
  readonly issued: IssuedKeys | undefined;
}

/** Makes governance with nothing open. */
export function createGovernance(options: GovernanceOptions): Governance {
  const { logger } = options;
  const processHash = createProcessHasher(randomBytes(32));
  let opened: Opened | undefined;
  let filters: FilterBinding | undefined;
  const retiring = new Set<() => Promise<void>>();

  async function open(next: GatewayConfig, identity: string): Promise<Opened> {
    const stores = await openStores(next.stores, { logger, counters: options.counters });
    if (next.issued_keys === undefined) return { identity, stores, issued: undefined };
    const issued = followIssuedKeys(stores, { intervalMs: next.issued_keys.refresh, logger });
    // A server that is away must not keep the gateway from starting: unknown keys are told to come back meanwhile.
    await issued.refresh().catch((error: unknown) => logger.error('issued keys cannot be read yet', { error }));
    return { identity, stores, issued };
  }

  async function closeOpened({ stores, issued }: Opened, deadlineMs: number): Promise<void> {
    issued?.close();
    await stores.close(deadlineMs);
  }

  const told = new Set<string>();

  /** Tells once of each model without a price; clients can name any, so that the number is bounded. */
  function unpriced({ cluster, provider, model }: AttemptUsage): void {
    const name = `${cluster} ${model}`;
    if (told.has(name) || told.size >= MAX_UNPRICED) return;
    told.add(name);
    logger.warn('the price of a model is not known; `prices.overrides` can name it', { cluster, provider, model });
  }

  /** Counters in memory have lost what was spent in this month; a ledger has not. It is not waited for long. */
  async function restore(
    { scopedLimits, organizations }: FilterBinding,
    { stores: { counters, durable }, issued }: Opened,
  ): Promise<void> {
    const opening = counters instanceof MemoryCounters && counters.stats().counters === 0 ? durable() : undefined;
    if (opening === undefined) return;
    const nowMs = Date.now();
    let timer: NodeJS.Timeout | undefined;
    let waited = false;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        waited = true;
        resolve();
      }, RESTORE_MS);
    });
    const restored = opening
      .then(async ({ ledger }) => {
        const source = { ledger, nowMs, alone: () => !waited };
        await restoreBudgets(scopedLimits, counters, source);
        if (issued !== undefined) await restoreIssuedKeyBudgets(issued.budgets(organizations), counters, source);
      })
      .catch((error: unknown) => logger.error('what budgets have spent cannot be read', { error }));
    await Promise.race([restored, late]);
    clearTimeout(timer);
  }

  function retire(old: Opened): void {
    const close = async () => {
      clearTimeout(timer);
      retiring.delete(close);
      await closeOpened(old, REPLACED_MS).catch((error: unknown) => logger.error('a store did not close', { error }));
    };
    const timer = setTimeout(() => void close(), REPLACED_MS);
    timer.unref();
    retiring.add(close);
  }

  return {
    async prepare(next) {
      const identity = `${storesIdentity(next.stores)} ${JSON.stringify(next.issued_keys?.refresh ?? null)}`;
      const before = opened;
      const fresh = before?.identity === identity ? undefined : await open(next, identity);
      const used = fresh ?? (before as Opened);
      const discard = async () => {
        if (fresh !== undefined) await closeOpened(fresh, 0);
      };
      let bound: FilterBinding;
      try {
        bound = await bindFilters(next, { jwt: options.jwt, processHash, issued: used.issued, now: Date.now });
      } catch (error) {
        await discard();
        throw error;
      }
      if (fresh !== undefined) await restore(bound, fresh);
      return {
        filters: bound,
        counters: used.stores.counters,
        commit() {
          filters = bound;
          if (fresh === undefined) return;
          opened = fresh;
          if (before !== undefined) retire(before);
        },
        discard,
      };
    },
    record(record) {
      for (const used of record.accounted) if (used.nanoUsd === undefined) unpriced(used);
      const writer = opened?.stores.writer;
      // Whoever is not let in could fill the ledger.
      if (writer === undefined || record.errorCode === 'unauthenticated') return;
      for (const line of toUsageRecords(record)) writer.record(line);
    },
    extra: (limitId, nowMs) => opened?.issued?.extra(limitId, nowMs) ?? 0,
    get stores() {
      return opened?.stores;
    },
    get filters() {
      return filters;
    },
    get issued() {
      return opened?.issued;
    },
    async close(deadlineMs) {
      await Promise.all([...retiring].map((close) => close()));
      if (opened !== undefined) await closeOpened(opened, deadlineMs);
      opened = undefined;
    },
  };
}
