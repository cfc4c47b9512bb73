import { createLoadTicket } from '../../routing/balance/load-stats.ts';
import { type KeyVerdict, keyVerdict } from '../../routing/health/key-health.ts';
import { rateLimitHeadroom, readRetryAfterMs } from '../../routing/health/retry-after.ts';
import type { ResponseHeaders } from '../headers.ts';
import type { Attempt } from '../state.ts';
import type { AttemptOutcome, ProviderRefusal } from './attempt-outcome.ts';

/** How long a target is left alone after a 429 that names no time. */
const LIMITED_REST_MS = 1000;
/** Longest rest that a provider's answer can ask for. */
const MAX_REST_MS = 600_000;

/** A ticket of no breaker: the attempt has been counted. */
const SPENT_TICKET = -1;

/** An attempt is sent, at its `startedMonotonic`: from now on it counts in the health and the figures of its target and lane. */
export function attemptBegun(attempt: Attempt, tracksLoad: boolean): void {
  const { live, lane, cluster, state, startedMonotonic: now } = attempt;
  attempt.begun = true;
  lane.use.active++;
  attempt.targetTicket = live.breaker.started(now);
  attempt.laneTicket = lane.breaker.started(now);
  lane.key.started(now);
  if (tracksLoad) {
    attempt.targetLoad = createLoadTicket(state.promptTokens);
    live.stats.started(attempt.targetLoad, now);
  }
  if (cluster.lanes.tracksLoad) {
    attempt.laneLoad = createLoadTicket(state.promptTokens);
    lane.stats.started(attempt.laneLoad, now);
  }
}

/** The first content of the answer came, or the whole of one that is not streamed. */
export function attemptAnswering(attempt: Attempt): void {
  const now = attempt.state.runtime.monotonic();
  attempt.firstContentMonotonic = now;
  if (attempt.targetLoad !== undefined) attempt.live.stats.firstToken(attempt.targetLoad, now);
  if (attempt.laneLoad !== undefined) attempt.lane.stats.firstToken(attempt.laneLoad, now);
  if (attempt.begun) showWell(attempt, now);
}

/**
 * Whoever is on probation has shown to be well as soon as an answer begins: it may take minutes to end, and until then
 * everybody else would go without.
 */
function showWell(attempt: Attempt, now: number): void {
  const { live, lane } = attempt;
  if (live.breaker.state(now) !== 'closed') {
    live.breaker.succeeded(now, attempt.targetTicket);
    attempt.targetTicket = SPENT_TICKET;
  }
  if (lane.breaker.state(now) !== 'closed') {
    lane.breaker.succeeded(now, attempt.laneTicket);
    attempt.laneTicket = SPENT_TICKET;
  }
  lane.key.succeeded(now);
}

function learnHeadroom(attempt: Attempt, headers: ResponseHeaders): void {
  if (attempt.targetLoad === undefined && attempt.laneLoad === undefined) return;
  const headroom = rateLimitHeadroom((name) => headers.get(name));
  if (headroom === undefined) return;
  const now = attempt.state.runtime.monotonic();
  attempt.live.stats.learnedHeadroom(now, headroom);
  attempt.lane.stats.learnedHeadroom(now, headroom);
}

function succeeded(attempt: Attempt, now: number): void {
  attempt.live.breaker.succeeded(now, attempt.targetTicket);
  attempt.lane.breaker.succeeded(now, attempt.laneTicket);
  attempt.lane.key.succeeded(now);
  const output = attempt.usage?.output ?? attempt.observer?.usage?.output ?? 0;
  if (attempt.targetLoad !== undefined) attempt.live.stats.finished(attempt.targetLoad, now, output);
  if (attempt.laneLoad !== undefined) attempt.lane.stats.finished(attempt.laneLoad, now, output);
}

function failed(attempt: Attempt, now: number): void {
  attempt.live.breaker.failed(now, attempt.targetTicket);
  attempt.lane.breaker.failed(now, attempt.laneTicket);
  attempt.lane.key.aborted();
  attempt.cluster.ejection.compare(now);
  if (attempt.targetLoad !== undefined) attempt.live.stats.failed(attempt.targetLoad, now);
  if (attempt.laneLoad !== undefined) attempt.lane.stats.failed(attempt.laneLoad, now);
}

