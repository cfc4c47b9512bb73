import type { ScopedLimit } from '../admin/limits/limit-port.ts';
import { createCalendars, toCounter } from '../filters/limits/amounts.ts';
import type { CompiledLimit } from '../filters/limits/limit.ts';
import { NO_AMOUNTS, NO_REQUEST } from '../filters/limits/no-request.ts';
import type { CounterLimit, CounterStore } from '../stores/counters/counter-store.ts';
import type { Ledger, UsageFilter, UsageSums } from '../stores/ledger/ledger.ts';
import type { IssuedKeyBudget } from './issued-keys.ts';

/** What of the ledger a level is. */
function filterOf({ level, path }: ScopedLimit['scope']): UsageFilter {
  const [first = '', second = '', third = ''] = path.split('/');
  switch (level) {
    case 'organization':
      return { organization: first };
    case 'team':
      return { organization: first, team: second };
    case 'user':
      return { organization: first, team: second, user: third };
    case 'key':
      return { key: path };
    case 'service':
      return { service: path };
    case 'route':
      return { service: first, route: path.slice(first.length + 1) };
    default:
      return level satisfies never;
  }
}

/** Whether the ledger can say what a limit has counted in its period: all requests of a level, not some of them. */
function isRestorable({ budget, window, matches, dimensions, perAttempt, id }: CompiledLimit): boolean {
  if (budget === undefined || window.kind !== 'period' || perAttempt) return false;
  return matches === undefined && dimensions.length === 0 && !id.startsWith('counter ');
}

function amountOf(limit: CompiledLimit, { tokens, costNanoUsd }: UsageSums): number {
  if (limit.measure === 'usd') return costNanoUsd;
  return tokens.input + tokens.cacheRead + tokens.cacheWrite + tokens.cacheWrite1h + tokens.output;
}

/** Charges counters; `counterOf` is undefined for a limit that the ledger cannot tell of. */
interface Restoring {
  counterOf(limit: CompiledLimit): CounterLimit | undefined;
  charge(counter: CounterLimit, limit: CompiledLimit, sums: UsageSums): void;
}

function createRestoring(counters: CounterStore, nowMs: number): Restoring {
  const options = { amounts: NO_AMOUNTS, nowMs, calendars: createCalendars(), extras: { extra: () => 0 } };
  return {
    counterOf: (limit) => (isRestorable(limit) ? toCounter(limit, NO_REQUEST, options) : undefined),
    charge(counter, limit, sums) {
      const amount = amountOf(limit, sums);
      if (amount > 0) counters.charge([counter], [amount], nowMs);
    },
  };
}

/** What to restore from, and until when. */
export interface RestoreSource {
  readonly ledger: Ledger;
  readonly nowMs: number;
  /** Whether the ledger serves nothing else yet; asked before each query. */
  alone(): boolean;
}

/**
 * Charges budgets of the configuration with what the ledger has of their running periods up to `nowMs`: counters in memory have
 * begun anew. Budgets of single models, end users and the like begin at nothing.
 */
export async function restoreBudgets(
  scopedLimits: readonly ScopedLimit[],
  counters: CounterStore,
  { ledger, nowMs, alone }: RestoreSource,
): Promise<void> {
  const { counterOf, charge } = createRestoring(counters, nowMs);
  for (const { limit, scope } of scopedLimits) {
    const counter = counterOf(limit);
    if (counter === undefined) continue;
    const period = { fromMs: counter.periodStartMs, toMs: nowMs };
    charge(counter, limit, await ledger.total({ ...period, filter: filterOf(scope), alone: alone() }));
  }
}

/** Most keys that one query asks for. */
const KEYS_PER_QUERY = 500;

/** Does the same for the budgets of issued keys: there may be many, so that many are asked for at once. */
export async function restoreIssuedKeyBudgets(
  budgets: readonly IssuedKeyBudget[],
  counters: CounterStore,
  { ledger, nowMs, alone }: RestoreSource,
): Promise<void> {
  const { counterOf, charge } = createRestoring(counters, nowMs);
  /** By the start of their period: budgets of one are asked for together. */
  const periods = new Map<number, { keyId: string; limit: CompiledLimit; counter: CounterLimit }[]>();
  for (const { keyId, limit } of budgets) {
    const counter = counterOf(limit);
    if (counter?.periodStartMs === undefined) continue;
    const same = periods.get(counter.periodStartMs);
    if (same === undefined) periods.set(counter.periodStartMs, [{ keyId, limit, counter }]);
    else same.push({ keyId, limit, counter });
  }
  for (const [fromMs, all] of periods) {
    for (let start = 0; start < all.length; start += KEYS_PER_QUERY) {
      const some = all.slice(start, start + KEYS_PER_QUERY);
      const filter = { key: [...new Set(some.map(({ keyId }) => keyId))] };
      const wanted = { by: ['key'], fromMs, toMs: nowMs, filter, limit: KEYS_PER_QUERY } as const;
      const page = await ledger.query({ ...wanted, alone: alone() });
      const sums = new Map(page.groups.map((group) => [group.group.key, group.sums]));
      for (const { keyId, limit, counter } of some) {
        const spent = sums.get(keyId);
        if (spent !== undefined) charge(counter, limit, spent);
      }
    }
  }
}
