import type { DialectName } from '../../dialects/names.ts';
import type { LimitState } from '../../stores/counters/counter-store.ts';
import type { CompiledLimit } from './limit.ts';

/** Limits and where each of them stands, in the same order. */
interface Held {
  readonly limits: readonly CompiledLimit[];
  readonly states: readonly LimitState[];
}

/** What the headers of an answer tell of: requests, or tokens. */
type Told = 'requests' | 'tokens' | 'input-tokens' | 'output-tokens';

function toldOf(limit: CompiledLimit): Told | undefined {
  if (limit.budget !== undefined) return undefined;
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

/** Whether no other limit that tells of the same has less left; of equals the first counts. */
function isTightest({ limits, states }: Held, index: number, told: Told): boolean {
  const remaining = states[index]?.remaining ?? 0;
  for (let other = 0; other < limits.length; other++) {
    if (other === index || toldOf(limits[other] as CompiledLimit) !== told) continue;
    const left = states[other]?.remaining ?? 0;
    if (left < remaining || (left === remaining && other < index)) return false;
  }
  return true;
}

/** Sets a header in a list of names and values: the provider's own of this name tells of another limit. */
function set(headers: string[], name: string, value: string): void {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] !== name) continue;
    headers[index + 1] = value;
    return;
  }
  headers.push(name, value);
}

/**
 * Sets where the limits stand, in the form of the client's API: Anthropic's `anthropic-ratelimit-*` with instants
 * (https://docs.anthropic.com/en/api/rate-limits), OpenAI's `x-ratelimit-*` with durations for all others
 * (https://platform.openai.com/docs/guides/rate-limits). Of several limits of one kind the one with the least left is told.
 */
export function appendLimitHeaders(
  headers: string[],
  held: Held,
  options: { dialect: DialectName | undefined; nowMs: number },
): void {
  const anthropic = options.dialect === 'anthropic' || options.dialect === 'anthropic-count-tokens';
  for (let index = 0; index < held.limits.length; index++) {
    const told = toldOf(held.limits[index] as CompiledLimit);
    if (told === undefined || !isTightest(held, index, told)) continue;
    const state = held.states[index] as LimitState;
    const remaining = String(Math.floor(state.remaining));
    if (anthropic) {
      const reset = new Date(options.nowMs + state.resetMs).toISOString().replace(/\.\d+Z$/, 'Z');
      const prefix = `anthropic-ratelimit-${told}`;
      set(headers, `${prefix}-limit`, String(state.limit));
      set(headers, `${prefix}-remaining`, remaining);
      set(headers, `${prefix}-reset`, reset);
    } else {
      set(headers, `x-ratelimit-limit-${told}`, String(state.limit));
      set(headers, `x-ratelimit-remaining-${told}`, remaining);
      set(headers, `x-ratelimit-reset-${told}`, openAiDuration(state.resetMs));
    }
  }
}
