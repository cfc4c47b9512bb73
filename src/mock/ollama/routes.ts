import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { type Ask, addMedia, addText, addTool, addToolResult, createAsk, startTurn } from '../brain/ask.ts';
import { type Answer, type AnswerCandidate, think } from '../brain/think.ts';
import { countTokens, textPieces } from '../brain/tokens.ts';
import { embedText } from '../brain/vectors.ts';
import {
  type ApiFamily,
  type Call,
  type Frame,
  frame,
  jsonReply,
  type Reply,
  type Route,
  type StreamReply,
} from '../call.ts';
import { numberOf, objectOf, objectsOf, stringOf, stringsOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';
import { checkRequest } from './strict.ts';

/** Ollama: no key, `{"error": "..."}`, also inside streams. */
const ollamaApi: ApiFamily = {
  name: 'ollama',
  headers: () => ({}),
  error: (details) => ({ body: { error: details.message } }),
  authorize: () => {},
};

function post(pattern: RegExp, handle: Route['handle']): Route {
  return { methods: ['POST'], pattern, api: ollamaApi, body: 'json', handle };
}

function get(pattern: RegExp, handle: Route['handle']): Route {
  return { methods: ['GET'], pattern, api: ollamaApi, body: 'raw', handle };
}

/** Ollama's own API (github.com/ollama/ollama/blob/main/docs/api.md) beside its OpenAI-compatible one. */
export const ollamaRoutes: readonly Route[] = [
  post(/\/api\/chat$/, (call) => answer(call, 'chat')),
  post(/\/api\/generate$/, (call) => answer(call, 'generate')),
  post(/\/api\/embed$/, embed),
  get(/\/api\/tags$/, tags),
  get(/\/api\/version$/, () => jsonReply({ version: '0.12.0' })),
];

const NANOSECONDS_PER_TOKEN = 1_000_000;
const EMBEDDING_DIMENSIONS = 768;

function answer(call: Call, kind: 'chat' | 'generate'): Reply {
  const model = stringOf(call.json['model']);
  if (model === '') throw new Refusal({ status: 400, message: 'model is required' });
  if (call.onlyListedModels && !call.models.includes(model)) {
    throw new Refusal({ status: 404, message: `model '${model}' not found` });
  }
  if (call.strict) checkRequest(call.json, kind);
  const thought = think(kind === 'chat' ? readChat(call.json) : readGenerate(call.json), {
    ...call.control,
    newId: () => call.newId('call_'),
  });
  const usage = { input: thought.usage.input, output: thought.usage.output };
  const base = { model, created_at: new Date(call.now()).toISOString() };
  if (call.json['stream'] === false) {
    return jsonReply({ ...base, ...wholeContent(thought, kind), ...ending(thought) }, { usage });
  }
  const reply: StreamReply = {
    kind: 'stream',
    headers: { 'content-type': 'application/x-ndjson' },
    frames: lines(thought, base, kind),
    usage,
    errorFrames: ({ message }) => [`${JSON.stringify({ error: message })}\n`],
  };
  return reply;
}

function readChat(body: JsonObject): Ask {
  const ask = createAsk(stringOf(body['model']));
  let previous = '';
  for (const message of objectsOf(body['messages'])) {
    const role = stringOf(message['role']);
    if (role === 'user' || (role === 'tool' && previous !== 'tool')) startTurn(ask, role);
    previous = role;
    if (role === 'tool') {
      addToolResult(ask, stringOf(message['tool_name']) || 'tool', stringOf(message['content']));
      continue;
    }
    addText(ask, stringOf(message['content']), role === 'user' ? 'user' : 'other');
    for (const _ of stringsOf(message['images'])) addMedia(ask, 'image', role === 'user' ? 'user' : 'other');
  }
  for (const tool of objectsOf(body['tools'])) {
    const fn = objectOf(tool['function']);
    addTool(ask, stringOf(fn['name']), fn['parameters']);
  }
  readCommon(ask, body);
  return ask;
}

function readGenerate(body: JsonObject): Ask {
  const ask = createAsk(stringOf(body['model']));
  addText(ask, stringOf(body['system']));
  addText(ask, stringOf(body['prompt']), 'user');
  for (const _ of stringsOf(body['images'])) addMedia(ask, 'image');
  readCommon(ask, body);
  return ask;
}

function readCommon(ask: Ask, body: JsonObject): void {
  if (body['format'] === 'json') ask.format = { type: 'json' };
  if (isObject(body['format'])) ask.format = { type: 'json-schema', schema: body['format'] };
  ask.reasoning = body['think'] === true || typeof body['think'] === 'string';
  const options = objectOf(body['options']);
  const most = numberOf(options['num_predict']);
  if (most !== undefined && most > 0) ask.maxTokens = most;
  ask.stop = stringsOf(options['stop']);
}

function wholeContent(thought: Answer, kind: 'chat' | 'generate'): JsonObject {
  const candidate = onlyCandidate(thought);
  let text = '';
  let thinking = '';
  const calls: JsonValue[] = [];
  for (const part of candidate.parts) {
    if (part.type === 'text') text += part.text;
    else if (part.type === 'reasoning') thinking += part.text;
    else calls.push(toolCall(part));
  }
  const thoughts: JsonObject = thinking === '' ? {} : { thinking };
  if (kind === 'generate') return { response: text, ...thoughts };
  const message: JsonObject = { role: 'assistant', content: text, ...thoughts };
  if (calls.length > 0) message['tool_calls'] = calls;
  return { message };
}

function* lines(thought: Answer, base: JsonObject, kind: 'chat' | 'generate'): Generator<Frame> {
  const line = (fields: JsonObject, tokens: number): Frame =>
    frame(`${JSON.stringify({ ...base, ...fields, done: false })}\n`, tokens);
  for (const part of onlyCandidate(thought).parts) {
    if (part.type === 'tool-call') {
      yield line(
        { message: { role: 'assistant', content: '', tool_calls: [toolCall(part)] } },
        countTokens(part.arguments),
      );
      continue;
    }
    for (const piece of textPieces(part.text)) {
      if (kind === 'generate') {
        yield line(part.type === 'text' ? { response: piece } : { response: '', thinking: piece }, 1);
      } else {
        const content = part.type === 'text' ? { content: piece } : { content: '', thinking: piece };
        yield line({ message: { role: 'assistant', ...content } }, 1);
      }
    }
  }
  const empty = kind === 'generate' ? { response: '' } : { message: { role: 'assistant', content: '' } };
  yield frame(`${JSON.stringify({ ...base, ...empty, ...ending(thought) })}\n`);
}

function toolCall(part: { id: string; name: string; arguments: string }): JsonValue {
  return { id: part.id, function: { name: part.name, arguments: JSON.parse(part.arguments) as JsonValue } };
}

function onlyCandidate(thought: Answer): AnswerCandidate {
  return thought.candidates[0] ?? { parts: [], finish: 'stop' };
}

/** Durations are in nanoseconds. */
function ending(thought: Answer): JsonObject {
  const { input, output } = thought.usage;
  return {
    done: true,
    done_reason: onlyCandidate(thought).finish === 'length' ? 'length' : 'stop',
    total_duration: (input + output) * NANOSECONDS_PER_TOKEN,
    load_duration: NANOSECONDS_PER_TOKEN,
    prompt_eval_count: input,
    prompt_eval_duration: input * NANOSECONDS_PER_TOKEN,
    eval_count: output,
    eval_duration: output * NANOSECONDS_PER_TOKEN,
  };
}

function embed(call: Call): Reply {
  const texts = stringsOf(call.json['input']);
  const dimensions = numberOf(call.json['dimensions']) ?? EMBEDDING_DIMENSIONS;
  const input = texts.reduce((sum, text) => sum + countTokens(text), 0);
  return jsonReply(
    {
      model: stringOf(call.json['model']),
      embeddings: texts.map((text) => embedText(text, dimensions)),
      total_duration: input * NANOSECONDS_PER_TOKEN,
      load_duration: NANOSECONDS_PER_TOKEN,
      prompt_eval_count: input,
    },
    { usage: { input, output: 0 } },
  );
}

function tags(call: Call): Reply {
  const models = call.models.map(
    (name): JsonValue => ({
      name,
      model: name,
      modified_at: '2026-01-01T00:00:00Z',
      size: 1_000_000,
      digest: 'mock',
      details: { format: 'gguf', family: 'mock', families: ['mock'], parameter_size: '1B', quantization_level: 'Q4_0' },
    }),
  );
  return jsonReply({ models });
}
