import { attemptAnswering } from './attempts/observe-health.ts';
import type { Attempt, ExchangeState } from './state.ts';

/** The commit point: from here on the client sees this answer and no other. */
export function commitAnswer(state: ExchangeState, status: number, headers: string[]): void {
  state.phase = 'committed';
  state.status = status;
  state.response.writeHead(status, headers);
}

/** The commit point of an attempt's answer; whatever other attempts are under way end here. */
export function commit(attempt: Attempt, status: number, headers: string[]): void {
  const { state } = attempt;
  state.attempt = attempt;
  state.race?.won(attempt);
  attemptAnswering(attempt);
  commitAnswer(state, status, headers);
}

/** The commit point of a stream. */
export function commitStream(attempt: Attempt, headers: string[]): void {
  const { state } = attempt;
  state.streaming = true;
  state.runtime.openStreams.increment();
  commit(attempt, 200, headers);
}
