import { compileCost } from '../routing/cost-expression.ts';
import { unknownName } from './check-names.ts';
import { checkPatterns } from './check-patterns.ts';
import { parseRange } from './coverage.ts';
import { duplicateNames } from './duplicate-names.ts';
import type { ConfigPath, UnplacedIssue } from './issue.ts';
import type { BudgetConfig, GatewayConfig, RateLimitConfig } from './model.ts';
import { isTimeZone } from './time-zone.ts';

/** A level of the configuration with its limits. */
export interface LimitedLevel {
  readonly rate_limit: readonly RateLimitConfig[];
  readonly budget: readonly BudgetConfig[];
}

/** Where limits stand. */
export interface LimitPlace {
  readonly path: ConfigPath;
  /** Names of the clusters that there are. */
  readonly clusters: readonly string[];
  /** Names of the routes to which a used-up budget may lead. */
  readonly routes: readonly string[];
}

const RATE_AMOUNTS = ['requests', 'tokens', 'input_tokens', 'output_tokens', 'usd', 'concurrent', 'cost'] as const;
const BUDGET_AMOUNTS = ['usd', 'tokens'] as const;
/** Money is counted in billionths of a dollar, which is exact up to 2^53. */
const MAX_USD = 9_000_000;

type Limit = RateLimitConfig | BudgetConfig;

/** Every limit of a level counts one thing over one time, and can be told from the others. */
export function checkLimits(level: LimitedLevel, place: LimitPlace): UnplacedIssue[] {
  const rates = level.rate_limit.map((limit, index) => ({ limit, path: [...place.path, 'rate_limit', index] }));
  const budgets = level.budget.map((limit, index) => ({ limit, path: [...place.path, 'budget', index] }));
  return [
    ...rates.flatMap(({ limit, path }) => checkRate(limit, path)),
    ...budgets.flatMap(({ limit, path }) => checkBudget(limit, path, place)),
    ...[...rates, ...budgets].flatMap(({ limit, path }) => checkCommon(limit, path, place)),
    ...sameNames(rates, 'rate limit'),
    ...sameNames(budgets, 'budget'),
  ];
}

function error(path: ConfigPath, message: string, fix: string): UnplacedIssue {
  return { path, severity: 'error', message, fix };
}

function oneAmount(limit: Limit, names: readonly string[], path: ConfigPath): UnplacedIssue[] {
  const given = names.filter((name) => (limit as Record<string, unknown>)[name] !== undefined);
  if (given.length === 1) return [];
  if (given.length === 0) return [error(path, 'counts nothing', `add one of ${names.join(', ')}`)];
  return [error(path, `counts ${given.join(' and ')}`, 'make a limit of each')];
}

function checkRate(limit: RateLimitConfig, path: ConfigPath): UnplacedIssue[] {
  const issues = oneAmount(limit, RATE_AMOUNTS, path);
  const concurrent = limit.concurrent !== undefined;
  if (!concurrent && limit.per === undefined) {
    issues.push(error(path, 'has no `per`', 'add `per: minute`, or another time'));
  }
  if (concurrent && limit.per !== undefined) {
    const message = 'cannot stand beside `concurrent`, which counts what is in flight';
    issues.push(error([...path, 'per'], message, 'remove it'));
  }
  if (limit.per === 0) issues.push(error([...path, 'per'], 'must be more than 0', 'write a time such as 10s'));
  if (concurrent && limit.algorithm === 'token_bucket') {
    issues.push(error([...path, 'algorithm'], 'is of no use for `concurrent`', 'remove it'));
  }
  if (limit.burst !== undefined && limit.algorithm !== 'token_bucket') {
    issues.push(error([...path, 'burst'], 'is of a token bucket alone', 'add `algorithm: token_bucket`'));
  }
  if (limit.cost !== undefined) issues.push(...checkCost(limit.cost.cel, [...path, 'cost', 'cel']));
  return issues;
}

function checkCost(cel: string, path: ConfigPath): UnplacedIssue[] {
  try {
    compileCost(cel);
    return [];
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return [error(path, message, 'write whole-number arithmetic over input_tokens, output_tokens and the like')];
  }
}

function isWebUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function checkBudget(limit: BudgetConfig, path: ConfigPath, place: LimitPlace): UnplacedIssue[] {
  const issues = oneAmount(limit, BUDGET_AMOUNTS, path);
  if (limit.per === 0) issues.push(error([...path, 'per'], 'must be more than 0', 'write a time such as 24h'));
  if (!isTimeZone(limit.time_zone)) {
    const message = `"${limit.time_zone}" is not a time zone`;
    issues.push(error([...path, 'time_zone'], message, 'write one such as UTC or Europe/Berlin'));
  }
  if (limit.webhook !== undefined && !isWebUrl(limit.webhook)) {
    issues.push(error([...path, 'webhook'], 'is not a URL', 'write one such as https://hooks.example.com/budget'));
  }
  if (typeof limit.on_exhausted === 'object') {
    const { route } = limit.on_exhausted;
    const at = [...path, 'on_exhausted', 'route'];
    issues.push(...unknownName(route, { known: place.routes, what: 'virtual route', path: at }));
    if (limit.soft) {
      const message = 'never comes into force: a soft budget only warns';
      issues.push({ path: [...path, 'on_exhausted'], severity: 'warning', message, fix: 'remove `soft`' });
    }
  }
  return issues;
}

