import type { CounterLimit } from '../stores/counters/counter-store.ts';
import type { ExchangeState } from './state.ts';

/** As long as providers keep batches and background responses to be looked at. */
const REMEMBERED_MS = 30 * 86_400_000;

/**
 * Whether the usage of work that went on apart from its exchange (a batch, a background response) was not counted before: it
 * is told each time the work is looked at, to any of the gateways that share counters. Resolves to true while the counters
 * do not answer: the ledger knows too what it has.
 */
export async function claimWork(state: ExchangeState, work: { cluster: string; workId: string }): Promise<boolean> {
  const { counters, reservationTtlMs } = state.bound;
  const now = state.runtime.now();
  const mark: CounterLimit = {
    key: `work|${work.cluster.length}:${work.cluster}|${work.workId}`,
    kind: 'window',
    limit: 1,
    windowMs: REMEMBERED_MS,
    amount: 1,
    enforce: true,
  };
  try {
    const { allowed, reservation } = await counters.reserve([mark], now, reservationTtlMs);
    if (reservation !== undefined) counters.settle(reservation, [1], now);
    return allowed;
  } catch {
    return true;
  }
}
