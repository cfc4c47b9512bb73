import type { JsonObject, JsonValue } from '../../json/types.ts';
import { type Ask, addMedia, addText, addTool, addToolResult, createAsk, startTurn } from '../brain/ask.ts';
import { type Answer, type AnswerCandidate, type AnswerUsage, think } from '../brain/think.ts';
import { textPieces } from '../brain/tokens.ts';
import { type Call, type Frame, frame, jsonReply, type Reply, sse, sseReply } from '../call.ts';
import { numberOf, objectOf, objectsOf, stringOf, stringsOf } from '../json-read.ts';
import { checkChat } from './strict.ts';

const ARGUMENT_PIECE = 12;
const TOOL_PLAN = 'I will call the tools that help.';

/** `POST /v2/chat` (docs.cohere.com/reference/chat). */
export function chat(call: Call): Reply {
  if (call.strict) checkChat(call);
  const ask = readChat(call.json);
  const answer = think(ask, { ...call.control, newId: () => call.newId('', 12) });
  const candidate = answer.candidates[0] ?? { parts: [], finish: 'stop' as const };
  const usage = { input: answer.usage.input, output: answer.usage.output };
  const id = call.newUuid();
  if (call.json['stream'] !== true) {
    return jsonReply(wholeChat(id, candidate, answer.usage), { usage });
  }
  return sseReply(chatFrames(id, candidate, answer), {
    usage,
    errorFrames: ({ message }) => [
      sse({ type: 'message-end', delta: { error: message, finish_reason: 'ERROR' } }, 'message-end'),
    ],
  });
}

function readChat(body: JsonObject): Ask {
  const ask = createAsk(stringOf(body['model']));
  const callNames = new Map<string, string>();
  let previous = '';
  for (const message of objectsOf(body['messages'])) {
    const role = stringOf(message['role']);
    if (role === 'user' || (role === 'tool' && previous !== 'tool')) startTurn(ask, role);
    previous = role;
    if (role === 'tool') {
      const id = stringOf(message['tool_call_id']);
      addToolResult(ask, callNames.get(id) ?? id, resultText(message['content']));
      continue;
    }
    for (const toolCall of objectsOf(message['tool_calls'])) {
      const fn = objectOf(toolCall['function']);
      callNames.set(stringOf(toolCall['id']), stringOf(fn['name']));
      addText(ask, stringOf(fn['name']) + stringOf(fn['arguments']));
    }
    readContent(ask, message['content'], role === 'user' ? 'user' : 'other');
  }
  for (const document of Array.isArray(body['documents']) ? body['documents'] : []) {
    addText(ask, typeof document === 'string' ? document : JSON.stringify(document));
  }
  for (const tool of objectsOf(body['tools'])) {
    const fn = objectOf(tool['function']);
    addTool(ask, stringOf(fn['name']), fn['parameters']);
  }
  if (body['tool_choice'] === 'REQUIRED') ask.toolChoice = { type: 'required' };
  if (body['tool_choice'] === 'NONE') ask.toolChoice = { type: 'none' };
  const format = objectOf(body['response_format']);
  const schema = objectOf(format['json_schema'] ?? format['schema']);
  if (format['type'] === 'json_object') {
    ask.format = Object.keys(schema).length > 0 ? { type: 'json-schema', schema } : { type: 'json' };
  }
  ask.reasoning = objectOf(body['thinking'])['type'] === 'enabled';
  const most = numberOf(body['max_tokens']);
  if (most !== undefined) ask.maxTokens = most;
  ask.stop = stringsOf(body['stop_sequences']);
  return ask;
}

function readContent(ask: Ask, content: JsonValue | undefined, role: 'user' | 'other'): void {
  if (typeof content === 'string') addText(ask, content, role);
  for (const part of objectsOf(content)) {
    if (part['type'] === 'image_url') addMedia(ask, 'image', role);
    else addText(ask, stringOf(part['text']) || stringOf(part['thinking']), role);
  }
}

function resultText(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  return objectsOf(content)
    .map((part) => {
      const data = objectOf(part['document'])['data'];
      return stringOf(part['text']) || (typeof data === 'string' ? data : JSON.stringify(data ?? ''));
    })
    .join('\n');
}

function wholeChat(id: string, candidate: AnswerCandidate, usage: AnswerUsage): JsonObject {
  const content: JsonValue[] = [];
  const calls: JsonValue[] = [];
  for (const part of candidate.parts) {
    if (part.type === 'text') content.push({ type: 'text', text: part.text });
    else if (part.type === 'reasoning') content.push({ type: 'thinking', thinking: part.text });
    else calls.push(toolCall(part, part.arguments));
  }
  const message: JsonObject = { role: 'assistant' };
  if (content.length > 0) message['content'] = content;
  if (calls.length > 0) {
    message['tool_plan'] = TOOL_PLAN;
    message['tool_calls'] = calls;
  }
  return { id, finish_reason: finishReason(candidate), message, usage: usageObject(usage) };
}

function* chatFrames(id: string, candidate: AnswerCandidate, answer: Answer): Generator<Frame> {
  const event = (type: string, fields: JsonObject, tokens = 0): Frame => frame(sse({ type, ...fields }, type), tokens);
  const start = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };
  yield event('message-start', { id, delta: { message: start } });
  if (candidate.finish === 'tool-calls') {
    for (const piece of textPieces(TOOL_PLAN))
      yield event('tool-plan-delta', { delta: { message: { tool_plan: piece } } }, 1);
  }
  let contentIndex = 0;
  let callIndex = 0;
  for (const part of candidate.parts) {
    if (part.type === 'tool-call') {
      const index = callIndex;
      callIndex += 1;
      yield event('tool-call-start', { index, delta: { message: { tool_calls: toolCall(part, '') } } });
      for (const piece of textPieces(part.arguments, ARGUMENT_PIECE)) {
        const delta = { message: { tool_calls: { function: { arguments: piece } } } };
        yield event('tool-call-delta', { index, delta }, ARGUMENT_PIECE / 4);
      }
      yield event('tool-call-end', { index });
      continue;
    }
    const field = part.type === 'text' ? 'text' : 'thinking';
    const index = contentIndex;
    contentIndex += 1;
    yield event('content-start', { index, delta: { message: { content: { type: field, [field]: '' } } } });
    for (const piece of textPieces(part.text)) {
      yield event('content-delta', { index, delta: { message: { content: { [field]: piece } } } }, 1);
    }
    yield event('content-end', { index });
  }
  yield event('message-end', { delta: { finish_reason: finishReason(candidate), usage: usageObject(answer.usage) } });
  yield frame('data: [DONE]\n\n');
}

function toolCall(part: { id: string; name: string }, text: string): JsonObject {
  return { id: `${part.name}_${part.id}`, type: 'function', function: { name: part.name, arguments: text } };
}

function finishReason(candidate: AnswerCandidate): string {
  switch (candidate.finish) {
    case 'tool-calls':
      return 'TOOL_CALL';
    case 'length':
      return 'MAX_TOKENS';
    case 'stop-sequence':
      return 'STOP_SEQUENCE';
    case 'stop':
      return 'COMPLETE';
  }
}

/** What is billed leaves out the cached part; `tokens` is what the model read and wrote. */
function usageObject(usage: AnswerUsage): JsonObject {
  return {
    billed_units: { input_tokens: usage.input - usage.cached, output_tokens: usage.output },
    tokens: { input_tokens: usage.input, output_tokens: usage.output },
    cached_tokens: usage.cached,
  };
}
