import type { ExchangeState } from './state.ts';

/** The commit point: from here on the client sees this answer and no other. */
export function commit(state: ExchangeState, status: number, headers: string[]): void {
  state.phase = 'committed';
  state.status = status;
  state.response.writeHead(status, headers);
}

/** The commit point of a stream. */
export function commitStream(state: ExchangeState, headers: string[]): void {
  state.streaming = true;
  state.runtime.openStreams.increment();
  commit(state, 200, headers);
}
