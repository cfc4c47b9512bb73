import { isObject, type JsonObject } from '../json/types.ts';
import { parsedBody } from './admit.ts';
import { readField } from './read-field.ts';
import type { ExchangeState } from './state.ts';

/** What APIs call the most tokens of an answer, at the top of the request. */
const FIELDS = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'];

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.floor(value) : undefined;
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
      return nested(parsedBody(state), 'options', 'num_predict');
    case 'tgi':
      return nested(parsedBody(state), 'parameters', 'max_new_tokens');
    default:
      return undefined;
  }
}

/**
 * The most tokens that the request lets its answer have, all choices together; `assumed` where it sets no bound. None for
 * operations that generate none.
 */
export function outputBound(state: ExchangeState, assumed: number): number {
  const { body, scanned, dialect } = state;
  if (body === undefined || scanned === undefined) return 0;
  if (dialect?.family !== 'generation' && dialect?.family !== 'completions') return 0;
  let bound: number | undefined;
  for (const field of FIELDS) bound ??= count(readField(body, scanned.fields[field]));
  bound ??= sectionBound(state);
  const choices = count(readField(body, scanned.fields['n'])) ?? 1;
  return (bound ?? assumed) * choices;
}
