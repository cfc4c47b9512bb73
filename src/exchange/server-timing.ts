import type { Attempt } from './state.ts';

/** Milliseconds with one digit behind the point. Small whole numbers are cheap to write; `toFixed` is not. */
function tenths(ms: number): string {
  const whole = Math.round(ms * 10);
  const rest = whole % 10;
  return `${(whole - rest) / 10}.${rest}`;
}

/** The value of a `server-timing` header (W3C Server Timing): the time since the provider was asked, and since the request came. */
export function serverTiming(attempt: Attempt): string {
  const { runtime, startedMonotonic } = attempt.state;
  const now = runtime.monotonic();
  return `upstream;dur=${tenths(now - attempt.startedMonotonic)}, total;dur=${tenths(now - startedMonotonic)}`;
}
