import type { BudgetStanding } from '../exchange/runtime.ts';
import type { BudgetActions, CompiledLimit } from '../filters/limits/limit.ts';
import type { Logger } from '../telemetry/logger.ts';

/** What of a limit a notice tells. */
export interface NoticedLimit extends Pick<CompiledLimit, 'id' | 'name'> {
  readonly budget: Pick<BudgetActions, 'webhook'> | undefined;
}

/** Tells people of budgets that run low or are used up. */
export interface BudgetNotices {
  reached(limit: NoticedLimit, standing: BudgetStanding): void;
}

/** Sends a webhook's body; rejects when the answer is no 2xx. */
export type SendNotice = (url: string, body: string) => Promise<void>;

/** More budgets than this are forgotten, the oldest first: they may be told of twice. */
const MAX_TOLD = 10_000;

/** Makes the teller. `tell` hears of each threshold of a budget once in its period, as far as this process knows. */
export function createBudgetNotices(options: { tell: BudgetNotices['reached']; now: () => number }): BudgetNotices {
  /** Until when a threshold counts as told. */
  const told = new Map<string, number>();
  return {
    reached(limit, standing) {
      const now = options.now();
      const name = `${limit.id} ${standing.threshold}`;
      if ((told.get(name) ?? 0) > now) return;
      told.delete(name);
      told.set(name, now + Math.max(standing.resetMs, 60_000));
      if (told.size > MAX_TOLD) told.delete(told.keys().next().value ?? '');
      options.tell(limit, standing);
    },
  };
}

/** Tells in the log, and by webhook where one is configured. */
export function tellPeople(options: { logger: Logger; send: SendNotice; now: () => number }): BudgetNotices['reached'] {
  const { logger } = options;
  return (limit, { threshold, percent, resetMs }) => {
    const notice = {
      budget: limit.name,
      threshold_percent: threshold,
      used_percent: Math.round(percent * 10) / 10,
      resets: new Date(options.now() + resetMs).toISOString(),
    };
    logger.warn(threshold >= 100 ? 'a budget is used up' : 'a budget runs low', notice);
    const url = limit.budget?.webhook;
    if (url === undefined) return;
    const body = JSON.stringify({ event: threshold >= 100 ? 'budget_exhausted' : 'budget_warning', ...notice });
    options.send(url, body).catch((error: unknown) => {
      logger.error('a budget webhook could not be called', { error, budget: limit.name });
    });
  };
}