function saidNothing(attempt: Attempt): void {
  attempt.live.breaker.aborted(attempt.targetTicket);
  attempt.lane.breaker.aborted(attempt.laneTicket);
  attempt.lane.key.aborted();
  if (attempt.targetLoad !== undefined) attempt.live.stats.aborted(attempt.targetLoad);
  if (attempt.laneLoad !== undefined) attempt.lane.stats.aborted(attempt.laneLoad);
}

/** Whether the request carries its own credential for the provider, instead of the gateway's. */
export function isClientCredential(attempt: Attempt): boolean {
  const { forwardsClientCredential, consumedHeaders } = attempt.lane.credential;
  if (forwardsClientCredential) return true;
  return consumedHeaders.some((name) => attempt.state.request.header(name) !== undefined);
}

/** Lets rest what the provider refused: the key where there are others, else the target, whose model may be what is limited. */
function rest(attempt: Attempt, verdict: KeyVerdict, headers: ResponseHeaders): void {
  const { state, lane, live } = attempt;
  const now = state.runtime.monotonic();
  const asked = readRetryAfterMs((name) => headers.get(name), state.runtime.now());
  const several = attempt.cluster.lanes.lanes.some((other) => other.keyIndex !== lane.keyIndex);
  // A key that the client brought says nothing about the gateway's own.
  if (isClientCredential(attempt)) return;
  if (verdict === 'limited' && !several) live.breaker.rest(now, Math.min(asked ?? LIMITED_REST_MS, MAX_REST_MS));
  else lane.key.observed(verdict, now, asked);
}

function refused(attempt: Attempt, refusal: ProviderRefusal, now: number): void {
  learnHeadroom(attempt, refusal.headers);
  const verdict = keyVerdict(refusal.status, refusal.error?.code ?? refusal.error?.type);
  if (refusal.status >= 500 || refusal.status === 408) failed(attempt, now);
  else if (verdict === undefined) succeeded(attempt, now);
  else saidNothing(attempt);
  if (verdict !== undefined) rest(attempt, verdict, refusal.headers);
}

/**
 * An attempt that lost a race was slower than what it took: without that the figures would hold fast answers alone, and the
 * second attempts that follow them would come ever sooner.
 */
function wasSlow(attempt: Attempt, now: number): void {
  if (attempt.targetLoad !== undefined) attempt.live.stats.firstToken(attempt.targetLoad, now);
  if (attempt.laneLoad !== undefined) attempt.lane.stats.firstToken(attempt.laneLoad, now);
}

/** Whether an end says nothing about the provider. */
function isSilent(attempt: Attempt, outcome: AttemptOutcome): boolean {
  if (outcome.kind === 'done' && attempt.state.error === undefined) return false;
  if (outcome.kind === 'failed') {
    const { failure } = outcome;
    if (failure === 'aborted' || failure === 'unsigned' || failure === 'unexpressible') return true;
  }
  return attempt.lost || attempt.clientStalled || (outcome.kind !== 'refused' && attempt.state.clientGone);
}

/** Tells the health and the figures of target and lane how an attempt ended. Does nothing for one that was never sent. */
export function attemptEnded(attempt: Attempt, outcome: AttemptOutcome): void {
  if (!attempt.begun) return;
  attempt.begun = false;
  attempt.lane.use.active--;
  const now = attempt.state.runtime.monotonic();
  if (attempt.lost) wasSlow(attempt, now);
  if (isSilent(attempt, outcome)) saidNothing(attempt);
  else if (outcome.kind === 'refused') refused(attempt, outcome.refusal, now);
  else if (outcome.kind === 'done') {
    if (attempt.state.error === undefined) succeeded(attempt, now);
    else failed(attempt, now);
    if (outcome.headers !== undefined) learnHeadroom(attempt, outcome.headers);
  } else failed(attempt, now);
}

/** Gives back what an attempt holds of health and figures when something broke in the gateway itself. */
export function attemptAbandoned(attempt: Attempt): void {
  if (!attempt.begun) return;
  attempt.begun = false;
  attempt.lane.use.active--;
  saidNothing(attempt);
}
