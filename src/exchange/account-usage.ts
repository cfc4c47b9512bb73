import { inputTotal, type Usage, usageTotal } from '../dialects/neutral/usage.ts';
import type { LimitAmounts } from '../filters/limits/limit.ts';
import { costNanoUsd } from '../prices/cost.ts';
import type { AttemptUsage } from '../telemetry/exchange-record.ts';
import { targetModel } from './provider-request.ts';
import type { Attempt, ExchangeState } from './state.ts';

/** Characters of generated text to a token, where a provider's count never came. */
const CHARACTERS_PER_TOKEN = 4;

/** What is known of the tokens of a stream that ended before its provider counted them: what was seen, and an estimate of the rest. */
function estimateUsage(attempt: Attempt): Usage | undefined {
  if (attempt.contentEvents === 0) return undefined;
  const seen = attempt.usage ?? attempt.observer?.usage;
  const output = Math.max(attempt.contentEvents, Math.ceil(attempt.contentLength / CHARACTERS_PER_TOKEN));
  return {
    input: attempt.state.promptTokens,
    cacheRead: 0,
    cacheWrite: 0,
    cacheWrite1h: 0,
    reasoning: 0,
    inputAudio: 0,
    outputAudio: 0,
    inputImage: 0,
    outputImage: 0,
    ...seen,
    output: Math.max(seen?.output ?? 0, output),
  };
}

/** What an attempt cost; undefined when the provider is known to have counted nothing. */
export function accountAttempt(attempt: Attempt): AttemptUsage | undefined {
  const { state } = attempt;
  const reported = attempt.usage ?? attempt.observer?.usage;
  // A provider that was cut off has generated more than it last said.
  const cut = state.attempt === attempt && state.streaming && (state.error !== undefined || state.clientGone);
  const usage = cut && !attempt.usageFinal ? (estimateUsage(attempt) ?? reported) : reported;
  if (usage === undefined || usageTotal(usage) === 0) return undefined;
  const model = targetModel(state, attempt.target);
  const price = attempt.cluster.prices.find(model);
  return {
    cluster: attempt.target.cluster.name,
    provider: attempt.target.cluster.provider.name,
    model,
    usage,
    nanoUsd: price === undefined ? undefined : costNanoUsd(usage, price, { serviceTier: attempt.serviceTier }),
    estimated: usage !== reported,
  };
}

/** Everything that a request has cost: the attempt that answered, and those before it that a provider counted. */
export function accountExchange(state: ExchangeState): AttemptUsage[] {
  const all: AttemptUsage[] = [];
  for (const attempt of state.failedAttempts ?? []) {
    const used = accountAttempt(attempt);
    if (used !== undefined && attempt !== state.attempt) all.push(used);
  }
  const answered = state.attempt === undefined ? undefined : accountAttempt(state.attempt);
  if (answered !== undefined) all.push(answered);
  return all;
}

/** The sum of what a request has cost, as limits count it. */
export function amountsOf(state: ExchangeState, used: readonly AttemptUsage[]): LimitAmounts {
  const amounts = {
    inputTokens: 0,
    outputTokens: 0,
    cachedInputTokens: 0,
    cacheCreationInputTokens: 0,
    reasoningTokens: 0,
    nanoUsd: 0,
  };
  for (const { usage, nanoUsd } of used) {
    amounts.inputTokens += inputTotal(usage);
    amounts.outputTokens += usage.output;
    amounts.cachedInputTokens += usage.cacheRead;
    amounts.cacheCreationInputTokens += usage.cacheWrite + usage.cacheWrite1h;
    amounts.reasoningTokens += usage.reasoning;
    amounts.nanoUsd += nanoUsd ?? 0;
  }
  const last = used.at(-1);
  return { ...amounts, sentModel: last?.model ?? '', cluster: last?.cluster ?? '', route: state.route?.name ?? '' };
}
