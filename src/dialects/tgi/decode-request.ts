import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import {
  otherFields,
  readBoolean,
  readCount,
  readNumber,
  readObject,
  readString,
  readStringList,
  requireString,
} from '../openai/fields.ts';
import { PARAMETERS, REQUEST_FIELDS } from './wire.ts';

const AT = 'parameters';

function decodeParameters(parameters: JsonObject, request: NeutralRequest, extensions: JsonObject): void {
  const limit = readCount(parameters, 'max_new_tokens', { at: AT, least: 0 });
  if (limit !== undefined) request.maxOutputTokens = limit;
  const temperature = readNumber(parameters, 'temperature', AT);
  if (temperature !== undefined) request.temperature = temperature;
  const sample = readBoolean(parameters, 'do_sample', AT);
  // Without sampling the likeliest token is taken, as at temperature 0; the server itself goes by the temperature first.
  if (sample !== undefined && temperature === undefined) request.temperature = sample ? 1 : 0;
  const topP = readNumber(parameters, 'top_p', AT);
  if (topP !== undefined) request.topP = topP;
  const topK = readNumber(parameters, 'top_k', AT);
  if (topK !== undefined) request.topK = topK;
  const seed = readNumber(parameters, 'seed', AT);
  if (seed !== undefined) request.seed = seed;
  const penalty = readNumber(parameters, 'frequency_penalty', AT);
  if (penalty !== undefined) request.frequencyPenalty = penalty;
  const stop = readStringList(parameters, 'stop', AT);
  if (stop !== undefined) request.stop = stop;
  const top = readCount(parameters, 'top_n_tokens', { at: AT, least: 0 });
  if (top !== undefined && top > 0) request.logprobs = { top };
  const grammar = readObject(parameters, 'grammar', AT);
  if (grammar === undefined) return;
  if (grammar['type'] === 'json' && isObject(grammar['value'])) {
    request.responseFormat = { type: 'json-schema', name: 'response', schema: grammar['value'] };
  } else {
    extensions['grammar'] = grammar;
  }
}

/**
 * Reads the body of `POST /generate` or `/generate_stream`: one prompt, which counts as what a user says. A server has
 * one model, so that the body names none: it comes from the context. Parameters without neutral meaning go to
 * `extensions.tgi`, fields beside them under `body`.
 */
export function decodeRequest(body: JsonObject, context: DecodeContext): NeutralRequest {
  const model = readString(body, 'model', '') ?? context.model;
  if (model === undefined) {
    throw new GatewayError('invalid_request', "Name the model in the path or in the field 'model'.", {
      param: 'model',
    });
  }
  const parameters = readObject(body, 'parameters', '') ?? {};
  const extensions: JsonObject = otherFields(parameters, PARAMETERS) ?? {};
  const rest = otherFields(body, REQUEST_FIELDS);
  if (rest !== undefined) extensions['body'] = rest;
  const text = requireString(body, 'inputs', '');
  const request: NeutralRequest = {
    model,
    // The path decides: the server reads the field on its path `/` alone.
    stream: context.stream ?? readBoolean(body, 'stream', '') ?? false,
    messages: [{ role: 'user', content: [{ type: 'text', text }] }],
    tools: [],
  };
  decodeParameters(parameters, request, extensions);
  // Present even when empty: it says which API the request was written in.
  request.extensions = { tgi: extensions };
  return request;
}
