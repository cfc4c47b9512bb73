import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import { lostParts } from '../openai/foreign-extensions.ts';
import { camelKeys, deepCamelKeys, objectField, objectsField, stringField } from './wire.ts';

/**
 * Fields OpenAI clients send for Gemini beside the standard ones: vLLM's guided decoding, Google's own
 * names in either spelling, and the `google` object of Google's OpenAI endpoint
 * (https://ai.google.dev/gemini-api/docs/openai#extra-body).
 */
export interface OpenAiExtras {
  guidedChoice?: string[];
  guidedRegex?: string;
  guidedJson?: JsonObject;
  thinkingConfig?: JsonObject;
  /** `thinking.includeThoughts`: whether thoughts come back as text. */
  includeThoughts?: boolean;
  /** Names in a tool choice of type `allowed_tools`. */
  allowedTools?: string[];
  responseModalities?: string[];
  /** Top-level fields of the Gemini body. */
  body: JsonObject;
}

/** Fields that ask for nothing Gemini would have to do, or whose sense the neutral request holds already. */
const WITHOUT_EFFECT: readonly string[] = ['stream_options', 'safety_identifier', 'metadata', 'reasoning'];

/**
 * Reads the OpenAI extensions of a request and names each that Gemini cannot express, as well as the
 * extensions of all other dialects. Throws GatewayError `invalid_request` for a field of the wrong type.
 */
export function readOpenAiExtras(request: NeutralRequest, warn: (warning: string) => void): OpenAiExtras {
  const extras: OpenAiExtras = { body: {} };
  for (const [dialect, fields] of Object.entries(request.extensions ?? {})) {
    if (dialect === 'gemini') continue;
    for (const [name, value] of Object.entries(fields)) {
      if (value === undefined || value === null || WITHOUT_EFFECT.includes(name)) continue;
      if (dialect === 'openai-chat' && readField(extras, name, value)) continue;
      for (const path of lostParts(dialect, name, value)) warn(`${path} is left out: Gemini has no such field`);
    }
  }
  return extras;
}

/** Takes one field over; `false` when it has no place at Gemini. */
function readField(extras: OpenAiExtras, name: string, value: JsonValue): boolean {
  switch (name) {
    case 'guided_choice':
      if (!isStrings(value)) throw wrong(name, 'an array of strings');
      extras.guidedChoice = value;
      return true;
    case 'guided_regex':
      if (typeof value !== 'string') throw wrong(name, 'a string');
      if (value !== '') extras.guidedRegex = value;
      return true;
    case 'guided_json':
      extras.guidedJson = readSchema(value);
      return true;
    case 'store':
      return value === false;
    case 'thinking':
      if (!isObject(value)) return false;
      if (typeof value['includeThoughts'] === 'boolean') extras.includeThoughts = value['includeThoughts'];
      return true;
    case 'tool_choice':
      extras.allowedTools = readAllowedTools(value);
      return extras.allowedTools.length > 0;
    case 'modalities':
      if (!isStrings(value)) throw wrong(name, 'an array of strings');
      if (value.some((modality) => modality !== 'text')) {
        extras.responseModalities = value.map((modality) => modality.toUpperCase());
      }
      return true;
    case 'safety_settings':
    case 'safetySettings':
      if (!Array.isArray(value)) throw wrong(name, 'an array');
      extras.body['safetySettings'] = deepCamelKeys(value);
      return true;
    case 'cached_content':
    case 'cachedContent':
      extras.body['cachedContent'] = value;
      return true;
    case 'labels':
      extras.body['labels'] = value;
      return true;
    case 'google':
      return isObject(value) && readGoogle(extras, value);
    case 'extra_body':
      return isObject(value) && isObject(value['google']) && readGoogle(extras, value['google']);
    default:
      return false;
  }
}

function readGoogle(extras: OpenAiExtras, google: JsonObject): boolean {
  for (const [name, value] of Object.entries(camelKeys(google))) {
    if (value === undefined || value === null) continue;
    if (name === 'thinkingConfig' && isObject(value)) extras.thinkingConfig = camelKeys(value);
    else if (!readField(extras, name, value)) return false;
  }
  return true;
}

/** Names of the functions in OpenAI's `{"type": "allowed_tools"}`; empty when it is another choice. */
function readAllowedTools(value: JsonValue): string[] {
  const allowed = isObject(value) ? objectField(value, 'allowed_tools') : undefined;
  return objectsField(allowed ?? {}, 'tools').flatMap((tool) => {
    const name = stringField(objectField(tool, 'function') ?? tool, 'name');
    return name === undefined ? [] : [name];
  });
}

function readSchema(value: JsonValue): JsonObject {
  if (isObject(value)) return value;
  try {
    const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : undefined;
    if (isObject(parsed)) return parsed;
  } catch {
    // Said below, as for every other wrong value.
  }
  throw wrong('guided_json', 'a JSON Schema object');
}

function isStrings(value: JsonValue): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function wrong(name: string, expected: string): GatewayError {
  return new GatewayError('invalid_request', `${name} must be ${expected}.`, { param: name });
}
