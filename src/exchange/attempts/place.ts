import { GatewayError } from '../../errors/gateway-error.ts';
import { type ConcurrencyLimit, Waiter } from '../../routing/health/concurrency-limit.ts';
import type { Attempt } from '../state.ts';
import type { Watched } from '../watchdog.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';

function busy(attempt: Attempt, message: string): AttemptOutcome {
  const error = new GatewayError('overloaded', message, { retryAfterSeconds: 1 });
  return { kind: 'failed', error, failure: attempt.state.clientGone || attempt.lost ? 'aborted' : 'busy' };
}

/** How long a request may wait for a place: as its cluster says, and never beyond its own time. */
function queueDeadline({ state, target }: Attempt): number {
  const timeoutMs = target.cluster.config.concurrency?.queue_timeout ?? 0;
  const requestMs = state.route?.timeouts.requestMs ?? 0;
  const deadline = state.runtime.monotonic() + timeoutMs;
  return requestMs === 0 ? deadline : Math.min(deadline, state.startedMonotonic + requestMs);
}

/**
 * Takes a place among the requests that a cluster works on, waiting in its queue for as long as the configuration allows.
 * Resolves to undefined with the place taken, which must be released, or to the failure.
 */
export function takePlace(attempt: Attempt, limit: ConcurrencyLimit): Promise<AttemptOutcome | undefined> {
  if (limit.tryAcquire()) return Promise.resolve(undefined);
  const { state } = attempt;
  return new Promise((resolve) => {
    const waiter = new Waiter(() => {
      state.runtime.watchdog.unwatch(deadline);
      attempt.abort = undefined;
      resolve(undefined);
    });
    const leave = (message: string) => {
      attempt.abort = undefined;
      if (limit.remove(waiter)) resolve(busy(attempt, message));
    };
    const deadline: Watched = {
      deadline: queueDeadline(attempt),
      watchIndex: -1,
      expire: () => leave('The provider of this model is busy: no place came free in time.'),
    };
    if (!limit.enqueue(waiter)) {
      resolve(busy(attempt, 'The provider of this model is busy.'));
      return;
    }
    attempt.abort = () => {
      state.runtime.watchdog.unwatch(deadline);
      leave('The request was given up while it waited for a place.');
    };
    state.attempt = attempt;
    state.runtime.watchdog.watch(deadline);
  });
}
