import { GatewayError } from '../errors/gateway-error.ts';
import { attemptOrder } from '../routing/attempts.ts';
import type { RouteInput } from '../routing/route-table.ts';
import type { Route, Service, Target } from '../snapshot/snapshot.ts';
import { canServe } from './binding.ts';
import type { ExchangeState } from './state.ts';

/** Header in which the reference system shows the model to its routes; a client's own value never counts. */
const MODEL_HEADER = 'x-ai-eg-model';

function routeInput(state: ExchangeState): RouteInput {
  return {
    model: state.model,
    path: state.path,
    header: (name) => (name === MODEL_HEADER ? state.model : state.request.header(name)),
  };
}

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

/** Finds the route that takes the request. Throws `model_not_found` or `route_not_found`. */
export function findRoute(state: ExchangeState, service: Service): Route {
  const input = routeInput(state);
  if (state.model === undefined) {
    const dialect = state.endpoint?.dialect;
    const routes = service.routes.findWithoutModel(input);
    const serving = routes.find(
      (route) => dialect !== undefined && route.targets.some((target) => target.cluster.provider.dialects[dialect]),
    );
    if (serving === undefined) throw notFound(state);
    return serving;
  }
  const route = service.routes.find(input);
  if (route !== undefined && !route.catchAll) return route;
  const addressed = addressedRoute(state, service) ?? route;
  if (addressed === undefined) throw notFound(state);
  return addressed;
}

/**
 * Decides the route and the order of attempts. Targets that cannot serve the operation are left out;
 * throws `unsupported_operation` when none can.
 */
export function plan(state: ExchangeState, service: Service): Target[] {
  const route = findRoute(state, service);
  state.route = route;
  const order = attemptOrder(route.tiers, (tier) => route.splits[tier]?.next() ?? 0, route.retry);
  const targets: Target[] = [];
  for (const index of order) {
    const target = route.targets[index] as Target;
    if (canServe(state, target)) targets.push(target);
  }
  if (targets.length === 0) {
    const names = [...new Set(route.targets.map((target) => target.cluster.provider.title))].join(', ');
    throw new GatewayError(
      'unsupported_operation',
      `${state.path} is not available from the provider of this model (${names}); use another model or endpoint.`,
    );
  }
  return targets;
}
