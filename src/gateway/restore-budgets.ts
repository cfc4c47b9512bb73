import type { ScopedLimit } from '../admin/limits/limit-port.ts';
import { createCalendars, toCounter } from '../filters/limits/amounts.ts';
import type { CompiledLimit, LimitAmounts, LimitView } from '../filters/limits/limit.ts';
import type { CounterStore } from '../stores/counters/counter-store.ts';
import type { Ledger, UsageFilter, UsageSums } from '../stores/ledger/ledger.ts';

/** The budget of a level as a whole: its counter needs no request to be found. */
const NO_REQUEST: LimitView = {
  organization: undefined,
  team: undefined,
  user: undefined,
  key: undefined,
  endUser: undefined,
  claims: undefined,
  model: undefined,
  sentModel: undefined,
  operation: '',
  method: '',
  path: '',
  service: '',
  route: '',
  cluster: '',
  ip: '',
  header: () => undefined,
};

const NOTHING: LimitAmounts = {
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheCreationInputTokens: 0,
  reasoningTokens: 0,
  nanoUsd: 0,
  sentModel: '',
  cluster: '',
  route: '',
};

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
function isRestorable({ limit }: ScopedLimit): boolean {
  const { budget, window, matches, dimensions, perAttempt, id } = limit;
  if (budget === undefined || window.kind !== 'period' || perAttempt) return false;
  return matches === undefined && dimensions.length === 0 && !id.startsWith('counter ');
}

function amountOf(limit: CompiledLimit, { tokens, costNanoUsd }: UsageSums): number {
  if (limit.measure === 'usd') return costNanoUsd;
  return tokens.input + tokens.cacheRead + tokens.cacheWrite + tokens.cacheWrite1h + tokens.output;
}

/**
 * Charges budgets with what the ledger has of their running periods up to `nowMs`: counters in memory have begun anew.
 * Budgets of single models, end users and the like begin at nothing, and so do those of issued keys.
 */
export async function restoreBudgets(
  scopedLimits: readonly ScopedLimit[],
  counters: CounterStore,
  { ledger, nowMs }: { ledger: Ledger; nowMs: number },
): Promise<void> {
  const calendars = createCalendars();
  for (const scoped of scopedLimits) {
    if (!isRestorable(scoped)) continue;
    const { limit } = scoped;
    const counter = toCounter(limit, NO_REQUEST, { amounts: NOTHING, nowMs, calendars, extras: { extra: () => 0 } });
    if (counter === undefined) continue;
    const sums = await ledger.total({ fromMs: counter.periodStartMs, toMs: nowMs, filter: filterOf(scoped.scope) });
    const amount = amountOf(limit, sums);
    if (amount > 0) counters.charge([counter], [amount], nowMs);
  }
}
