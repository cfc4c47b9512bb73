import { parseDuration } from '../units.ts';
import { compact } from './compact.ts';
import type { FallbackInput, RouteMatchInput, TargetInput, TimeoutInput, VirtualRouteInput } from './config-input.ts';
import type { KindBody } from './kinds.ts';
import { MODEL_HEADER } from './model-header.ts';
import type { IdentityHeaders } from './rate-limit-selectors.ts';
import type { Report } from './report.ts';
import { type CostTable, requestCosts } from './request-costs.ts';
import { compareAge, type Resource, type ResourcePath } from './resource.ts';
import { followReference, type ResourceSet } from './resource-set.ts';
import type { OwnedTraffic } from './translate-cluster-traffic.ts';
import type { OpenListener } from './translate-gateways.ts';
import { translateBodyMutation, translateHeaderMutation } from './translate-mutations.ts';
import { translateRateLimits } from './translate-rate-limits.ts';
import type { GuardLookup } from './translate-security.ts';
import type { TrafficLookup, TrafficSettings } from './translate-traffic.ts';

type AiRoute = Resource<KindBody<'AIGatewayRoute'>>;
type Rule = AiRoute['body']['spec']['rules'][number];
type RuleMatch = NonNullable<Rule['matches']>[number];
type BackendRef = NonNullable<Rule['backendRefs']>[number];

/** One match of one rule, with what decides its place among all others. */
export interface FlatRoute {
  /** `namespace/name/rule/index`: the same for all matches of a rule. */
  ruleId: string;
  matchIndex: number;
  /** How many matches the rule has. */
  matchCount: number;
  match: RouteMatchInput;
  /** Conditions of the match, and how many of them are exact. */
  headers: number;
  exactHeaders: number;
  route: AiRoute;
  /** The rule's name. */
  rule: string | undefined;
  /** What a BackendTrafficPolicy says of the rule's backends. */
  backends: OwnedTraffic | undefined;
  /** Everything but name and match. */
  rest: Omit<VirtualRouteInput, 'name' | 'match'>;
}

/** What turning routes needs. */
export interface RouteContext {
  set: ResourceSet;
  report: Report;
  traffic: TrafficLookup;
  guards: GuardLookup;
}

/** The flat routes of one AIGatewayRoute. Rules without a usable target are reported and left out. */
export function flattenRoute(route: AiRoute, listeners: readonly OpenListener[], context: RouteContext): FlatRoute[] {
  const costs = requestCosts(route, listeners, context);
  return route.body.spec.rules.flatMap((rule, index) => {
    const path = ['spec', 'rules', index];
    const targets = translateTargets(route, rule, { ...context, path });
    if (targets === undefined) return [];
    const address = { route: `${route.namespace}/${route.name}`, rule: rule.name, listeners };
    const settings = context.traffic(address);
    const identities = context.guards(address)?.identities ?? new Map();
    const rest = {
      ...targets,
      ...ruleSettings(route, rule, settings),
      ...limitsOf(settings, { costs, identities, route, rule, context }),
    };
    const matches = rule.matches === undefined || rule.matches.length === 0 ? [{}] : rule.matches;
    return matches.map((match, matchIndex) => ({
      ruleId: `${route.namespace}/${route.name}/rule/${index}`,
      matchIndex,
      matchCount: matches.length,
      ...translateMatch(match, { route, path: [...path, 'matches', matchIndex], identities, report: context.report }),
      route,
      rule: rule.name,
      backends: settings.backends,
      rest,
    }));
  });
}

/**
 * Gateway API precedence: more header conditions first, then more exact ones, then the older route, then the
 * order of the documents, rules and matches.
 */
export function compareFlatRoutes(a: FlatRoute, b: FlatRoute): number {
  return (
    b.headers - a.headers ||
    b.exactHeaders - a.exactHeaders ||
    compareAge(a.route, b.route) ||
    a.route.order - b.route.order
  );
}

interface MatchContext {
  route: AiRoute;
  path: ResourcePath;
  identities: IdentityHeaders;
  report: Report;
}

