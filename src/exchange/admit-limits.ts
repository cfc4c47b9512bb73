import type { CompiledLimit } from '../filters/limits/limit.ts';
import { joinLimits, NO_LIMITS } from '../filters/limits/limit-set.ts';
import { findRefusal } from '../filters/organizations/allowances.ts';
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
  });
  if (refusal !== undefined) throw refusal;
}

/** The limits of a request that go by what each attempt is sent to. */
export function attemptLimits(state: ExchangeState, route: LiveRoute): readonly CompiledLimit[] {
  const ofCaller = state.principal?.account?.allLimits ?? NO_LIMITS;
  const ofService = state.service?.limits ?? NO_LIMITS;
  return joinLimits(ofCaller.attempt, ofService.attempt, route.limits.attempt);
}

/** Takes what the counters gave; tells the caller, and whoever else is to be told, of budgets that run low. */
function take(state: ExchangeState, held: HeldLimits): void {
  state.held = held;
  for (let index = 0; index < held.limits.length; index++) {
    const limit = held.limits[index] as CompiledLimit;
    const standing = held.states[index];
    if (limit.budget === undefined || standing === undefined || standing.limit <= 0) continue;
    const percent = (standing.used / standing.limit) * 100;
    const { warnAt } = limit.budget;
    // Most are far from where they warn.
    if (percent < 100 && !(percent >= (warnAt[0] ?? 100))) continue;
    const reached = percent >= 100 ? 100 : warnAt.findLast((threshold) => percent >= threshold);
    if (reached === undefined) continue;
    state.warnings.push(`The budget "${limit.name}" is used up to ${Math.min(100, Math.floor(percent))} %.`);
    // What is full with reservations may be given back: a budget that refuses is told of when it does.
    if (reached === 100 && limit.enforce) continue;
    state.runtime.budgetReached(limit, { threshold: reached, percent, resetMs: standing.resetMs });
  }
}

/** Tells whoever is to be told of a budget that refuses requests now. */
function tellExhausted(state: ExchangeState, { limit, state: standing }: LimitDenial): void {
  if (limit.budget === undefined) return;
  const percent = standing.limit > 0 ? (standing.used / standing.limit) * 100 : 100;
  state.runtime.budgetReached(limit, { threshold: 100, percent, resetMs: standing.resetMs });
}

/** The route that takes requests whose budget is used up; undefined when the denial is no such budget's. */
function detour(state: ExchangeState, service: Service, { limit }: LimitDenial): Route | undefined {
  const name = limit.budget?.fallbackRoute;
  if (name === undefined || name === state.route?.name) return undefined;
  return state.bound.snapshot.routes.find((route) => route.service === service.name && route.name === name);
}

/**
 * Reserves what the request is expected to take of every limit it is under: those of its caller's levels, of the service and
 * of the route. A used-up budget may lead it to another route, which `state.route` then is. Throws, or rejects with, GatewayError
 * `rate_limit_exceeded`, `budget_exceeded`, `not_allowed` or `store_unavailable`. A promise only where the counters are elsewhere.
 */
export function admitLimits(
  state: ExchangeState,
  service: Service,
  waived?: ReadonlySet<CompiledLimit>,
): void | Promise<void> {
  const route = state.bound.routes[state.route?.index ?? -1] as LiveRoute;
  const ofCaller = state.principal?.account?.allLimits ?? NO_LIMITS;
  const limits =
    state.service?.requestLimits.join(ofCaller.request, route.limits.request) ??
    joinLimits(ofCaller.request, NO_LIMITS.request, route.limits.request);
  if (limits.length === 0) return;
  const { targets } = route.route;
  const result = reserve(state, { limits, targets, target: undefined, waived });
  if (result === undefined) return;
  if (result instanceof Promise) {
    return result.then((held) =>
      isDenial(held) ? denied(state, service, { denial: held, waived }) : take(state, held),
    );
  }
  return isDenial(result) ? denied(state, service, { denial: result, waived }) : take(state, result);
}

/** Leads a request that was refused to the route of the used-up budget, or throws why it was. */
function denied(
  state: ExchangeState,
  service: Service,
  { denial, waived }: { denial: LimitDenial; waived: ReadonlySet<CompiledLimit> | undefined },
): void | Promise<void> {
  tellExhausted(state, denial);
  const other = (waived?.size ?? 0) < MAX_DETOURS ? detour(state, service, denial) : undefined;
  if (other === undefined) throw denialError(state, denial);
  state.warnings.push(`The budget "${denial.limit.name}" is used up; the route "${other.name}" takes the request.`);
  state.route = other;
  // Where the caller may go decides on this way too.
  checkAllowed(state);
  return admitLimits(state, service, new Set([...(waived ?? []), denial.limit]));
}
