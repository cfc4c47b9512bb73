import { GatewayError } from '../../errors/gateway-error.ts';
import { type ConcurrencyLimit, Waiter } from '../../routing/health/concurrency-limit.ts';
import type { Watched } from '../watchdog.ts';
import type { Attempt } from './attempt.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';

function busy(attempt: Attempt, message: string): AttemptOutcome {
  const error = new GatewayError('overloaded', message, { retryAfterSeconds: 1 });
  return { kind: 'failed', error, failure: attempt.state.clientGone ? 'aborted' : 'busy' };
}

/**
 * Takes a place among the requests that a cluster works on, waiting in its queue for as long as the configuration allows.
 * Resolves to undefined with the place taken, which must be released, or to the failure.
 */
export function takePlace(attempt: Attempt, limit: ConcurrencyLimit): Promise<AttemptOutcome | undefined> {
  if (limit.tryAcquire()) return Promise.resolve(undefined);
  const { state } = attempt;
  const timeoutMs = attempt.target.cluster.config.concurrency?.queue_timeout ?? 0;
  return new Promise((resolve) => {
    const waiter = new Waiter(() => {
      state.runtime.watchdog.unwatch(deadline);
      resolve(undefined);
    });
    const leave = (message: string) => {
      if (limit.remove(waiter)) resolve(busy(attempt, message));
    };
    const deadline: Watched = {
      deadline: state.runtime.monotonic() + timeoutMs,
      watchIndex: -1,
      expire: () => leave('The provider of this model is busy: no place came free in time.'),
    };
    if (!limit.enqueue(waiter)) {
      resolve(busy(attempt, 'The provider of this model is busy.'));
      return;
    }
    attempt.abort = () => {
      state.runtime.watchdog.unwatch(deadline);
      leave('The client closed the connection.');
    };
    state.attempt = attempt;
    state.runtime.watchdog.watch(deadline);
  });
}