function translateMatch(
  match: RuleMatch,
  context: MatchContext,
): Pick<FlatRoute, 'match' | 'headers' | 'exactHeaders'> {
  const conditions = match.headers ?? [];
  const headers: NonNullable<RouteMatchInput['headers']> = {};
  let model: RouteMatchInput['model'];
  let caller: RouteMatchInput = {};
  for (const [index, { name: written, type = 'Exact', value }] of conditions.entries()) {
    const name = written.toLowerCase();
    const condition = type === 'Exact' ? { exact: value } : { regex: value };
    if (name === MODEL_HEADER) model = condition;
    else if (!context.identities.has(name)) headers[name] = condition;
    else {
      const place = { ...context, path: [...context.path, 'headers', index] };
      caller = { ...caller, ...callerCondition({ name, type, value }, caller, place) };
    }
  }
  return {
    match: compact({ model, headers: Object.keys(headers).length === 0 ? undefined : headers, ...caller }),
    headers: conditions.length,
    exactHeaders: conditions.filter(({ type = 'Exact' }) => type === 'Exact').length,
  };
}

/** A condition on a header that authentication sets is one on who is calling: clients can write headers. */
function callerCondition(
  { name, type, value }: { name: string; type: 'Exact' | 'RegularExpression'; value: string },
  known: RouteMatchInput,
  { identities, report, route, path }: MatchContext,
): RouteMatchInput {
  const identity = identities.get(name);
  if (identity?.kind === 'claim') {
    return { claims: { ...known.claims, [identity.claim]: type === 'Exact' ? { exact: value } : { regex: value } } };
  }
  if (type === 'Exact') return identity?.kind === 'user' ? { users: [value] } : { keys: [value] };
  const message = `${name} is set by authentication and can be compared with exact values only`;
  report.error(route, path, message, { fix: 'write type: Exact' });
  return {};
}

interface TargetContext extends RouteContext {
  path: ResourcePath;
}

/** `split` and `fallback` of a rule; undefined when it has nothing to send requests to. */
function translateTargets(
  route: AiRoute,
  rule: Rule,
  context: TargetContext,
): Pick<VirtualRouteInput, 'split' | 'fallback'> | undefined {
  const { report, path } = context;
  const references = rule.backendRefs ?? [];
  if (references.length === 0) {
    report.warning(route, path, 'has no backendRefs: its requests are not answered');
    return undefined;
  }
  if (references.some((reference) => reference.kind !== undefined)) {
    const message = 'InferencePool is not supported yet: the requests of this rule are not answered';
    report.warning(route, [...path, 'backendRefs', 0], message);
    return undefined;
  }
  const found = references.flatMap((reference, index) => {
    const target = translateTarget(route, reference, { ...context, path: [...path, 'backendRefs', index] });
    return target === undefined ? [] : [{ ...target, written: reference.priority ?? 0 }];
  });
  if (found.length === 0) return undefined;
  // What its Backend calls a fallback comes after all others, unless the route gives it a place of its own.
  const last = Math.max(0, ...found.map(({ isFallback, written }) => (isFallback && written === 0 ? 0 : written)));
  const targets = found.map(({ target, isFallback, written }) => {
    return { ...target, priority: isFallback && written === 0 ? last + 1 : written };
  });
  const first = Math.min(...targets.map((target) => target.priority));
  const split: TargetInput[] = [];
  const fallback: FallbackInput[] = [];
  for (const { priority, ...target } of targets) {
    if (priority === first) split.push(target);
    else if (target.weight === 0)
      report.warning(route, path, `${target.cluster} has weight 0 and is never tried: ignored`);
    else fallback.push({ ...target, priority: priority - first });
  }
  if (split.every((target) => target.weight === 0)) {
    report.warning(route, path, `all backends of priority ${first} have weight 0: its requests are not answered`);
    return undefined;
  }
  return compact({ split, fallback: fallback.length === 0 ? undefined : fallback });
}

