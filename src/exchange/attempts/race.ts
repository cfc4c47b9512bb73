import type { ExchangeState, Race } from '../state.ts';
import type { Attempt } from './attempt.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';
import { type AttemptRun, makeAttempt } from './make-attempt.ts';

/** How one of two competing attempts ended. */
interface Finish {
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

/** Cancels all attempts but the one whose answer the client gets. */
class AttemptRace implements Race {
  readonly #state: ExchangeState;
  readonly #running: Attempt[] = [];

  constructor(state: ExchangeState) {
    this.#state = state;
  }

  add(attempt: Attempt): void {
    this.#running.push(attempt);
  }

  won(winner: Attempt): void {
    for (const attempt of this.#running) {
      if (attempt === winner) continue;
      attempt.lost = true;
      attempt.abort?.();
    }
  }

  abort(): void {
    for (const attempt of this.#running) attempt.abort?.();
  }

  get decided(): boolean {
    return this.#state.phase === 'committed';
  }
}

/**
 * Lets a second attempt compete with a first one that is slow to begin. Resolves to the one that answered, or when both
 * failed to the last; the slower one is cancelled as soon as the other begins to answer.
 */
export async function raceAttempts(
  run: AttemptRun,
  first: Attempt,
  { delayMs, rival }: { delayMs: number; rival(): Attempt | undefined },
): Promise<Finish> {
  const { state } = run;
  const race = new AttemptRace(state);
  state.race = race;
  race.add(first);
  const make = async (attempt: Attempt): Promise<Finish> => ({ attempt, outcome: await makeAttempt(run, attempt) });
  const running = make(first);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), delayMs);
  });
  try {
    const early = await Promise.race([running, late]);
    if (early !== undefined || race.decided || state.clientGone) return early ?? (await running);
    const second = rival();
    if (second === undefined) return await running;
    race.add(second);
    state.runtime.countHedge(second.target.cluster.name);
    const other = make(second);
    const finish = await Promise.race([running, other]);
    if (finish.outcome.kind === 'done' && !finish.attempt.lost) return finish;
    // One has failed or was cancelled: what the other does counts.
    return await (finish.attempt === first ? other : running);
  } finally {
    clearTimeout(timer);
    state.race = undefined;
  }
}
