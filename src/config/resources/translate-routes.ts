import { parseDuration } from '../units.ts';
import { compact } from './compact.ts';
import type { FallbackInput, RouteMatchInput, TargetInput, TimeoutInput, VirtualRouteInput } from './config-input.ts';
import type { KindBody } from './kinds.ts';
import type { Report } from './report.ts';
import { compareAge, type Resource, type ResourcePath } from './resource.ts';
import { followReference, type ResourceSet } from './resource-set.ts';
import type { OpenListener } from './translate-gateways.ts';
import { translateBodyMutation, translateHeaderMutation } from './translate-mutations.ts';
import type { TrafficLookup } from './translate-retry.ts';

/** Header that stands for the model in matches: the gateway fills it from the request's body. */
const MODEL_HEADER = 'x-ai-eg-model';

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
  /** Everything but name and match. */
  rest: Omit<VirtualRouteInput, 'name' | 'match'>;
}

/** What turning routes needs. */
export interface RouteContext {
  set: ResourceSet;
  report: Report;
  traffic: TrafficLookup;
}

/** The flat routes of one AIGatewayRoute. Rules without a usable target are reported and left out. */
export function flattenRoute(route: AiRoute, listeners: readonly OpenListener[], context: RouteContext): FlatRoute[] {
  return route.body.spec.rules.flatMap((rule, index) => {
    const path = ['spec', 'rules', index];
    const targets = translateTargets(route, rule, { ...context, path });
    if (targets === undefined) return [];
    const rest = { ...targets, ...ruleSettings(route, rule, { listeners, ...context }) };
    const matches = rule.matches === undefined || rule.matches.length === 0 ? [{}] : rule.matches;
    return matches.map((match, matchIndex) => ({
      ruleId: `${route.namespace}/${route.name}/rule/${index}`,
      matchIndex,
      matchCount: matches.length,
      ...translateMatch(match),
      route,
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

function translateMatch(match: RuleMatch): Pick<FlatRoute, 'match' | 'headers' | 'exactHeaders'> {
  const conditions = match.headers ?? [];
  const headers: NonNullable<RouteMatchInput['headers']> = {};
  let model: RouteMatchInput['model'];
  for (const { name, type = 'Exact', value } of conditions) {
    const condition = type === 'Exact' ? { exact: value } : { regex: value };
    if (name.toLowerCase() === MODEL_HEADER) model = condition;
    else headers[name.toLowerCase()] = condition;
  }
  return {
    match: compact({ model, headers: Object.keys(headers).length === 0 ? undefined : headers }),
    headers: conditions.length,
    exactHeaders: conditions.filter(({ type = 'Exact' }) => type === 'Exact').length,
  };
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
  const targets = references.flatMap((reference, index) => {
    const target = translateTarget(route, reference, { ...context, path: [...path, 'backendRefs', index] });
    return target === undefined ? [] : [{ ...target, priority: reference.priority ?? 0 }];
  });
  if (targets.length === 0) return undefined;
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

function translateTarget(route: AiRoute, reference: BackendRef, context: TargetContext): TargetInput | undefined {
  const { set, report, path } = context;
  const backend = followReference(
    set,
    { kind: 'AIServiceBackend', name: reference.name, namespace: reference.namespace || undefined },
    { report, from: route, path: [...path, 'name'], grantedKinds: ['AIGatewayRoute'] },
  );
  if (backend === undefined) return undefined;
  return compact({
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
}

function ruleSettings(
  route: AiRoute,
  rule: Rule,
  context: RouteContext & { listeners: readonly OpenListener[] },
): Pick<VirtualRouteInput, 'retry' | 'timeout' | 'models'> {
  const settings = context.traffic({
    route: `${route.namespace}/${route.name}`,
    rule: rule.name,
    listeners: context.listeners,
  });
  const perTry = settings.retry?.per_try_timeout ?? boundedDuration(rule.timeouts?.backendRequest);
  const retry = compact({ ...settings.retry, per_try_timeout: perTry });
  const timeout: TimeoutInput = compact({
    request: rule.timeouts?.request ?? settings.requestTimeout,
    // Envoy's idle timeout of an attempt runs from the start of it, so it bounds the first byte too.
    first_token: boundedDuration(rule.streamIdleTimeout),
    idle: boundedDuration(rule.streamIdleTimeout),
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
  });
}

/** A duration that bounds something: zero means no bound. */
function boundedDuration(text: string | undefined): string | undefined {
  return text === undefined || parseDuration(text) === 0 ? undefined : text;
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}
