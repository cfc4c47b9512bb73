import type { CompiledLimit } from '../filters/limits/limit.ts';
import { findRefusal } from '../filters/organizations/allowances.ts';
import { limitsOf } from '../filters/organizations/organization-tree.ts';
import type { Route, Service } from '../snapshot/snapshot.ts';
import type { LiveRoute } from './live.ts';
import { denialError, isDenial, type LimitDenial, reserve } from './reserve.ts';
import type { ExchangeState, HeldLimits } from './state.ts';

/** A request is led from a used-up budget to another route at most this often. */
const MAX_DETOURS = 3;

/** Throws GatewayError `not_allowed` when the caller may not do this. */
export function checkAllowed(state: ExchangeState): void {
  const account = state.principal?.account;
  if (account === undefined) return;
  const refusal = findRefusal(account, {
    model: state.model,
    operation: state.endpoint?.operation ?? '',
    route: state.route?.name ?? '',
    ip: state.request.remoteAddress,
  });
  if (refusal !== undefined) throw refusal;
}

function limitsFor(state: ExchangeState, service: Service, route: LiveRoute): readonly CompiledLimit[] {
  const ofService = state.bound.services[service.index]?.limits ?? [];
  const { principal } = state;
  if (principal?.account === undefined) {
    return ofService.length === 0 ? route.limits : [...ofService, ...route.limits];
  }
  return [...limitsOf(principal.account), ...ofService, ...route.limits];
}

const NO_LIMITS: readonly CompiledLimit[] = [];

/** The limits of a request that go by the cluster of each attempt. */
export function attemptLimits(state: ExchangeState, route: LiveRoute): readonly CompiledLimit[] {
  const service = state.bound.snapshot.services.find((one) => one.name === route.route.service);
  if (service === undefined || !state.bound.hasAttemptLimits) return NO_LIMITS;
  return limitsFor(state, service, route).filter((limit) => limit.perAttempt);
}

/** Takes what the counters gave; tells the caller, and whoever else is to be told, of budgets that run low. */
function take(state: ExchangeState, held: HeldLimits): void {
  state.held = held;
  for (const [index, limit] of held.limits.entries()) {
    const standing = held.states[index];
    if (limit.budget === undefined || standing === undefined || standing.limit <= 0) continue;
    const percent = (standing.used / standing.limit) * 100;
    const reached = limit.budget.warnAt.findLast((threshold) => percent >= threshold);
    if (reached === undefined) continue;
    state.warnings.push(`The budget "${limit.name}" is used up to ${Math.min(100, Math.floor(percent))} %.`);
    state.runtime.budgetReached(limit, { threshold: reached, percent, resetMs: standing.resetMs });
  }
}

/** The route that takes requests whose budget is used up; undefined when the denial is no such budget's. */
function detour(state: ExchangeState, service: Service, { limit }: LimitDenial): Route | undefined {
  const name = limit.budget?.fallbackRoute;
  if (name === undefined) return undefined;
  return state.bound.snapshot.routes.find((route) => route.service === service.name && route.name === name);
}

/**
 * Reserves what the request is expected to take of every limit it is under: those of its caller's levels, of the service and
 * of the route. A used-up budget may lead it to another route, which `state.route` then is. Throws, or rejects with, GatewayError
 * `rate_limit_exceeded`, `budget_exceeded` or `store_unavailable`. A promise only where the counters are elsewhere.
 */
export function admitLimits(
  state: ExchangeState,
  service: Service,
  waived: ReadonlySet<CompiledLimit> = new Set(),
): void | Promise<void> {
  const route = state.bound.routes[state.route?.index ?? -1] as LiveRoute;
  const limits = limitsFor(state, service, route).filter((limit) => !limit.perAttempt);
  if (limits.length === 0) return;
  const { targets } = route.route;
  const result = reserve(state, { limits, targets, target: undefined, waived });
  if (result === undefined) return;
  const decide = (held: HeldLimits | LimitDenial): void | Promise<void> => {
    if (!isDenial(held)) return take(state, held);
    const other = waived.size < MAX_DETOURS ? detour(state, service, held) : undefined;
    if (other === undefined) throw denialError(state, held);
    state.runtime.budgetReached(held.limit, { threshold: 100, percent: 100, resetMs: held.state.resetMs });
    state.warnings.push(`The budget "${held.limit.name}" is used up; the route "${other.name}" takes the request.`);
    state.route = other;
    return admitLimits(state, service, new Set([...waived, held.limit]));
  };
  return result instanceof Promise ? result.then(decide) : decide(result);
}
