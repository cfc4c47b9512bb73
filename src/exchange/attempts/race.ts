import type { Attempt, ExchangeState, Race } from '../state.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';
import { type AttemptRun, makeAttempt } from './make-attempt.ts';
import { mayRetry } from './retry.ts';

/** How one of two competing attempts ended. */
export interface Finish {
  attempt: Attempt;
  outcome: AttemptOutcome;
}

/** How long the first attempt runs alone; undefined: for ever, since nothing is known of how long an answer takes. */
export function hedgeDelayMs(run: AttemptRun, attempt: Attempt): number | undefined {
  const hedge = run.live.route.hedge;
  if (hedge === undefined) return undefined;
  const after = hedge.afterMs ?? attempt.live.stats.p95TtftMs(run.state.promptTokens, run.state.runtime.monotonic());
  return Number.isNaN(after) ? undefined : Math.max(after, hedge.minDelayMs);
}

/** Attempts under way at one request, of which one at most answers it. */
export class AttemptRace implements Race {
  readonly #running: Attempt[] = [];

  /** An attempt begins. */
  add(attempt: Attempt): void {
    this.#running.push(attempt);
  }

  /** An attempt has ended. */
  remove(attempt: Attempt): void {
    const at = this.#running.indexOf(attempt);
    if (at !== -1) this.#running.splice(at, 1);
  }

  /** Ends all attempts that are under way but this one: what they still bring is nobody's. */
  won(winner: Attempt | undefined): void {
    for (const attempt of [...this.#running]) {
      if (attempt === winner) continue;
      attempt.lost = true;
      attempt.abort?.();
    }
  }

  abort(): void {
    for (const attempt of [...this.#running]) attempt.abort?.();
  }
}

function isDecided(state: ExchangeState): boolean {
  return state.phase === 'committed' || state.clientGone;
}

/**
 * Lets a second attempt compete with a first one that is slow to begin. Resolves to the one that answered or was refused for
 * good, or when both failed to the last; what is still under way then is cancelled, and so is the slower one as soon as
 * the other begins to answer.
 */
export async function raceAttempts(
  run: AttemptRun,
  first: Attempt,
  { delayMs, rival }: { delayMs: number; rival(): Attempt | undefined },
): Promise<Finish> {
  const { state } = run;
  const race = new AttemptRace();
  state.race = race;
  const make = async (attempt: Attempt): Promise<Finish> => {
    race.add(attempt);
    try {
      return { attempt, outcome: await makeAttempt(run, attempt) };
    } finally {
      race.remove(attempt);
    }
  };
  let timer: NodeJS.Timeout | undefined;
  try {
    const running = make(first);
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), delayMs);
    });
    const early = await Promise.race([running, late]);
    if (early !== undefined) return early;
    if (isDecided(state)) return await running;
    const second = rival();
    if (second === undefined) return await running;
    state.runtime.countHedge(second.target.cluster.name);
    state.raced = [...(state.raced ?? []), first, second];
    const other = make(second);
    const finish = await Promise.race([running, other]);
    const { attempt, outcome } = finish;
    if (!attempt.lost && (outcome.kind === 'done' || (!isDecided(state) && !mayRetry(attempt, outcome)))) return finish;
    // One has failed or was cancelled: what the other does counts.
    return await (attempt === first ? other : running);
  } finally {
    clearTimeout(timer);
    race.won(undefined);
    state.race = undefined;
  }
}
