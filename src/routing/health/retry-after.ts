/** Looks up a response header by its lower-case name. */
export type HeaderLookup = (name: string) => string | undefined;

/** Headers of one rate limit. */
export interface RateLimitHeaders {
  limit: string;
  remaining: string;
  reset: string;
}

const names = (limit: string, remaining: string, reset: string): RateLimitHeaders => ({ limit, remaining, reset });
const suffixed = (of: string): RateLimitHeaders =>
  names(`x-ratelimit-limit-${of}`, `x-ratelimit-remaining-${of}`, `x-ratelimit-reset-${of}`);
const anthropic = (of: string): RateLimitHeaders =>
  names(`anthropic-ratelimit-${of}-limit`, `anthropic-ratelimit-${of}-remaining`, `anthropic-ratelimit-${of}-reset`);

/**
 * Families of rate-limit headers; an answer carries one family. OpenAI, Azure OpenAI and Groq name their
 * limits `requests` and `tokens` and give durations ("6m0s"); Anthropic gives RFC 3339 instants; Cerebras
 * adds the period and gives seconds.
 */
const FAMILIES: readonly (readonly RateLimitHeaders[])[] = [
  [suffixed('requests'), suffixed('tokens')],
  [anthropic('requests'), anthropic('tokens'), anthropic('input-tokens'), anthropic('output-tokens')],
  [suffixed('requests-day'), suffixed('tokens-minute')],
];

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const DURATION_PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/gy;
const PLAIN_NUMBER = /^\d+(?:\.\d+)?$/;

/** Milliseconds of a duration as OpenAI and Go write it ("6m0s", "20ms", "1h2m3.5s") or of plain seconds; undefined if it is neither. */
export function parseDurationMs(text: string): number | undefined {
  const trimmed = text.trim();
  if (PLAIN_NUMBER.test(trimmed)) return Number(trimmed) * 1000;
  let sum = 0;
  let end = 0;
  for (const part of trimmed.matchAll(DURATION_PART)) {
    sum += Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? 0);
    end = part.index + part[0].length;
  }
  return end > 0 && end === trimmed.length ? sum : undefined;
}

/** Milliseconds from `nowEpochMs` to an HTTP date or RFC 3339 instant, never below 0; undefined if it is neither. */
function untilInstantMs(text: string, nowEpochMs: number): number | undefined {
  // Date.parse takes almost anything with a digit; both forms are longer than this and hold a colon.
  if (text.length < 16 || !text.includes(':')) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowEpochMs);
}

/** Milliseconds a `retry-after` value asks for (RFC 9110 §10.2.3): seconds or an HTTP date. Fractions of seconds are taken too. */
export function parseRetryAfterMs(value: string, nowEpochMs: number): number | undefined {
  const trimmed = value.trim();
  if (PLAIN_NUMBER.test(trimmed)) return Number(trimmed) * 1000;
  return untilInstantMs(trimmed, nowEpochMs);
}

function milliseconds(value: string | undefined): number | undefined {
  const trimmed = value?.trim() ?? '';
  return PLAIN_NUMBER.test(trimmed) ? Number(trimmed) : undefined;
}

function resetMs(value: string | undefined, nowEpochMs: number): number | undefined {
  if (value === undefined) return undefined;
  return parseDurationMs(value) ?? untilInstantMs(value, nowEpochMs);
}

/** Longest wait until a used-up limit is whole again; if none is used up, the shortest wait of any limit. */
function limitResetMs(header: HeaderLookup, nowEpochMs: number): number | undefined {
  let usedUp: number | undefined;
  let shortest: number | undefined;
  for (const family of FAMILIES) {
    for (const limit of family) {
      const reset = resetMs(header(limit.reset), nowEpochMs);
      if (reset === undefined) continue;
      if (shortest === undefined || reset < shortest) shortest = reset;
      if (Number(header(limit.remaining) ?? Number.NaN) === 0) usedUp = Math.max(usedUp ?? 0, reset);
    }
  }
  return usedUp ?? shortest;
}

/**
 * Milliseconds a provider asks to wait; undefined if it says nothing that can be read. In this order:
 * `retry-after-ms`, `x-ms-retry-after-ms` (Azure OpenAI), `retry-after`, the reset time of a rate limit.
 * Uncapped: callers bound it. For answers of 429 and 503; a good answer carries reset times as well.
 */
export function readRetryAfterMs(header: HeaderLookup, nowEpochMs: number): number | undefined {
  const precise = milliseconds(header('retry-after-ms')) ?? milliseconds(header('x-ms-retry-after-ms'));
  if (precise !== undefined) return precise;
  const value = header('retry-after');
  const asked = value === undefined ? undefined : parseRetryAfterMs(value, nowEpochMs);
  return asked ?? limitResetMs(header, nowEpochMs);
}

/** Share of the tightest rate limit that is left, 0 to 1; undefined if the answer names no limit with what remains of it. */
export function rateLimitHeadroom(header: HeaderLookup): number | undefined {
  for (const family of FAMILIES) {
    let least: number | undefined;
    for (const limit of family) {
      const remaining = header(limit.remaining);
      if (remaining === undefined) continue;
      const share = Number(remaining) / Number(header(limit.limit) ?? Number.NaN);
      if (!(share >= 0) || share === Number.POSITIVE_INFINITY) continue;
      least = Math.min(least ?? 1, share);
    }
    if (least !== undefined) return least;
  }
  return undefined;
}
