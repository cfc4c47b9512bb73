import type { BudgetStanding } from '../exchange/runtime.ts';
import type { CompiledLimit } from '../filters/limits/limit.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Tells people of budgets that run low or are used up: in the log, and by webhook where one is configured. */
export interface BudgetNotices {
  reached(limit: CompiledLimit, standing: BudgetStanding): void;
}

/** Sends a webhook's body; rejects when the answer is no 2xx. */
export type SendNotice = (url: string, body: string) => Promise<void>;

/** More budgets than this are forgotten, the oldest first: they may be told of twice. */
const MAX_TOLD = 10_000;

/** Makes the teller. Each threshold of a budget is told of once in its period, by this process. */
export function createBudgetNotices(options: { logger: Logger; send: SendNotice; now: () => number }): BudgetNotices {
  /** Until when a threshold counts as told. */
  const told = new Map<string, number>();
  return {
    reached(limit, { threshold, percent, resetMs }) {
      const now = options.now();
      const name = `${limit.id} ${threshold}`;
      if ((told.get(name) ?? 0) > now) return;
      told.delete(name);
      told.set(name, now + Math.max(resetMs, 60_000));
      if (told.size > MAX_TOLD) told.delete(told.keys().next().value ?? '');
      const notice = {
        budget: limit.name,
        threshold_percent: threshold,
        used_percent: Math.round(percent * 10) / 10,
        resets: new Date(now + resetMs).toISOString(),
      };
      options.logger.warn(threshold >= 100 ? 'a budget is used up' : 'a budget runs low', notice);
      const url = limit.budget?.webhook;
      if (url === undefined) return;
      const body = JSON.stringify({ event: threshold >= 100 ? 'budget_exhausted' : 'budget_warning', ...notice });
      options.send(url, body).catch((error: unknown) => {
        options.logger.error('a budget webhook could not be called', { error, budget: limit.name });
      });
    },
  };
}
