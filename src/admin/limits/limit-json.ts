import type { CompiledLimit, LimitMeasure, LimitWindow } from '../../filters/limits/limit.ts';
import { usdText } from '../money.ts';
import { isoTime, isoTimeOrNull } from '../time-text.ts';
import type { CounterState, OverrideRecord, ScopedLimit } from './limit-port.ts';
import type { ShownLimit, ShownOverride } from './limit-schemas.ts';

/** What overrides of money are counted in. */
const USD_UNIT = 'usd_nano';

/** The unit in which overrides of a limit are stored. */
export function overrideUnit(measure: LimitMeasure): string {
  return measure === 'usd' ? USD_UNIT : measure;
}

/** An amount of a limit as text: dollars, or a count. */
export function amountText(measure: LimitMeasure, amount: number): string {
  return measure === 'usd' ? usdText(amount) : BigInt(Math.round(amount)).toString();
}

/** A limit as the API shows it. */
export function showLimit(
  { scope, limit }: ScopedLimit,
  { state, increase }: { state: CounterState | undefined; increase: number },
): ShownLimit {
  const { measure } = limit;
  return {
    id: limit.id,
    name: limit.name,
    kind: limit.budget === undefined ? 'rate_limit' : 'budget',
    scope: { ...scope },
    measure,
    limit: amountText(measure, limit.limit),
    increase: amountText(measure, increase),
    window: showWindow(limit.window, measure),
    dimensions: limit.dimensions.map((dimension) => dimension.name),
    enforced: limit.enforce,
    state: state === undefined ? null : showState(limit, state),
  };
}

function showState({ measure }: CompiledLimit, { used, remaining, resetMs }: CounterState) {
  return {
    used: amountText(measure, used),
    remaining: amountText(measure, remaining),
    reset_seconds: Math.ceil(resetMs / 1000),
  };
}

function showWindow(window: LimitWindow, measure: LimitMeasure): ShownLimit['window'] {
  const none = { kind: window.kind, seconds: null, burst: null, unit: null, time_zone: null };
  switch (window.kind) {
    case 'window':
      return { ...none, seconds: window.windowMs / 1000 };
    case 'bucket':
      return { ...none, seconds: window.windowMs / 1000, burst: amountText(measure, window.burst) };
    case 'period':
      return { ...none, unit: window.unit, time_zone: window.timeZone };
    case 'concurrency':
      return none;
    default:
      return window satisfies never;
  }
}

/** A temporary increase as the API shows it. */
export function showOverride(override: OverrideRecord, nowMs: number): ShownOverride {
  const { id, scope, unit, amount, fromMs, untilMs, endedMs } = override;
  return {
    id,
    limit: scope,
    measure: unit === USD_UNIT ? 'usd' : unit,
    amount: unit === USD_UNIT ? usdText(amount) : String(amount),
    from: isoTime(fromMs),
    until: isoTime(untilMs),
    reason: override.reason,
    created_by: override.createdBy,
    created: isoTime(override.createdMs),
    ended: isoTimeOrNull(endedMs),
    active: nowMs >= fromMs && nowMs < untilMs && (endedMs === null || nowMs < endedMs),
  };
}
