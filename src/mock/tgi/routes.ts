import type { JsonObject, JsonValue } from '../../json/types.ts';
import { addText, createAsk } from '../brain/ask.ts';
import { type AnswerCandidate, think } from '../brain/think.ts';
import { textPieces } from '../brain/tokens.ts';
import {
  type ApiFamily,
  type Call,
  type Frame,
  frame,
  jsonReply,
  type Reply,
  type Route,
  sse,
  sseReply,
} from '../call.ts';
import { numberOf, objectOf, stringsOf } from '../json-read.ts';
import { hashText } from '../random.ts';
import { Refusal } from '../refusal.ts';

/** Text Generation Inference: no key of its own (Inference Endpoints ask for a bearer token), `{"error", "error_type"}`. */
const tgiApi: ApiFamily = {
  name: 'tgi',
  headers: () => ({ 'x-compute-type': 'mock', 'x-inference-time': '12' }),
  error: (details) => ({ body: tgiError(details) }),
  authorize: () => {},
};

function post(pattern: RegExp, handle: Route['handle']): Route {
  return { methods: ['POST'], pattern, api: tgiApi, body: 'json', handle };
}

/** TGI's own API beside its OpenAI-compatible one. */
export const tgiRoutes: readonly Route[] = [
  post(/\/generate$/, generate),
  post(/\/generate_stream$/, generateStream),
  {
    methods: ['GET'],
    pattern: /\/info$/,
    api: tgiApi,
    body: 'raw',
    handle: (call) =>
      jsonReply({ model_id: call.models[0] ?? 'demo', max_input_tokens: 32_768, max_total_tokens: 65_536 }),
  },
];

const DEFAULT_NEW_TOKENS = 100;

/** `POST /generate`: always whole, `stream` counts on the path `/` alone. The headers count tokens, details or not. */
function generate(call: Call): Reply {
  const { candidate, text, input } = thinkText(call);
  const tokens = textPieces(text).map(token);
  const body: JsonObject = { generated_text: text };
  if (objectOf(call.json['parameters'])['details'] === true) {
    body['details'] = { ...details(candidate, tokens.length), prefill: [], tokens };
  }
  const reply = jsonReply(body, { usage: { input, output: tokens.length } });
  const headers = { 'x-prompt-tokens': String(input), 'x-generated-tokens': String(tokens.length) };
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** `POST /generate_stream`. */
function generateStream(call: Call): Reply {
  const { candidate, text, input } = thinkText(call);
  return sseReply(frames(candidate, text, input), {
    usage: { input, output: textPieces(text).length },
    errorFrames: (error) => [sse(tgiError(error))],
  });
}

function thinkText(call: Call): { candidate: AnswerCandidate; text: string; input: number } {
  const inputs = call.json['inputs'];
  const parameters = objectOf(call.json['parameters']);
  if (typeof inputs !== 'string' || inputs === '') {
    throw new Refusal({ status: 422, message: 'Input validation error: `inputs` cannot be empty' });
  }
  if (call.strict) checkParameters(parameters);
  const ask = createAsk('');
  addText(ask, inputs, 'user');
  ask.maxTokens = numberOf(parameters['max_new_tokens']) ?? DEFAULT_NEW_TOKENS;
  ask.stop = stringsOf(parameters['stop']);
  const grammar = objectOf(parameters['grammar']);
  if (grammar['type'] === 'json') ask.format = { type: 'json-schema', schema: objectOf(grammar['value']) };
  const answer = think(ask, { ...call.control, newId: () => call.newId('') });
  const candidate = answer.candidates[0] ?? { parts: [], finish: 'stop' };
  const text = candidate.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const prefix = parameters['return_full_text'] === true ? inputs : '';
  return { candidate, text: prefix + text, input: ask.inputTokens };
}

function checkParameters(parameters: JsonObject): void {
  const temperature = parameters['temperature'];
  if (typeof temperature === 'number' && temperature <= 0) {
    throw new Refusal({ status: 422, message: 'Input validation error: `temperature` must be strictly positive' });
  }
  const topP = parameters['top_p'];
  if (typeof topP === 'number' && (topP <= 0 || topP >= 1)) {
    throw new Refusal({ status: 422, message: 'Input validation error: `top_p` must be > 0.0 and < 1.0' });
  }
  const most = parameters['max_new_tokens'];
  if (typeof most === 'number' && most < 1) {
    throw new Refusal({ status: 422, message: 'Input validation error: `max_new_tokens` must be strictly positive' });
  }
}

function* frames(candidate: AnswerCandidate, text: string, input: number): Generator<Frame> {
  const pieces = textPieces(text);
  for (const [position, piece] of pieces.entries()) {
    const last = position === pieces.length - 1;
    const event: JsonObject = {
      index: position + 1,
      token: token(piece),
      generated_text: last ? text : null,
      details: last ? { ...details(candidate, pieces.length), input_length: input } : null,
    };
    yield frame(sse(event), 1);
  }
}

function token(text: string): JsonValue {
  return { id: hashText(text) % 32_000, text, logprob: -0.1, special: false };
}

function details(candidate: AnswerCandidate, tokens: number): JsonObject {
  const reasons = { stop: 'eos_token', length: 'length', 'stop-sequence': 'stop_sequence', 'tool-calls': 'eos_token' };
  return { finish_reason: reasons[candidate.finish], generated_tokens: tokens, seed: null };
}

function tgiError(error: { status: number; message: string }): JsonObject {
  const types: Record<number, string> = { 422: 'validation', 424: 'generation', 429: 'overloaded' };
  return { error: error.message, error_type: types[error.status] ?? 'generation' };
}
