import { emptyUsage, type Usage } from '../dialects/neutral/usage.ts';
import type { PriceEntry } from '../prices/price-entry.ts';
import { inputEstimate, outputBound } from './output-bound.ts';
import type { Attempt } from './state.ts';

/** Characters of generated text to a token, where a provider's count never came. */
const CHARACTERS_PER_TOKEN = 4;
/** Bytes of a whole JSON answer to a token of the text in it. */
const BYTES_PER_TOKEN = 6;
/** What models commonly generate in a second: what one has done by the time nobody waits for it any more. */
const TOKENS_PER_SECOND = 50;

/** The tokens of a stream that ended before its provider counted them: what was seen, and an estimate of the rest. */
export function estimateCutStream(attempt: Attempt): Usage | undefined {
  if (attempt.contentEvents === 0) return undefined;
  const seen = attempt.usage ?? attempt.observer?.usage;
  const output = Math.max(attempt.contentEvents, Math.ceil(attempt.contentLength / CHARACTERS_PER_TOKEN));
  return {
    ...emptyUsage(),
    input: inputEstimate(attempt.state),
    ...seen,
    output: Math.max(seen?.output ?? 0, output),
  };
}

/**
 * The tokens of a request that the provider was working on when nobody waited for it any more: most providers bill what they
 * have done by then. Its prompt, and what is commonly generated in that time.
 */
export function estimateAbandoned(attempt: Attempt): Usage {
  const { state } = attempt;
  const seen = attempt.usage ?? attempt.observer?.usage;
  const seconds = Math.max(0, state.runtime.monotonic() - attempt.startedMonotonic) / 1000;
  const most = outputBound(state, state.bound.snapshot.limits.assumedOutputTokens);
  const output = Math.min(most, Math.floor(seconds * TOKENS_PER_SECOND));
  const usage = { ...emptyUsage(), input: inputEstimate(state), ...seen };
  return { ...usage, output: Math.max(usage.output, output) };
}

/** The tokens of a whole answer whose provider counts none; undefined for what is not billed by tokens. */
export function estimateUncounted(attempt: Attempt, price: PriceEntry | undefined): Usage | undefined {
  const { state } = attempt;
  switch (state.dialect?.family) {
    case 'generation':
    case 'completions': {
      const events = attempt.contentEvents;
      const text = Math.ceil(attempt.contentLength / CHARACTERS_PER_TOKEN);
      const output = state.streaming ? Math.max(events, text) : Math.ceil(state.response.bytesSent / BYTES_PER_TOKEN);
      return { ...emptyUsage(), input: inputEstimate(state), output };
    }
    case 'embeddings':
      return { ...emptyUsage(), input: inputEstimate(state) };
    case 'speech':
      if (price === undefined || price.bands.length === 0) return undefined;
      return { ...emptyUsage(), input: inputEstimate(state), output: outputBound(state, 0) };
    default:
      return undefined;
  }
}
