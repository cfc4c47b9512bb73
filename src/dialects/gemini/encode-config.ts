import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { NeutralRequest, NeutralResponseFormat } from '../neutral/request.ts';
import type { PartState } from './encode-parts.ts';
import { encodeThinking } from './encode-thinking.ts';
import { GEMINI_2_5, GEMINI_3, isAtLeast } from './model-version.ts';
import type { OpenAiExtras } from './openai-extras.ts';
import { toOpenApiSchema } from './to-openapi-schema.ts';

/** Fields of `generationConfig` that say the answer's form; they exclude each other. */
const FORMAT_FIELDS: readonly string[] = ['responseMimeType', 'responseSchema', 'responseJsonSchema', 'responseFormat'];

/**
 * Writes `generationConfig`. `own` holds the fields a Gemini client set that have no neutral meaning;
 * they win. Throws GatewayError `invalid_request` when the answer's form is given twice.
 */
export function encodeConfig(
  request: NeutralRequest,
  state: PartState,
  from: { own: JsonObject | undefined; extras: OpenAiExtras },
): JsonObject {
  const out: JsonObject = {};
  const set = (name: string, value: number | undefined): void => {
    if (value !== undefined) out[name] = value;
  };
  set('maxOutputTokens', request.maxOutputTokens);
  set('temperature', request.temperature);
  set('topP', request.topP);
  set('topK', request.topK);
  set('seed', request.seed);
  set('candidateCount', request.candidateCount);
  set('presencePenalty', request.presencePenalty);
  set('frequencyPenalty', request.frequencyPenalty);
  if (request.stop !== undefined && request.stop.length > 0) out['stopSequences'] = request.stop;
  if (request.logprobs !== undefined) {
    out['responseLogprobs'] = true;
    set('logprobs', request.logprobs.top);
  }
  const ownFormat = FORMAT_FIELDS.some((name) => from.own?.[name] !== undefined);
  if (!ownFormat) Object.assign(out, encodeFormat(request.responseFormat, from.extras, state));
  const thinking = encodeThinking(request.reasoning, state.model, state.warn);
  if (thinking !== undefined) out['thinkingConfig'] = withThoughts(thinking, from.extras.includeThoughts);
  if (from.extras.thinkingConfig !== undefined) out['thinkingConfig'] = from.extras.thinkingConfig;
  if (from.extras.responseModalities !== undefined) out['responseModalities'] = from.extras.responseModalities;
  const { version } = state.model;
  if (state.detail !== undefined && version !== undefined && version >= 200 && version < GEMINI_3) {
    out['mediaResolution'] = state.detail === 'low' ? 'MEDIA_RESOLUTION_LOW' : 'MEDIA_RESOLUTION_HIGH';
  }
  return { ...out, ...from.own };
}

/** What an OpenAI client says of the thoughts goes before what its other fields suggest. */
function withThoughts(thinking: JsonObject, include: boolean | undefined): JsonObject {
  if (include === undefined || thinking['thinkingBudget'] === 0) return thinking;
  const { includeThoughts: _, ...rest } = thinking;
  return include ? { ...rest, includeThoughts: true } : rest;
}

function encodeFormat(
  format: NeutralResponseFormat | undefined,
  extras: OpenAiExtras,
  state: PartState,
): JsonObject | undefined {
  const guided = encodeGuided(extras, state);
  if (format === undefined) return guided;
  if (guided !== undefined) {
    throw new GatewayError(
      'invalid_request',
      'Give only one of response_format, guided_choice, guided_regex and guided_json.',
      { param: 'response_format' },
    );
  }
  switch (format.type) {
    case 'text':
      return { responseMimeType: 'text/plain' };
    case 'json':
      return { responseMimeType: 'application/json' };
    case 'json-schema':
      return { responseMimeType: 'application/json', ...encodeSchema(format.schema, 'response_format', state) };
    default:
      return format satisfies never;
  }
}

function encodeSchema(schema: JsonObject, where: string, state: PartState): JsonObject {
  if (isAtLeast(state.model, GEMINI_2_5)) return { responseJsonSchema: schema };
  return { responseSchema: toOpenApiSchema(schema, where, state.warn) };
}

/** vLLM's guided decoding, which OpenAI clients send beside the standard fields. */
function encodeGuided(extras: OpenAiExtras, state: PartState): JsonObject | undefined {
  const forms: JsonObject[] = [];
  if (extras.guidedChoice !== undefined) {
    const choices = extras.guidedChoice;
    forms.push({ responseMimeType: 'text/x.enum', responseSchema: { type: 'STRING', enum: choices } });
  }
  if (extras.guidedRegex !== undefined) {
    state.warn('guided_regex: Gemini writes the matching text as a JSON string, in quotes');
    const pattern = extras.guidedRegex;
    forms.push({ responseMimeType: 'application/json', responseSchema: { type: 'STRING', pattern } });
  }
  if (isObject(extras.guidedJson)) {
    forms.push({ responseMimeType: 'application/json', ...encodeSchema(extras.guidedJson, 'guided_json', state) });
  }
  if (forms.length > 1) {
    throw new GatewayError('invalid_request', 'Give only one of guided_choice, guided_regex and guided_json.', {
      param: 'guided_choice',
    });
  }
  return forms[0];
}
