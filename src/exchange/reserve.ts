import { amountOf, toCounter } from '../filters/limits/amounts.ts';
import type { CompiledLimit, LimitAmounts } from '../filters/limits/limit.ts';
import { limitRefusal } from '../filters/limits/limit-refusal.ts';
import { NO_AMOUNTS } from '../filters/limits/no-request.ts';
import { type EstimateOptions, estimateCostNanoUsd } from '../prices/cost.ts';
import type { Target } from '../snapshot/snapshot.ts';
import type { CounterLimit, LimitState, ReserveResult } from '../stores/counters/counter-store.ts';
import type { AttemptUsage } from '../telemetry/exchange-record.ts';
import { amountsOf, isBilled, wasAsked } from './account-usage.ts';
import { ExchangeLimitView } from './limit-view.ts';
import { inputEstimate, outputBound } from './output-bound.ts';
import { targetModel } from './provider-request.ts';
import { requestedUnits } from './request-units.ts';
import type { ExchangeState, HeldLimits } from './state.ts';

/** What the dearest of the targets may take for a request, in billionths of a dollar. */
function dearest(
  state: ExchangeState,
  targets: readonly Target[],
  tokens: { inputTokens: number; maxOutputTokens: number },
): number {
  const units = requestedUnits(state);
  const options = units === undefined ? PLAIN : { units };
  let nanoUsd = 0;
  for (const target of targets) {
    const price = state.bound.clusters[target.cluster.index]?.prices.find(targetModel(state, target));
    if (price !== undefined) nanoUsd = Math.max(nanoUsd, estimateCostNanoUsd(tokens, price, options) ?? 0);
  }
  return nanoUsd;
}

const PLAIN: EstimateOptions = Object.freeze({ plain: true });

/** What a request is expected to take at most, as far as it says. */
function estimate(state: ExchangeState, { limits, targets }: ReserveRequest): LimitAmounts {
  let counts = false;
  let costs = false;
  for (const { measure } of limits) {
    if (measure === 'usd') costs = true;
    if (measure !== 'requests' && measure !== 'concurrent') counts = true;
  }
  if (!counts) return NO_AMOUNTS;
  const billed = isBilled(state);
  const inputTokens = billed ? inputEstimate(state) : 0;
  const outputTokens = billed ? outputBound(state, state.bound.snapshot.limits.assumedOutputTokens) : 0;
  const nanoUsd = billed && costs ? dearest(state, targets, { inputTokens, maxOutputTokens: outputTokens }) : 0;
  const first = targets[0];
  return {
    inputTokens,
    outputTokens,
    cachedInputTokens: 0,
    cacheCreationInputTokens: 0,
    reasoningTokens: 0,
    nanoUsd,
    sentModel: first === undefined ? '' : targetModel(state, first),
    cluster: first?.cluster.name ?? '',
    route: state.route?.name ?? '',
  };
}

/** What limits ask of the counters. */
export interface ReserveRequest {
  readonly limits: readonly CompiledLimit[];
  /** The targets that may be asked: the dearest one is reserved for. */
  readonly targets: readonly Target[];
  /** Target of the attempt; undefined before one is chosen. */
  readonly target: Target | undefined;
  /** Limits that are counted but not enforced any more. */
  readonly waived?: ReadonlySet<CompiledLimit> | undefined;
}

/** A limit that refused. */
export interface LimitDenial {
  readonly limit: CompiledLimit;
  readonly state: LimitState;
}

function hold(held: readonly CompiledLimit[], result: ReserveResult): HeldLimits | LimitDenial {
  if (!result.allowed) {
    return { limit: held[result.deniedIndex] as CompiledLimit, state: result.states[result.deniedIndex] as LimitState };
  }
  return { limits: held, states: result.states, reservation: result.reservation };
}

/** Whether the counters refused. */
export function isDenial(held: HeldLimits | LimitDenial): held is LimitDenial {
  return 'limit' in held;
}

/** Whether one of the first `count` has the key. */
function hasKey(counters: readonly CounterLimit[], count: number, key: string): boolean {
  for (let index = 0; index < count; index++) if (counters[index]?.key === key) return true;
  return false;
}

interface Asked {
  readonly counters: readonly CounterLimit[];
  readonly held: readonly CompiledLimit[];
}

/** Reserves what a request is expected to take of all these limits, or tells which one refuses. A promise only where the counters are elsewhere. */
export function reserve(
  state: ExchangeState,
  request: ReserveRequest,
): HeldLimits | LimitDenial | undefined | Promise<HeldLimits | LimitDenial> {
  const { runtime } = state;
  const nowMs = runtime.now();
  const { counters, held } = countersOf(state, request, nowMs);
  if (counters.length === 0) return undefined;
  const result = state.bound.counters.reserve(counters, nowMs, state.bound.reservationTtlMs);
  return result instanceof Promise ? result.then((answer) => hold(held, answer)) : hold(held, result);
}

/** The counters that a request is counted by, and the limits whose they are, at the same places. */
function countersOf(state: ExchangeState, request: ReserveRequest, nowMs: number): Asked {
  const { limits, waived } = request;
  const { calendars, limitExtras: extras } = state.runtime;
  const view = new ExchangeLimitView(state, request.target);
  const options = { amounts: estimate(state, request), nowMs, calendars, extras };
  const counters: CounterLimit[] = new Array(limits.length);
  // Mostly all of them count: then the list is the one that was given.
  let held: CompiledLimit[] | undefined;
  let count = 0;
  for (let index = 0; index < limits.length; index++) {
    const limit = limits[index] as CompiledLimit;
    const counter = toCounter(limit, view, options);
    // Limits that share a counter count a request once.
    if (counter === undefined || hasKey(counters, count, counter.key)) {
      held ??= limits.slice(0, index);
      continue;
    }
    counters[count++] = waived?.has(limit) === true ? { ...counter, enforce: false } : counter;
    held?.push(limit);
  }
  counters.length = count;
  return { counters, held: held ?? limits };
}

/** Gives a reservation back, or turns it into what was really used. */
export function settleHeld(state: ExchangeState, held: HeldLimits, amounts: LimitAmounts): void {
  if (held.reservation === undefined) return;
  const real: number[] = new Array(held.limits.length);
  for (let index = 0; index < real.length; index++)
    real[index] = amountOf(held.limits[index] as CompiledLimit, amounts);
  state.bound.counters.settle(held.reservation, real, state.runtime.now());
}

/** Tells the counters what a request has really used. A request that no provider was asked for gives everything back. */
export function settleLimits(state: ExchangeState, used: readonly AttemptUsage[]): void {
  const { held, runtime, bound } = state;
  if (held === undefined) return;
  state.held = undefined;
  if (!wasAsked(state) && held.reservation !== undefined) bound.counters.release(held.reservation, runtime.now());
  else settleHeld(state, held, amountsOf(state, used));
}

/** What the client is told of a denial. */
export function denialError(state: ExchangeState, denial: LimitDenial): ReturnType<typeof limitRefusal> {
  state.runtime.countLimitRefusal(denial.limit.name);
  return limitRefusal(denial.limit, denial.state);
}
