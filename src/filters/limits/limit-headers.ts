import type { DialectName } from '../../dialects/names.ts';
import type { LimitState } from '../../stores/counters/counter-store.ts';
import type { CompiledLimit } from './limit.ts';

/** What the headers of an answer tell of: requests, or tokens. */
type Told = 'requests' | 'tokens' | 'input-tokens' | 'output-tokens';

function toldOf(limit: CompiledLimit): Told | undefined {
  switch (limit.measure) {
    case 'requests':
      return 'requests';
    case 'tokens':
      return 'tokens';
    case 'input_tokens':
      return 'input-tokens';
    case 'output_tokens':
      return 'output-tokens';
    default:
      return undefined;
  }
}

/** OpenAI's way of writing a time: `1h2m3s`, `850ms`. */
function openAiDuration(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds % 60}s`;
}

/**
 * Appends where the limits stand, in the form of the client's API: Anthropic's `anthropic-ratelimit-*` with instants
 * (https://docs.anthropic.com/en/api/rate-limits), OpenAI's `x-ratelimit-*` with durations for all others
 * (https://platform.openai.com/docs/guides/rate-limits). Of several limits of one kind the one with the least left is told.
 */
export function appendLimitHeaders(
  headers: string[],
  limits: readonly { readonly limit: CompiledLimit; readonly state: LimitState }[],
  options: { dialect: DialectName | undefined; nowMs: number },
): void {
  const tightest = new Map<Told, LimitState>();
  for (const { limit, state } of limits) {
    const told = limit.budget === undefined ? toldOf(limit) : undefined;
    if (told === undefined) continue;
    const known = tightest.get(told);
    if (known === undefined || state.remaining < known.remaining) tightest.set(told, state);
  }
  const anthropic = options.dialect === 'anthropic' || options.dialect === 'anthropic-count-tokens';
  for (const [told, state] of tightest) {
    const remaining = String(Math.floor(state.remaining));
    if (anthropic) {
      const reset = new Date(options.nowMs + state.resetMs).toISOString().replace(/\.\d+Z$/, 'Z');
      const prefix = `anthropic-ratelimit-${told}`;
      headers.push(`${prefix}-limit`, String(state.limit), `${prefix}-remaining`, remaining, `${prefix}-reset`, reset);
    } else {
      const reset = openAiDuration(state.resetMs);
      headers.push(`x-ratelimit-limit-${told}`, String(state.limit));
      headers.push(`x-ratelimit-remaining-${told}`, remaining, `x-ratelimit-reset-${told}`, reset);
    }
  }
}
