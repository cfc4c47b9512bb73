import type { BudgetConfig, RateLimitConfig } from '../../config/model.ts';
import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { compileCost } from '../../routing/cost-expression.ts';
import { compileGlobTest, compileValueMatch } from '../../snapshot/compile-value-match.ts';
import { CounterName } from '../../stores/counters/counter-name.ts';
import { compileAddressRanges } from '../address-ranges.ts';
import { type CalendarUnit, PERIOD_MS } from './calendar.ts';
import type { CompiledLimit, LimitDimension, LimitMeasure, LimitView, LimitWindow } from './limit.ts';
import { headersOf } from './limit-headers.ts';

/** Billionths of a dollar in a dollar. */
export const NANO_PER_USD = 1e9;

const CALENDAR_UNITS: ReadonlySet<string> = new Set(['hour', 'day', 'week', 'month']);

type Dimension = Exclude<NonNullable<RateLimitConfig['by']>, readonly unknown[]>;
type LimitMatch = RateLimitConfig['match'];
type Conditions = NonNullable<NonNullable<LimitMatch>['except']>[number];
type Test = (view: LimitView) => boolean;

/** A claim by its dotted path, as text; undefined when it is not there or no scalar. */
export function readClaim(claims: JsonObject | undefined, path: string): string | undefined {
  let value: JsonValue | undefined = claims;
  for (const name of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A name as a part of a path: those of tokens may hold what parts them. */
function step(name: string | undefined): string {
  if (name === undefined) return '';
  return /[%/]/.test(name) ? name.replaceAll('%', '%25').replaceAll('/', '%2F') : name;
}

const READERS: Readonly<Record<Extract<Dimension, string>, (view: LimitView) => string | undefined>> = {
  organization: (view) => view.organization,
  team: (view) => (view.team === undefined ? undefined : `${step(view.organization)}/${step(view.team)}`),
  user: (view) => (view.user === undefined ? undefined : [view.organization, view.team, view.user].map(step).join('/')),
  key: (view) => view.key,
  model: (view) => view.model,
  route: (view) => view.route,
  service: (view) => view.service,
  cluster: (view) => view.cluster,
  ip: (view) => view.ip,
  end_user: (view) => view.endUser,
};

function compileDimension(dimension: Dimension): LimitDimension {
  if (typeof dimension === 'string') return { name: dimension, read: READERS[dimension] };
  if ('header' in dimension) {
    const { header } = dimension;
    return { name: `header ${header}`, read: (view) => view.header(header) };
  }
  const { claim } = dimension;
  return { name: `claim ${claim}`, read: (view) => readClaim(view.claims, claim) };
}

function compileDimensions(by: RateLimitConfig['by']): LimitDimension[] {
  if (by === undefined) return [];
  return (Array.isArray(by) ? by : [by]).map(compileDimension);
}

function onModel(match: NonNullable<Conditions['model']>, read: (view: LimitView) => string | undefined): Test {
  const model = typeof match === 'string' ? compileGlobTest(match) : compileValueMatch(match);
  return (view) => model.holds(read(view));
}

function oneOf(names: readonly string[], read: (view: LimitView) => string | undefined): Test {
  const known = new Set(names);
  return (view) => {
    const name = read(view);
    return name !== undefined && known.has(name);
  };
}

function compileConditions(match: Conditions): Test {
  const tests: Test[] = [];
  if (match.model !== undefined) tests.push(onModel(match.model, (view) => view.model));
  if (match.sent_model !== undefined) tests.push(onModel(match.sent_model, (view) => view.sentModel));
  if (match.cluster !== undefined) tests.push((view) => view.cluster === match.cluster);
  if (match.operations !== undefined) tests.push(oneOf(match.operations, (view) => view.operation));
  if (match.methods !== undefined) tests.push(oneOf(match.methods, (view) => view.method));
  if (match.keys !== undefined) {
    const byId = oneOf(match.keys, (view) => view.key);
    const byName = oneOf(match.keys, (view) => view.keyName);
    tests.push((view) => byName(view) || byId(view));
  }
  if (match.users !== undefined) tests.push(oneOf(match.users, (view) => view.user));
  if (match.paths !== undefined) {
    const paths = match.paths.map(compileValueMatch);
    tests.push((view) => paths.some((path) => path.holds(view.path)));
  }
  if (match.ips !== undefined) {
    const contains = compileAddressRanges(match.ips);
    tests.push((view) => contains(view.ip));
  }
  for (const [name, value] of Object.entries(match.headers ?? {})) {
    const header = compileValueMatch(value);
    tests.push((view) => header.holds(view.header(name)));
  }
  for (const [path, value] of Object.entries(match.claims ?? {})) {
    tests.push((view) => readClaim(view.claims, path) === value);
  }
  return (view) => tests.every((test) => test(view));
}

function compileMatch(match: LimitMatch): CompiledLimit['matches'] {
  if (match === undefined) return undefined;
  const holds = compileConditions(match);
  const exceptions = (match.except ?? []).map(compileConditions);
  if (exceptions.length === 0) return holds;
  return (view) => holds(view) && !exceptions.some((except) => except(view));
}

/** How a configuration says what is counted. */
type Amounts = Pick<BudgetConfig, 'usd' | 'tokens'> &
  Partial<Pick<RateLimitConfig, 'requests' | 'input_tokens' | 'output_tokens' | 'concurrent' | 'cost'>>;

/** What is counted, and the most of it. */
function measureOf(config: Amounts): { measure: LimitMeasure; limit: number } {
  for (const measure of ['requests', 'tokens', 'input_tokens', 'output_tokens', 'concurrent'] as const) {
    const limit = config[measure];
    if (limit !== undefined) return { measure, limit };
  }
  if (config.usd !== undefined) return { measure: 'usd', limit: Math.round(config.usd * NANO_PER_USD) };
  return { measure: 'cost', limit: config.cost?.limit ?? 0 };
}

function rateWindow(config: RateLimitConfig, limit: number): LimitWindow {
  if (config.concurrent !== undefined) return { kind: 'concurrency' };
  const { per = 'minute' } = config;
  const windowMs = typeof per === 'number' ? per : PERIOD_MS[per];
  if (config.algorithm === 'sliding_window') return { kind: 'window', windowMs };
  return { kind: 'bucket', windowMs, burst: config.burst ?? limit };
}

function perText(per: RateLimitConfig['per']): string {
  return typeof per === 'number' ? `${per}ms` : (per ?? '');
}

/** What is the same in all requests of a caller. */
const OF_CALLER: ReadonlySet<string> = new Set(['organization', 'team', 'user', 'key']);

/** Which counters a limit has: one, one for each caller, or others. */
function countersOf(id: string, dimensions: readonly LimitDimension[]): Pick<CompiledLimit, 'counter' | 'byCaller'> {
  if (dimensions.length === 0) return { counter: new CounterName(id), byCaller: false };
  return { counter: undefined, byCaller: dimensions.every(({ name }) => OF_CALLER.has(name)) };
}

/** Whether the target, which is known only at an attempt, decides about a limit. */
function isPerAttempt(by: readonly LimitDimension[], match: LimitMatch): boolean {
  if (by.some((dimension) => dimension.name === 'cluster')) return true;
  const parts: Conditions[] = match === undefined ? [] : [match, ...(match.except ?? [])];
  return parts.some(({ cluster, sent_model }) => cluster !== undefined || sent_model !== undefined);
}

/** Begins a limit's key: its counter where it names one, else where it stands and what it counts, so that reordering keeps the counts. */
function identityOf(config: { counter?: string | undefined }, place: string, what: string): string {
  return config.counter === undefined ? `${place}|${what}` : `counter ${config.counter}`;
}

/** What of an identity says which requests are counted. */
function matchText(match: LimitMatch): string {
  return match === undefined ? '' : JSON.stringify(match);
}

/** Compiles the rate limits of one place; `place` names it, such as `acme/search` or `service default`. Throws Error for a cost expression, pattern or address range that cannot be used. */
export function compileRateLimits(configs: readonly RateLimitConfig[], place: string): CompiledLimit[] {
  return configs.map((config, index) => {
    const { measure, limit } = measureOf(config);
    const dimensions = compileDimensions(config.by);
    const by = dimensions.map((dimension) => dimension.name).join(',');
    const per = perText(config.per);
    const id = identityOf(config, place, config.name ?? `${measure}/${per}/${by}${matchText(config.match)}`);
    return Object.freeze({
      id,
      name: config.name ?? `${place} ${index + 1}`,
      measure,
      limit,
      window: rateWindow(config, limit),
      dimensions,
      ...countersOf(id, dimensions),
      matches: compileMatch(config.match),
      cost: config.cost === undefined ? undefined : compileCost(config.cost.cel),
      enforce: !config.shadow,
      perAttempt: isPerAttempt(dimensions, config.match),
      told: headersOf(measure),
      budget: undefined,
    });
  });
}

/** Compiles the budgets of one place. */
export function compileBudgets(configs: readonly BudgetConfig[], place: string): CompiledLimit[] {
  return configs.map((config, index) => {
    const { measure, limit } = measureOf(config);
    const window: LimitWindow =
      typeof config.per === 'string' && CALENDAR_UNITS.has(config.per)
        ? { kind: 'period', unit: config.per as CalendarUnit, timeZone: config.time_zone }
        : { kind: 'window', windowMs: Number(config.per) };
    const dimensions: LimitDimension[] = [];
    const what = `budget ${config.name ?? `${measure}/${perText(config.per)}${matchText(config.match)}`}`;
    const id = identityOf(config, place, what);
    return Object.freeze({
      id,
      name: config.name ?? (index === 0 ? `${place} budget` : `${place} budget ${index + 1}`),
      measure,
      limit,
      window,
      dimensions,
      ...countersOf(id, dimensions),
      matches: compileMatch(config.match),
      cost: undefined,
      enforce: !config.soft,
      perAttempt: isPerAttempt(dimensions, config.match),
      told: undefined,
      budget: {
        warnAt: [...config.warn_at].sort((a, b) => a - b),
        webhook: config.webhook,
        fallbackRoute: typeof config.on_exhausted === 'object' ? config.on_exhausted.route : undefined,
      },
    });
  });
}
