import type { UsedUnits } from '../dialects/neutral/units.ts';
import type { Usage } from '../dialects/neutral/usage.ts';
import type { JsonObject } from '../json/types.ts';
import { parsedBody } from './admit.ts';
import type { Attempt, ExchangeState } from './state.ts';

/** Bytes of a second of sound, where nobody says how long it is: an MP3 of 128 kbit/s. */
const BYTES_PER_SECOND = 16_000;
/** A query with up to so many documents is one search unit (https://docs.cohere.com/docs/rerank). */
const DOCUMENTS_PER_SEARCH = 100;

function textField(state: ExchangeState, body: JsonObject | undefined, name: string): string | undefined {
  const value = body === undefined ? state.multipart?.fields[name] : body[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function pictures(state: ExchangeState): UsedUnits {
  const body = state.scanned === undefined ? undefined : parsedBody(state);
  const wanted = Number(body === undefined ? state.multipart?.fields['n'] : body['n']);
  const model = state.model ?? '';
  return {
    images: Number.isSafeInteger(wanted) && wanted > 0 ? wanted : 1,
    // What OpenAI's older models make when the request does not say (https://platform.openai.com/docs/api-reference/images).
    imageSize: textField(state, body, 'size') ?? (model.startsWith('dall-e') ? '1024x1024' : 'auto'),
    imageQuality: textField(state, body, 'quality') ?? (model.startsWith('dall-e') ? 'standard' : 'auto'),
  };
}

function searches(body: JsonObject): number {
  const { documents } = body;
  return Array.isArray(documents) ? Math.max(1, Math.ceil(documents.length / DOCUMENTS_PER_SEARCH)) : 1;
}

/** Characters that a speech request has read aloud. */
export function spokenCharacters(state: ExchangeState): number {
  const input = state.scanned === undefined ? undefined : parsedBody(state)['input'];
  // Characters, not UTF-16 units.
  return typeof input === 'string' ? [...input].length : 0;
}

/** Seconds of the sound that a form brings, by its size. */
export function heardSeconds(state: ExchangeState): number {
  return Math.max(1, Math.ceil((state.body?.length ?? 0) / BYTES_PER_SECOND));
}

/** What a request asks for beside tokens; undefined: nothing. */
export function requestedUnits(state: ExchangeState): UsedUnits | undefined {
  if (state.body === undefined) return undefined;
  switch (state.dialect?.family) {
    case 'images':
      return pictures(state);
    case 'speech':
      return { characters: spokenCharacters(state) };
    case 'transcription':
      return { audioSeconds: heardSeconds(state) };
    case 'rerank':
      return state.scanned === undefined ? undefined : { searches: searches(parsedBody(state)) };
    default:
      return undefined;
  }
}

/** Units of an answer, and whether they were told: what a provider does not tell is taken from the request. */
export interface AnsweredUnits {
  readonly units: UsedUnits | undefined;
  readonly estimated: boolean;
}

const NONE: AnsweredUnits = { units: undefined, estimated: false };

/** What a successful answer used beside tokens. `usage` is what the provider counted in tokens, if it did. */
export function answeredUnits(attempt: Attempt, usage: Usage | undefined): AnsweredUnits {
  const { state, units } = attempt;
  switch (state.dialect?.family) {
    case 'images':
    case 'speech':
      // A request for pictures gets all of them or an error, and a text is read to its end.
      return { units: requestedUnits(state), estimated: false };
    case 'transcription':
      if (units !== undefined) return { units, estimated: false };
      return usage === undefined ? { units: requestedUnits(state), estimated: true } : NONE;
    case 'rerank':
      if (units !== undefined) return { units, estimated: false };
      return usage === undefined ? { units: requestedUnits(state), estimated: true } : NONE;
    default:
      return NONE;
  }
}