function translateTarget(
  route: AiRoute,
  reference: BackendRef,
  context: TargetContext,
): { target: TargetInput; isFallback: boolean } | undefined {
  const { set, report, path } = context;
  const backend = followReference(
    set,
    { kind: 'AIServiceBackend', name: reference.name, namespace: reference.namespace || undefined },
    { report, from: route, path: [...path, 'name'], grantedKinds: ['AIGatewayRoute'] },
  );
  if (backend === undefined) return undefined;
  const { backendRef } = backend.body.spec;
  const endpoints = set.find('Backend', backendRef.namespace ?? backend.namespace, backendRef.name);
  const target = compact({
    cluster: `${backend.namespace}/${backend.name}`,
    model: reference.modelNameOverride || undefined,
    weight: reference.weight,
    header_mutation: translateHeaderMutation(reference.headerMutation, {
      from: route,
      path: [...path, 'headerMutation'],
      report,
    }),
    body_mutation: translateBodyMutation(reference.bodyMutation),
  });
  return { target, isFallback: endpoints?.body.spec.fallback === true };
}

function ruleSettings(
  route: AiRoute,
  rule: Rule,
  settings: TrafficSettings,
): Pick<VirtualRouteInput, 'retry' | 'timeout' | 'models' | 'split_by'> {
  const perTry = settings.retry?.per_try_timeout ?? boundedDuration(rule.timeouts?.backendRequest);
  const retry = compact({ ...settings.retry, per_try_timeout: perTry });
  // Envoy's idle timeouts of an attempt and of a stream run from the start, so they bound the first byte too.
  const idle = boundedDuration(rule.streamIdleTimeout ?? settings.streamIdleTimeout);
  const timeout: TimeoutInput = compact({
    request: rule.timeouts?.request ?? shorter(settings.requestTimeout, settings.maxStreamDuration),
    first_token: idle,
    idle,
  });
  const created = rule.modelsCreatedAt === undefined ? route.createdAt : Date.parse(rule.modelsCreatedAt);
  const models = compact({
    owned_by: rule.modelsOwnedBy,
    created: created === undefined ? undefined : Math.floor(created / 1000),
  });
  return compact({
    retry: isEmpty(retry) ? undefined : retry,
    timeout: isEmpty(timeout) ? undefined : timeout,
    models: isEmpty(models) ? undefined : models,
    split_by: settings.splitBy,
  });
}

/** The shorter of two bounds, where zero is none. */
function shorter(first: string | undefined, second: string | undefined): string | undefined {
  const [a, b] = [boundedDuration(first), boundedDuration(second)];
  if (a === undefined || b === undefined) return a ?? b ?? first ?? second;
  return (parseDuration(a) ?? 0) <= (parseDuration(b) ?? 0) ? a : b;
}

interface LimitContext {
  route: AiRoute;
  costs: CostTable;
  identities: IdentityHeaders;
  rule: Rule;
  context: RouteContext;
}

function limitsOf(
  { rateLimits = [] }: TrafficSettings,
  { route, costs, identities, rule, context }: LimitContext,
): Pick<VirtualRouteInput, 'rate_limit'> {
  const limits = rateLimits.flatMap((rules) =>
    translateRateLimits(rules, {
      report: context.report,
      route: `${route.namespace}/${route.name}`,
      costs,
      identities,
    }),
  );
  const models = exactModels(rule);
  // What counts another model than the rule takes counts nothing here.
  const useful = limits.filter(({ match }) => {
    return models === undefined || typeof match?.model !== 'string' || models.has(match.model);
  });
  return useful.length === 0 ? {} : { rate_limit: useful };
}

/** The models that a rule takes; undefined when it takes others than those it names. */
function exactModels(rule: Rule): ReadonlySet<string> | undefined {
  const models = new Set<string>();
  for (const { headers = [] } of rule.matches ?? [{}]) {
    const model = headers.find(({ name }) => name.toLowerCase() === MODEL_HEADER);
    if (model === undefined || (model.type ?? 'Exact') !== 'Exact') return undefined;
    models.add(model.value);
  }
  return models.size === 0 ? undefined : models;
}

/** A duration that bounds something: zero means no bound. */
function boundedDuration(text: string | undefined): string | undefined {
  return text === undefined || parseDuration(text) === 0 ? undefined : text;
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}
