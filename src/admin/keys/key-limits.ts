import type { BudgetConfig, RateLimitConfig } from '../../config/model.ts';
import { isTimeZone } from '../../config/time-zone.ts';
import { compileBudgets, compileRateLimits } from '../../filters/limits/compile-limits.ts';
import { compileAllowances } from '../../filters/organizations/allowances.ts';
import type { JsonObject } from '../../json/types.ts';
import { invalidInput } from '../admin-error.ts';
import type { WantedAllowances } from './parents.ts';

/** What a key is limited by. */
export interface WantedLimits {
  readonly rate_limit?: readonly RateLimitConfig[] | null | undefined;
  readonly budget?: readonly BudgetConfig[] | null | undefined;
}

const RATE_AMOUNTS = ['requests', 'tokens', 'input_tokens', 'output_tokens', 'usd', 'concurrent', 'cost'] as const;
const BUDGET_AMOUNTS = ['usd', 'tokens'] as const;

/** Refuses with 400 what the schema takes and compiling would not, naming the field. */
export function checkLimits({ rate_limit, budget }: WantedLimits): void {
  for (const [index, limit] of (rate_limit ?? []).entries()) {
    const place = `rate_limit[${index}]`;
    checkAmounts(place, limit, RATE_AMOUNTS);
    if (limit.concurrent !== undefined && limit.per !== undefined) {
      throw invalidInput(`${place}.per`, 'cannot stand beside `concurrent`, which counts what is in flight');
    }
    if (limit.per === 0) throw invalidInput(`${place}.per`, 'must be more than 0');
    attempt(place, () => compileRateLimits([limit], 'key'));
  }
  for (const [index, limit] of (budget ?? []).entries()) {
    const place = `budget[${index}]`;
    checkAmounts(place, limit, BUDGET_AMOUNTS);
    if (limit.per === 0) throw invalidInput(`${place}.per`, 'must be more than 0');
    if (!isTimeZone(limit.time_zone)) {
      throw invalidInput(
        `${place}.time_zone`,
        `"${limit.time_zone}" is not a time zone; write one such as Europe/Berlin`,
      );
    }
    attempt(place, () => compileBudgets([limit], 'key'));
  }
}

/** Refuses with 400 an address that is none. */
export function checkAddresses({ allowed_ips }: WantedAllowances): void {
  for (const [index, range] of (allowed_ips ?? []).entries()) {
    attempt(`allowed_ips[${index}]`, () => compileAllowances({ allowed_ips: [range] }));
  }
}

/** Limits as they are stored, readable by the configuration's schema again. */
export function storedLimits(name: string, limits: readonly object[] | null | undefined): JsonObject {
  if (limits === null || limits === undefined || limits.length === 0) return {};
  return { [name]: JSON.parse(JSON.stringify(limits)) as JsonObject[] };
}

function checkAmounts<Name extends string>(
  place: string,
  limit: Partial<Record<Name, unknown>>,
  names: readonly Name[],
): void {
  const given = names.filter((name) => limit[name] !== undefined);
  if (given.length === 1) return;
  const found = given.length === 0 ? 'none is given' : `${given.join(' and ')} are given`;
  throw invalidInput(place, `takes exactly one of ${names.join(', ')}; ${found}`);
}

function attempt(place: string, compile: () => unknown): void {
  try {
    compile();
  } catch (error) {
    throw invalidInput(place, error instanceof Error ? error.message : String(error));
  }
}