function checkCommon(limit: Limit, path: ConfigPath, place: LimitPlace): UnplacedIssue[] {
  const issues: UnplacedIssue[] = [];
  if (limit.usd !== undefined && limit.usd > MAX_USD) {
    issues.push(error([...path, 'usd'], `is more than ${MAX_USD}`, 'split it by team, or by a shorter `per`'));
  }
  const { match } = limit;
  const parts = match === undefined ? [] : [{ conditions: match, at: [...path, 'match'] as ConfigPath }];
  for (const [index, conditions] of (match?.except ?? []).entries()) {
    parts.push({ conditions, at: [...path, 'match', 'except', index] });
  }
  for (const { conditions, at } of parts) {
    issues.push(...checkPatterns(conditions, at));
    for (const [index, range] of (conditions.ips ?? []).entries()) {
      if (parseRange(range) === undefined) issues.push(notARange(range, [...at, 'ips', index]));
    }
    if (conditions.cluster !== undefined) {
      const known = { known: place.clusters, what: 'cluster', path: [...at, 'cluster'] };
      issues.push(...unknownName(conditions.cluster, known));
    }
  }
  return issues;
}

/** The issue of a text that is neither an address nor a range. */
export function notARange(text: string, path: ConfigPath): UnplacedIssue {
  return error(path, `"${text}" is not an IP address or CIDR range`, 'write one such as 10.0.0.0/8');
}

/** What tells a limit from the others of its level: its name, else what it counts. */
function identity(limit: Limit): string {
  if (limit.counter !== undefined) return `counter ${limit.counter}`;
  if (limit.name !== undefined) return limit.name;
  const names = 'on_exhausted' in limit ? BUDGET_AMOUNTS : RATE_AMOUNTS;
  const measure = names.find((name) => (limit as Record<string, unknown>)[name] !== undefined);
  return JSON.stringify([measure, limit.per, 'by' in limit ? limit.by : undefined, limit.match]);
}

function sameNames(
  limits: readonly { limit: Limit; path: ConfigPath }[],
  what: 'rate limit' | 'budget',
): UnplacedIssue[] {
  const named = limits.map(({ limit }) => limit.name);
  const issues = duplicateNames(named, `${what} of this level`, (index) => [...(limits[index]?.path ?? []), 'name']);
  const seen = new Set<string>();
  for (const { limit, path } of limits) {
    const key = identity(limit);
    if (oneAmount(limit, what === 'budget' ? BUDGET_AMOUNTS : RATE_AMOUNTS, path).length > 0) continue;
    if (seen.has(key) && limit.name === undefined) {
      const message = `counts the same as another ${what} of this level, so that only one of them would hold`;
      issues.push(error(path, message, 'give it a `name`, or remove it'));
    }
    seen.add(key);
  }
  return issues;
}

/** Limits with one counter count the same, in the same way. */
export function checkCounters(levels: readonly { level: LimitedLevel; path: ConfigPath }[]): UnplacedIssue[] {
  const issues: UnplacedIssue[] = [];
  const first = new Map<string, string>();
  for (const { level, path } of levels) {
    for (const field of ['rate_limit', 'budget'] as const) {
      for (const [index, limit] of level[field].entries()) {
        if (limit.counter === undefined) continue;
        const kind = countedAs(limit);
        const known = first.get(limit.counter);
        first.set(limit.counter, known ?? kind);
        if (known === undefined || known === kind) continue;
        const message = `another limit with the counter "${limit.counter}" counts ${known}, this one ${kind}`;
        const at = [...path, field, index, 'counter'];
        issues.push(error(at, message, 'let both count the same over the same time, or name another counter'));
      }
    }
  }
  return issues;
}

function countedAs(limit: Limit): string {
  const measure = RATE_AMOUNTS.find((name) => (limit as Record<string, unknown>)[name] !== undefined) ?? 'nothing';
  if (measure === 'concurrent') return 'requests in flight';
  const per = typeof limit.per === 'number' ? `${limit.per}ms` : (limit.per ?? 'minute');
  if ('on_exhausted' in limit) return `${measure} per calendar ${per} (${limit.time_zone})`;
  return `${measure} per ${per}${limit.algorithm === 'token_bucket' ? ' in a bucket' : ''}`;
}

/** Every level of services and routes that has limits. */
export function serviceLevels(config: GatewayConfig): { level: LimitedLevel; path: ConfigPath; service: number }[] {
  return config.virtual_services.flatMap((service, index) => [
    { level: service, path: ['virtual_services', index], service: index },
    ...service.virtual_routes.map((route, position) => ({
      level: route,
      path: ['virtual_services', index, 'virtual_routes', position],
      service: index,
    })),
  ]);
}
