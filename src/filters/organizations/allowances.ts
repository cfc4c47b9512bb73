import { GatewayError } from '../../errors/gateway-error.ts';
import { compileGlob, type Matcher } from '../../routing/pattern.ts';
import { compileAddressRanges } from '../address-ranges.ts';
import type { Account, Allowances } from './account.ts';

/** What a level may be confined to, as configured or as stored with an issued key. */
export interface AllowancesInput {
  readonly allowed_models?: readonly string[] | undefined;
  readonly allowed_operations?: readonly string[] | undefined;
  readonly allowed_routes?: readonly string[] | undefined;
  readonly allowed_ips?: readonly string[] | undefined;
}

/** What of a request allowances look at. */
export interface AllowedRequest {
  /** Undefined for operations without a model. */
  readonly model: string | undefined;
  readonly operation: string;
  /** Name of the virtual route. */
  readonly route: string;
}

/** Operations whose models stand in a file that the gateway does not read. */
const UNREAD_MODELS: ReadonlySet<string> = new Set(['batches', 'fine_tuning']);

/** What most levels are confined to: nothing. */
export const UNCONFINED: Allowances = Object.freeze({
  models: undefined,
  operations: undefined,
  routes: undefined,
  addresses: undefined,
  expiresMs: Number.POSITIVE_INFINITY,
});

/** Compiles what a level is confined to. Throws Error with a readable message for an address that is none. */
export function compileAllowances(input: AllowancesInput, expiresMs = Number.POSITIVE_INFINITY): Allowances {
  const { allowed_models: models, allowed_operations: operations, allowed_routes: routes, allowed_ips: ips } = input;
  const confined = models !== undefined || operations !== undefined || routes !== undefined || ips !== undefined;
  if (!confined && expiresMs === Number.POSITIVE_INFINITY) return UNCONFINED;
  return {
    models: models?.map(compileGlob),
    operations: operations === undefined ? undefined : new Set(operations),
    routes: routes === undefined ? undefined : new Set(routes),
    addresses: ips === undefined ? undefined : compileAddressRanges(ips),
    expiresMs,
  };
}

function refusal(account: Account, what: string): GatewayError {
  return new GatewayError('not_allowed', `The ${account.level} "${account.name}" may not use ${what}.`);
}

function isOneOf(models: readonly Matcher[], model: string): boolean {
  for (const matches of models) if (matches(model)) return true;
  return false;
}

/** Whether all levels from `account` outwards may use a model over a route, whatever for. */
export function mayUseModel(account: Account, model: string, route: string | undefined): boolean {
  for (let level = account.confined; level !== undefined; level = level.parent?.confined) {
    const { models, routes } = level.allowances;
    if (models !== undefined && !isOneOf(models, model)) return false;
    if (routes !== undefined && (route === undefined || !routes.has(route))) return false;
  }
  return true;
}

/** Why one of the levels from `account` outwards does not allow a request; undefined when all do. */
export function findRefusal(account: Account, request: AllowedRequest): GatewayError | undefined {
  for (let level = account.confined; level !== undefined; level = level.parent?.confined) {
    const { models, operations, routes } = level.allowances;
    if (operations !== undefined && !operations.has(request.operation)) return refusal(level, request.operation);
    if (routes !== undefined && !routes.has(request.route)) return refusal(level, `the route "${request.route}"`);
    if (models === undefined) continue;
    const { model } = request;
    if (model !== undefined && !isOneOf(models, model)) return refusal(level, `the model "${model}"`);
    if (model === undefined && operations === undefined && UNREAD_MODELS.has(request.operation)) {
      return refusal(level, `${request.operation}: its models are confined, and those of a file are not seen`);
    }
  }
  return undefined;
}

/** Why a caller may not come in at all: from this address, or at this time; undefined when it may. */
export function findAdmissionRefusal(account: Account, ip: string, nowMs: number): GatewayError | undefined {
  for (let level = account.confined; level !== undefined; level = level.parent?.confined) {
    const { addresses, expiresMs } = level.allowances;
    if (nowMs >= expiresMs) return new GatewayError('unauthenticated', 'The API key has expired.');
    if (addresses !== undefined && !addresses(ip)) {
      return new GatewayError('not_allowed', `The ${level.level} "${level.name}" may not be used from this address.`);
    }
  }
  return undefined;
}
