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
