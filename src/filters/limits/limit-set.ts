import type { CompiledLimit } from './limit.ts';

/** Limits by when they are reserved. */
export interface LimitSet {
  /** Before the first attempt. */
  readonly request: readonly CompiledLimit[];
  /** For each attempt, since they go by what it is sent to. */
  readonly attempt: readonly CompiledLimit[];
}

/** No limits. */
export const NO_LIMITS: LimitSet = Object.freeze({ request: Object.freeze([]), attempt: Object.freeze([]) });

/** Sorts limits by when they are reserved. */
export function toLimitSet(limits: readonly CompiledLimit[]): LimitSet {
  if (limits.length === 0) return NO_LIMITS;
  return Object.freeze({
    request: Object.freeze(limits.filter((limit) => !limit.perAttempt)),
    attempt: Object.freeze(limits.filter((limit) => limit.perAttempt)),
  });
}

/** Several lists in one, in their order; the only one that holds something as it is. */
export function joinLimits(
  first: readonly CompiledLimit[],
  second: readonly CompiledLimit[],
  third: readonly CompiledLimit[],
): readonly CompiledLimit[] {
  if (second.length === 0 && third.length === 0) return first;
  if (first.length === 0 && third.length === 0) return second;
  if (first.length === 0 && second.length === 0) return third;
  return [...first, ...second, ...third];
}

/** Joins the limits of a virtual service to those of its callers and routes: the same list again for the same of these. */
export class ServiceLimits {
  readonly #own: readonly CompiledLimit[];
  /** By the caller's limits, which go with their account. */
  readonly #known = new WeakMap<readonly CompiledLimit[], Joined>();

  constructor(own: readonly CompiledLimit[]) {
    this.#own = own;
  }

  /** The caller's limits, the service's and the route's, in this order. */
  join(caller: readonly CompiledLimit[], route: readonly CompiledLimit[]): readonly CompiledLimit[] {
    const known = this.#known.get(caller);
    if (known?.route === route) return known.limits;
    const limits = joinLimits(caller, this.#own, route);
    this.#known.set(caller, { route, limits });
    return limits;
  }
}

interface Joined {
  readonly route: readonly CompiledLimit[];
  readonly limits: readonly CompiledLimit[];
}
