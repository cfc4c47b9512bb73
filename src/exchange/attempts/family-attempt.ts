import type { ProviderAnswer } from '../../dialects/family-dialects.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import { answerHeaders } from '../answer-headers.ts';
import { type CollectedAnswer, type CollectFailure, collect } from '../collect.ts';
import { commit } from '../commit.ts';
import type { UpstreamRequest } from '../ports.ts';
import { applyCredential, buildFamilyRequests, type FamilyRequests } from '../provider-request.ts';
import { responseContext } from '../response-context.ts';
import type { Attempt, ExchangeState } from '../state.ts';
import { type AttemptOutcome, failureError } from './attempt-outcome.ts';
import { attemptBegun } from './observe-health.ts';
import { readRefusal } from './read-refusal.ts';

/** Provider requests of one client request that are under way at once. */
const PARALLEL = 8;
const MAX_BYTES = 256 * 1024 * 1024;

function toOutcome(failure: CollectFailure): AttemptOutcome {
  if (failure.kind === 'too-large') {
    const error = new GatewayError('provider_bad_response', `The provider's answer is larger than ${MAX_BYTES} bytes.`);
    return { kind: 'failed', error, failure: 'answer' };
  }
  if (failure.kind === 'timeout-head') {
    const error = new GatewayError('provider_timeout', 'The provider did not answer in time.', {
      cause: failure.cause,
    });
    return { kind: 'failed', error, failure: 'timeout-head' };
  }
  return { kind: 'failed', error: failureError({ kind: failure.kind, cause: failure.cause }), failure: failure.kind };
}

function parse(answer: CollectedAnswer): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(answer.body.toString('utf8'));
  } catch (error) {
    throw new GatewayError('provider_bad_response', 'The provider answered with a body that is not valid JSON.', {
      cause: error,
    });
  }
  if (!isObject(value))
    throw new GatewayError('provider_bad_response', 'The provider answered with something that is not a JSON object.');
  return value;
}

function timeLeftMs(state: ExchangeState): number {
  const { requestMs = 0, headMs = 0 } = state.route?.timeouts ?? {};
  const perTryMs = state.route?.retry.perTryTimeoutMs ?? 0;
  const total = requestMs > 0 ? Math.max(1, state.startedMonotonic + requestMs - state.runtime.monotonic()) : 0;
  const bounds = [total, headMs, perTryMs].filter((ms) => ms > 0);
  return bounds.length === 0 ? 0 : Math.min(...bounds);
}

/** Sends the requests, a few at a time, and gives their answers in order; stops at the first that is no success. */
async function sendAll(attempt: Attempt, requests: readonly UpstreamRequest[]): Promise<CollectedAnswer[]> {
  const { state } = attempt;
  const answers: CollectedAnswer[] = [];
  const aborts = new Set<() => void>();
  let next = 0;
  let stopped = false;
  const abort = () => {
    stopped = true;
    for (const one of aborts) one();
  };
  attempt.abort = abort;
  const worker = async (): Promise<void> => {
    while (next < requests.length && !stopped) {
      const index = next++;
      const request = requests[index] as UpstreamRequest;
      await applyCredential(attempt, request);
      const answer = await collect(state.runtime, request, {
        timeoutMs: timeLeftMs(state),
        maxBytes: MAX_BYTES,
        onStart: (end) => {
          aborts.add(end);
          if (stopped) end();
        },
      });
      answers[index] = answer;
      if (answer.status < 200 || answer.status > 299) stopped = true;
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(PARALLEL, requests.length) }, worker));
  } catch (error) {
    abort();
    throw error;
  } finally {
    attempt.abort = undefined;
  }
  return answers;
}

function answer(attempt: Attempt, { call }: FamilyRequests, answers: readonly CollectedAnswer[]): void {
  const bodies: ProviderAnswer[] = answers.map((one) => ({
    body: parse(one),
    header: (name) => one.headers.get(name),
  }));
  const { body, usage, units, model } = call.finish(bodies, responseContext(attempt));
  attempt.usage = usage;
  attempt.units = units;
  attempt.responseModel = model;
  const bytes = Buffer.from(JSON.stringify(body));
  const first = answers[0] as CollectedAnswer;
  // Written after the answer was read: what it could not express is among the warnings.
  const headers = answerHeaders(attempt, first.headers, { changed: true, contentType: 'application/json' });
  headers.push('content-length', String(bytes.length));
  commit(attempt, 200, headers);
  attempt.state.response.end(bytes);
}

function isFailure(value: unknown): value is CollectFailure {
  return typeof value === 'object' && value !== null && 'kind' in value && 'cause' in value && !GatewayError.is(value);
}

/**
 * One attempt of a translated request of a family other than generation (embeddings, rerank, token counting): one
 * client request may need several of the provider's. Rejects with GatewayError for what is wrong with the request itself.
 */
export async function attemptFamily(attempt: Attempt, tracksLoad: boolean): Promise<AttemptOutcome> {
  const { state } = attempt;
  const built = buildFamilyRequests(attempt);
  state.attempts++;
  attempt.upstreamHost = attempt.lane.endpoint.resolved?.peer ?? attempt.lane.endpoint.host;
  state.phase = 'attempt';
  attempt.startedMonotonic = state.runtime.monotonic();
  attemptBegun(attempt, tracksLoad);
  let answers: CollectedAnswer[];
  try {
    answers = await sendAll(attempt, built.requests);
  } catch (thrown) {
    if (isFailure(thrown)) return toOutcome(thrown);
    const error = GatewayError.from(thrown);
    if (!error.retryable) throw error;
    return { kind: 'failed', error, failure: 'unsigned' };
  }
  if (attempt.lost || state.clientGone) {
    const error = new GatewayError('client_closed', 'The request was given up.');
    return { kind: 'failed', error, failure: 'aborted' };
  }
  const refused = answers.find((one) => one !== undefined && (one.status < 200 || one.status > 299));
  attempt.upstreamStatus = refused?.status ?? 200;
  if (refused !== undefined) return { kind: 'refused', refusal: readRefusal(attempt, refused) };
  try {
    answer(attempt, built, answers);
  } catch (thrown) {
    return { kind: 'failed', error: GatewayError.from(thrown), failure: 'answer' };
  }
  return { kind: 'done' };
}
