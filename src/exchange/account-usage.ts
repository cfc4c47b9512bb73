import type { DialectFamily } from '../dialects/dialect.ts';
import type { UsedUnits } from '../dialects/neutral/units.ts';
import { emptyUsage, inputTotal, type Usage, usageTotal } from '../dialects/neutral/usage.ts';
import type { LimitAmounts } from '../filters/limits/limit.ts';
import { costNanoUsd } from '../prices/cost.ts';
import type { PriceEntry } from '../prices/price-entry.ts';
import type { AttemptUsage } from '../telemetry/exchange-record.ts';
import { estimateAbandoned, estimateCutStream, estimateUncounted } from './estimate-usage.ts';
import { targetModel } from './provider-request.ts';
import { answeredUnits } from './request-units.ts';
import type { Attempt, ExchangeState } from './state.ts';

/** What providers bill. Counting tokens, moderation and the keeping of files are free. */
const BILLED: ReadonlySet<DialectFamily> = new Set([
  'generation',
  'completions',
  'embeddings',
  'rerank',
  'images',
  'speech',
  'transcription',
]);

/** Whether a provider takes money for what a request asks for. */
export function isBilled(state: ExchangeState): boolean {
  return state.dialect !== undefined && BILLED.has(state.dialect.family) && !isRetrieval(state);
}

/** Whether a request only looks at, ends or removes what was made before: the usage in its answer was counted then. */
export function isRetrieval({ endpoint, request, path }: ExchangeState): boolean {
  return endpoint?.model === 'none' && (request.method !== 'POST' || path.endsWith('/cancel'));
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Whether nobody waited any more for what the provider was working on. */
function isAbandoned(attempt: Attempt): boolean {
  const { state, upstreamStatus, result } = attempt;
  if (upstreamStatus !== 0 && !isSuccess(upstreamStatus)) return false;
  if (attempt.lost || result === 'aborted' || result === 'timeout') return true;
  return state.attempt === attempt && state.clientGone;
}

/** What is counted of one attempt. */
interface Counted {
  readonly usage: Usage | undefined;
  readonly units: UsedUnits | undefined;
  readonly estimated: boolean;
}

const NOTHING: Counted = { usage: undefined, units: undefined, estimated: false };

function countAnswered(attempt: Attempt, reported: Usage | undefined, price: PriceEntry | undefined): Counted {
  const { state } = attempt;
  // A provider that was cut off has generated more than it last said.
  const cut = state.streaming && (state.error !== undefined || state.clientGone) && !attempt.usageFinal;
  if (cut) {
    const usage = estimateCutStream(attempt) ?? reported;
    return { usage, units: undefined, estimated: usage !== reported };
  }
  const { units, estimated } = answeredUnits(attempt, reported);
  if (reported !== undefined) return { usage: reported, units, estimated };
  const usage = estimateUncounted(attempt, price);
  return { usage, units, estimated: estimated || usage !== undefined };
}

function count(attempt: Attempt, price: PriceEntry | undefined): Counted {
  const { state } = attempt;
  const reported = attempt.usage ?? attempt.observer?.usage;
  if (isRetrieval(state)) return attempt.workId === undefined ? NOTHING : { ...NOTHING, usage: reported };
  if (!isBilled(state)) return { ...NOTHING, usage: reported };
  if (state.attempt === attempt && isSuccess(state.status) && isSuccess(attempt.upstreamStatus)) {
    return countAnswered(attempt, reported, price);
  }
  if (isAbandoned(attempt)) return { usage: estimateAbandoned(attempt), units: undefined, estimated: true };
  return { ...NOTHING, usage: reported };
}

/** What an attempt cost; undefined when nothing was asked of a provider, or it is known to have counted nothing. */
export function accountAttempt(attempt: Attempt): AttemptUsage | undefined {
  if (attempt.startedMonotonic === 0) return undefined;
  const { state, target, workId } = attempt;
  // Work that went on apart from this exchange says itself what it was done with.
  const model = targetModel(state, target) || (attempt.responseModel ?? '');
  const price = attempt.cluster.prices.find(model);
  const { usage, units, estimated } = count(attempt, price);
  if ((usage === undefined || usageTotal(usage) === 0) && units === undefined) return undefined;
  const tokens = usage ?? emptyUsage();
  const batch = workId !== undefined && state.dialect?.family === 'files';
  return {
    cluster: target.cluster.name,
    provider: target.cluster.provider.name,
    model,
    usage: tokens,
    units,
    nanoUsd:
      price === undefined ? undefined : costNanoUsd(tokens, price, { serviceTier: attempt.serviceTier, batch, units }),
    priceOrigin: price?.origin,
    estimated,
    answered: state.attempt === attempt,
    workId,
  };
}

/** Everything that a request has cost: the attempt that answered, and those before and beside it that a provider counted. */
export function accountExchange(state: ExchangeState): AttemptUsage[] {
  const last = state.attempt === undefined ? undefined : accountAttempt(state.attempt);
  if (state.failedAttempts === undefined && state.raced === undefined) return last === undefined ? [] : [last];
  const all: AttemptUsage[] = [];
  const add = (attempt: Attempt) => {
    const used = accountAttempt(attempt);
    if (used !== undefined) all.push(used);
  };
  for (const attempt of state.failedAttempts ?? []) if (attempt !== state.attempt) add(attempt);
  // Of competing attempts the one that lost may not have ended yet.
  for (const attempt of state.raced ?? []) {
    if (attempt !== state.attempt && state.failedAttempts?.includes(attempt) !== true) add(attempt);
  }
  if (last !== undefined) all.push(last);
  return all;
}

/** Whether any provider was asked. */
export function wasAsked({ attempt, failedAttempts, raced }: ExchangeState): boolean {
  if (attempt !== undefined && isAsked(attempt)) return true;
  return failedAttempts?.some(isAsked) === true || raced?.some(isAsked) === true;
}

function isAsked(attempt: Attempt): boolean {
  return attempt.startedMonotonic !== 0;
}

/** The sum of what a request has cost, as limits count it. */
export function amountsOf(state: ExchangeState, used: readonly AttemptUsage[]): LimitAmounts {
  let inputTokens = 0;
  let outputTokens = 0;
  let cachedInputTokens = 0;
  let cacheCreationInputTokens = 0;
  let reasoningTokens = 0;
  let nanoUsd = 0;
  for (const one of used) {
    const { usage } = one;
    inputTokens += inputTotal(usage);
    outputTokens += usage.output;
    cachedInputTokens += usage.cacheRead;
    cacheCreationInputTokens += usage.cacheWrite + usage.cacheWrite1h;
    reasoningTokens += usage.reasoning;
    nanoUsd += one.nanoUsd ?? 0;
  }
  const last = used.at(-1);
  return {
    inputTokens,
    outputTokens,
    cachedInputTokens,
    cacheCreationInputTokens,
    reasoningTokens,
    nanoUsd,
    sentModel: last?.model ?? '',
    cluster: last?.cluster ?? '',
    route: state.route?.name ?? '',
  };
}
