import type { DialectName } from '../../dialects/names.ts';
import type { LimitState } from '../../stores/counters/counter-store.ts';
import type { CompiledLimit, HeaderNames, LimitHeaderNames, LimitMeasure } from './limit.ts';

/** Limits and where each of them stands, in the same order. */
interface Held {
  readonly limits: readonly CompiledLimit[];
  readonly states: readonly LimitState[];
}

function namesFor(what: string): LimitHeaderNames {
  return {
    anthropic: {
      limit: `anthropic-ratelimit-${what}-limit`,
      remaining: `anthropic-ratelimit-${what}-remaining`,
      reset: `anthropic-ratelimit-${what}-reset`,
    },
    openai: {
      limit: `x-ratelimit-limit-${what}`,
      remaining: `x-ratelimit-remaining-${what}`,
      reset: `x-ratelimit-reset-${what}`,
    },
  };
}

const TOLD: Readonly<Partial<Record<LimitMeasure, LimitHeaderNames>>> = {
  requests: namesFor('requests'),
  tokens: namesFor('tokens'),
  input_tokens: namesFor('input-tokens'),
  output_tokens: namesFor('output-tokens'),
};

/** The headers that tell of a rate limit by what it counts; undefined for what the APIs have no headers for. */
export function headersOf(measure: LimitMeasure): LimitHeaderNames | undefined {
  return TOLD[measure];
}

/** OpenAI's way of writing a time: `1h2m3s`, `850ms`. */
function openAiDuration(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${seconds % 60}s`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds % 60}s`;
}

/** RFC 3339 to the second, as Anthropic writes it. */
function instant(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, -5)}Z`;
}

/** Whether no other limit that tells of the same has less left; of equals the first counts. */
function isTightest({ limits, states }: Held, index: number, told: LimitHeaderNames): boolean {
  const remaining = states[index]?.remaining ?? 0;
  for (let other = 0; other < limits.length; other++) {
    if (other === index || limits[other]?.told !== told) continue;
    const left = states[other]?.remaining ?? 0;
    if (left < remaining || (left === remaining && other < index)) return false;
  }
  return true;
}

/** Takes out what a provider says of its own limits under names that are about to be set. */
function dropTold(headers: string[], names: HeaderNames): void {
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    const name = headers[index];
    if (name === names.limit || name === names.remaining || name === names.reset) headers.splice(index, 2);
  }
}

const LETTER_R = 0x72;

/** Whether any header has `ratelimit-` in its name at this offset. */
function tellsLimits(headers: readonly string[], offset: number): boolean {
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string;
    // One letter rules out nearly all names without a call.
    if (name.charCodeAt(offset) === LETTER_R && name.startsWith('ratelimit-', offset)) return true;
  }
  return false;
}

/**
 * Sets where the limits stand, in the form of the client's API: Anthropic's `anthropic-ratelimit-*` with instants
 * (https://docs.anthropic.com/en/api/rate-limits), OpenAI's `x-ratelimit-*` with durations for all others
 * (https://platform.openai.com/docs/guides/rate-limits). Of several limits of one kind the one with the least left is told;
 * what the provider says of its own under the same names is left out.
 */
export function appendLimitHeaders(
  headers: string[],
  held: Held,
  options: { dialect: DialectName | undefined; nowMs: number },
): void {
  const anthropic = options.dialect === 'anthropic' || options.dialect === 'anthropic-count-tokens';
  const providerTells = tellsLimits(headers, anthropic ? 'anthropic-'.length : 'x-'.length);
  for (let index = 0; index < held.limits.length; index++) {
    const told = held.limits[index]?.told;
    if (told === undefined || !isTightest(held, index, told)) continue;
    const state = held.states[index] as LimitState;
    const names = anthropic ? told.anthropic : told.openai;
    if (providerTells) dropTold(headers, names);
    const reset = anthropic ? instant(options.nowMs + state.resetMs) : openAiDuration(state.resetMs);
    const remaining = String(Math.floor(state.remaining));
    headers.push(names.limit, String(state.limit), names.remaining, remaining, names.reset, reset);
  }
}
