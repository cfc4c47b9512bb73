import { GatewayError } from '../errors/gateway-error.ts';
import { PROVIDER_NAMES, type ProviderDescriptor } from '../providers/provider.ts';
import { providerDescriptor } from '../providers/registry.ts';
import { prefixHash } from '../routing/balance/affinity-key.ts';
import { hash32 } from '../routing/balance/hash.ts';
import type { Route, Service, StickySource, Target } from '../snapshot/snapshot.ts';
import { isBilled } from './account-usage.ts';
import { attemptLimits } from './admit-limits.ts';
import { AttemptPlan } from './attempts/attempt-plan.ts';
import type { AttemptRun } from './attempts/make-attempt.ts';
import { canServe, provides } from './binding.ts';
import type { Lane, LiveRoute } from './live.ts';
import { promptPrefixHash } from './prompt-prefix.ts';
import { targetModel } from './provider-request.ts';
import { createRouteInput } from './route-input.ts';
import type { ExchangeState } from './state.ts';

/** The route of `cluster/model` addressing, with the model's own name put in place. */
function addressedRoute(state: ExchangeState, service: Service): Route | undefined {
  const model = state.model ?? '';
  const slash = model.indexOf('/');
  if (slash <= 0 || slash === model.length - 1) return undefined;
  const route = service.addressable.get(model.slice(0, slash));
  if (route === undefined) return undefined;
  state.model = model.slice(slash + 1);
  return route;
}

function notFound(state: ExchangeState): GatewayError {
  if (state.model === undefined) return new GatewayError('route_not_found', `No route serves ${state.path}.`);
  return new GatewayError(
    'model_not_found',
    `The model "${state.model}" is not served here: no route matches it. GET /v1/models lists the models that are.`,
    { param: 'model' },
  );
}

const NO_LANES: readonly Lane[] = [];

const MOST_NAMED = 5;

/** What providers are called, the first few of them. */
function titles(providers: readonly ProviderDescriptor[]): string {
  const names = [...new Set(providers.map(({ title }) => title))];
  if (names.length <= MOST_NAMED) return names.join(', ');
  return `${names.slice(0, MOST_NAMED).join(', ')} and ${names.length - MOST_NAMED} more`;
}

/** No target has the operation: names those that were to have it, and kinds of providers that do. */
function unsupported(state: ExchangeState, targets: readonly Target[]): GatewayError {
  const asked = titles(targets.map((target) => target.cluster.provider));
  const of = state.model === undefined ? 'any provider that is routed to' : 'the provider of this model';
  const able = PROVIDER_NAMES.filter((name) => name !== 'demo')
    .map(providerDescriptor)
    .filter((provider) => provides(state, provider));
  const mend = state.model === undefined ? 'add a route to one that has it' : 'use a model of one that has it';
  return new GatewayError(
    'unsupported_operation',
    `${state.path} is not available from ${of} (${asked}); ${mend}: ${titles(able)}.`,
  );
}

/** Finds the route that takes the request. Throws `model_not_found`, `route_not_found` or `unsupported_operation`. */
export function findRoute(state: ExchangeState, service: Service): Route {
  const input = createRouteInput(state, service.routes.bodyFields);
  if (state.model === undefined) {
    const dialect = state.endpoint?.dialect;
    const routes = service.routes.findWithoutModel(input);
    const serving = routes.find(
      (route) => dialect !== undefined && route.targets.some((target) => target.cluster.provider.dialects[dialect]),
    );
    if (serving !== undefined) return serving;
    if (routes.length === 0) throw notFound(state);
    throw unsupported(
      state,
      routes.flatMap((route) => route.targets),
    );
  }
  const route = service.routes.find(input);
  if (route !== undefined && !route.catchAll) return route;
  const addressed = addressedRoute(state, service) ?? route;
  if (addressed === undefined) throw notFound(state);
  return addressed;
}

/** Hash of what binds the caller to a target of a split; undefined: nothing does, or the request does not say. */
function stickyHash(state: ExchangeState, route: Route): number | undefined {
  const { splitBy } = route;
  if (splitBy === undefined) return undefined;
  const value = typeof splitBy === 'object' ? state.request.header(splitBy.header) : stickyValue(state, splitBy);
  return value === undefined || value === '' ? undefined : hash32(value);
}

function stickyValue(state: ExchangeState, source: Extract<StickySource, string>): string | undefined {
  if (source === 'ip') return state.request.remoteAddress;
  if (source === 'end_user') return state.endUser;
  const { principal } = state;
  if (principal === undefined) return undefined;
  return source === 'key' ? principal.key?.name : principal[source];
}

/** Hash of what affinity goes by: a session id, or the beginning of the prompt. */
function affinityHash(state: ExchangeState, route: Route): number | undefined {
  if (route.balance.strategy !== 'affinity') return undefined;
  const { header } = route.balance;
  if (header !== undefined) {
    const session = state.request.header(header);
    return session === undefined ? undefined : prefixHash([session]);
  }
  return state.body === undefined ? undefined : promptPrefixHash(state);
}

/** Whether a target's price is known, where only such are to be asked. */
function mayCost(state: ExchangeState, target: Target): boolean {
  if (state.service?.pricedOnly !== true || !isBilled(state)) return true;
  return state.bound.clusters[target.cluster.index]?.prices.find(targetModel(state, target)) !== undefined;
}

function priceUnknown(state: ExchangeState, route: Route): GatewayError {
  const models = [...new Set(route.targets.map((target) => targetModel(state, target)))].join(', ');
  return new GatewayError(
    'price_unknown',
    `The price of ${models} is not known, and models without a price are not served here.`,
    { param: 'model' },
  );
}

/**
 * Prepares the attempts of a route. Targets that cannot serve the operation are left out; throws
 * `unsupported_operation` when none can, `price_unknown` when those that can have no price and have to.
 */
export function plan(state: ExchangeState, route: Route): AttemptRun {
  const live = state.bound.routes[route.index] as LiveRoute;
  const context = state.pick;
  context.affinityHash = affinityHash(state, route);
  if (live.tracksLoad) context.promptTokens = state.promptTokens;
  const attempts = new AttemptPlan(live, {
    context,
    stickyHash: stickyHash(state, route),
    canServe: (target) => canServe(state, target.target) && mayCost(state, target.target),
  });
  if (!attempts.servable()) {
    if (route.targets.some((target) => canServe(state, target))) throw priceUnknown(state, route);
    throw unsupported(state, route.targets);
  }
  return { state, live, plan: attempts, attemptLimits: attemptLimits(state, live), triedLanes: NO_LANES };
}
