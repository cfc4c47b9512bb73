import type { FieldSpan } from '../json/scan.ts';
import { isObject, type JsonObject } from '../json/types.ts';
import { parsedBody } from './admit.ts';
import { readField } from './read-field.ts';
import { heardSeconds, requestedUnits, spokenCharacters } from './request-units.ts';
import type { ExchangeState } from './state.ts';

/**
 * Most output tokens of one picture by the request's `quality`, at the largest size
 * (https://platform.openai.com/docs/guides/image-generation, "Cost and latency").
 */
const PICTURE_TOKENS: Readonly<Record<string, number>> = { low: 408, medium: 1584, high: 6240 };
const DEAREST_PICTURE = 6240;

/** Output tokens of a spoken character: gpt-4o-mini-tts is priced at 1250 tokens a minute, and 900 characters take one. */
const TOKENS_PER_SPOKEN_CHARACTER = 1.4;
/** Tokens of a second of sound that is heard, and of its transcript: fast speech has four words a second. */
const TOKENS_PER_HEARD_SECOND = 10;
const TOKENS_PER_TRANSCRIBED_SECOND = 6;

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.floor(value) : undefined;
}

const DIGIT_0 = 0x30;
/** So many digits are a whole number without loss. */
const MAX_DIGITS = 15;

/** A count as it stands in the request. Most are a few digits, which are read without being parsed as JSON. */
function readCount(body: Uint8Array, span: FieldSpan | undefined): number | undefined {
  if (span === undefined) return undefined;
  const { start, end } = span;
  if (end - start > MAX_DIGITS) return count(readField(body, span));
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (body[at] as number) - DIGIT_0;
    if (!(digit >= 0 && digit <= 9)) return count(readField(body, span));
    value = value * 10 + digit;
  }
  return count(value);
}

function nested(body: JsonObject, section: string, field: string): number | undefined {
  const inner = body[section];
  return isObject(inner) ? count(inner[field]) : undefined;
}

/** Where the APIs that put it into a section have it. */
function sectionBound(state: ExchangeState): number | undefined {
  switch (state.dialect?.name) {
    case 'gemini':
      return nested(parsedBody(state), 'generationConfig', 'maxOutputTokens');
    case 'bedrock-converse':
      return nested(parsedBody(state), 'inferenceConfig', 'maxTokens');
    case 'ollama-chat':
    case 'ollama-generate':
      return nested(parsedBody(state), 'options', 'num_predict');
    case 'tgi':
      return nested(parsedBody(state), 'parameters', 'max_new_tokens');
    default:
      return undefined;
  }
}

/** How many answers a request asks for. */
function choices(state: ExchangeState, body: Uint8Array): number {
  if (state.dialect?.name === 'gemini') return nested(parsedBody(state), 'generationConfig', 'candidateCount') ?? 1;
  const wanted = readCount(body, state.scanned?.fields['n']) ?? 1;
  if (state.dialect?.family !== 'completions') return wanted;
  // Each prompt of a list has its own answers.
  const { prompt } = parsedBody(state);
  return Array.isArray(prompt) && typeof prompt[0] !== 'number' ? wanted * Math.max(1, prompt.length) : wanted;
}

function generated(state: ExchangeState, assumed: number): number {
  const { body, scanned } = state;
  if (body === undefined || scanned === undefined) return 0;
  const { fields } = scanned;
  // What APIs call it, at the top of the request. Servers differ in which of two they heed.
  const most = Math.max(
    readCount(body, fields['max_completion_tokens']) ?? 0,
    readCount(body, fields['max_tokens']) ?? 0,
    readCount(body, fields['max_output_tokens']) ?? 0,
  );
  const bound = most > 0 ? most : (sectionBound(state) ?? assumed);
  return bound * choices(state, body);
}

function ofPictures(state: ExchangeState): number {
  const { images = 1, imageQuality = '' } = requestedUnits(state) ?? {};
  // OpenAI's older models bill pictures, not tokens.
  return state.model?.startsWith('dall-e') === true ? 0 : images * (PICTURE_TOKENS[imageQuality] ?? DEAREST_PICTURE);
}

/**
 * The most tokens that the request lets its answer have, all choices together; `assumed` where it sets no bound. For pictures
 * and sounds a bound by what is asked for; none for operations that generate nothing.
 */
export function outputBound(state: ExchangeState, assumed: number): number {
  switch (state.dialect?.family) {
    case 'generation':
    case 'completions':
      return generated(state, assumed);
    case 'images':
      return state.body === undefined ? 0 : ofPictures(state);
    case 'speech':
      return Math.ceil(spokenCharacters(state) * TOKENS_PER_SPOKEN_CHARACTER);
    case 'transcription':
      return state.body === undefined ? 0 : heardSeconds(state) * TOKENS_PER_TRANSCRIBED_SECOND;
    default:
      return 0;
  }
}

/** The tokens that a request is expected to bring: those of its text, and of the sound in a form. */
export function inputEstimate(state: ExchangeState): number {
  if (state.dialect?.family !== 'transcription' || state.body === undefined) return state.promptTokens;
  return heardSeconds(state) * TOKENS_PER_HEARD_SECOND;
}
