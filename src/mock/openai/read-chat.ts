import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { type Ask, addMedia, addText, addTool, addToolResult, createAsk, startTurn } from '../brain/ask.ts';
import { numberOf, objectOf, objectsOf, stringOf, stringsOf } from '../json-read.ts';

/** What a chat completions body asks (platform.openai.com/docs/api-reference/chat/create). */
export function readChat(body: JsonObject, model: string): Ask {
  const ask = createAsk(model);
  readMessages(ask, objectsOf(body['messages']));
  for (const tool of objectsOf(body['tools'])) {
    const fn = objectOf(tool['function']);
    if (tool['type'] === 'function') addTool(ask, stringOf(fn['name']), fn['parameters']);
  }
  readToolChoice(ask, body['tool_choice']);
  if (body['parallel_tool_calls'] === false) ask.parallelTools = false;
  readFormat(ask, objectOf(body['response_format']));
  const effort = body['reasoning_effort'] ?? objectOf(body['reasoning'])['effort'];
  const thinking = objectOf(body['thinking'])['type'];
  ask.reasoning =
    (typeof effort === 'string' && effort !== 'none') || thinking === 'enabled' || thinking === 'adaptive';
  const most = numberOf(body['max_completion_tokens']) ?? numberOf(body['max_tokens']);
  if (most !== undefined) ask.maxTokens = most;
  ask.stop = stringsOf(body['stop']);
  ask.candidates = Math.min(Math.max(numberOf(body['n']) ?? 1, 1), 128);
  return ask;
}

/** Adds chat messages to `ask`; also used for the chat form of vLLM's `/tokenize`. */
export function readMessages(ask: Ask, messages: readonly JsonObject[]): void {
  const callNames = new Map<string, string>();
  let previous = '';
  for (const message of messages) {
    const role = stringOf(message['role']);
    if (role === 'assistant') {
      startTurn(ask, 'assistant');
      readContent(ask, message['content'], 'other');
      for (const call of objectsOf(message['tool_calls'])) {
        const fn = objectOf(call['function']);
        callNames.set(stringOf(call['id']), stringOf(fn['name']));
        addText(ask, stringOf(fn['name']) + stringOf(fn['arguments']));
      }
    } else if (role === 'tool' || role === 'function') {
      if (previous !== 'tool' && previous !== 'function') startTurn(ask, 'tool');
      const id = stringOf(message['tool_call_id']);
      addToolResult(ask, callNames.get(id) ?? (stringOf(message['name']) || id), plainText(message['content']));
    } else if (role === 'user') {
      startTurn(ask, 'user');
      readContent(ask, message['content'], 'user');
    } else {
      readContent(ask, message['content'], 'other');
    }
    previous = role;
  }
}

/** Text of a content field: the string itself, or its text parts joined. */
export function plainText(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  return objectsOf(content)
    .map((part) => stringOf(part['text']))
    .join('');
}

function readContent(ask: Ask, content: JsonValue | undefined, role: 'user' | 'other'): void {
  if (typeof content === 'string') {
    addText(ask, content, role);
    return;
  }
  for (const part of objectsOf(content)) {
    switch (part['type']) {
      case 'image_url':
        addMedia(ask, 'image', role);
        break;
      case 'input_audio':
        addMedia(ask, 'sound', role);
        break;
      case 'file':
        addMedia(ask, 'document', role);
        break;
      case 'video_url':
        addMedia(ask, 'video', role);
        break;
      default:
        addText(ask, stringOf(part['text']) || stringOf(part['refusal']), role);
    }
  }
}

function readToolChoice(ask: Ask, choice: JsonValue | undefined): void {
  if (choice === 'none' || choice === 'required' || choice === 'auto') ask.toolChoice = { type: choice };
  if (!isObject(choice)) return;
  const allowed = objectOf(choice['allowed_tools']);
  const name = stringOf(objectOf(choice['function'])['name']);
  if (choice['type'] === 'function') ask.toolChoice = { type: 'tool', name };
  if (choice['type'] === 'allowed_tools' && allowed['mode'] === 'required') ask.toolChoice = { type: 'required' };
}

function readFormat(ask: Ask, format: JsonObject): void {
  if (format['type'] === 'json_object') ask.format = { type: 'json' };
  if (format['type'] === 'json_schema') {
    ask.format = { type: 'json-schema', schema: objectOf(objectOf(format['json_schema'])['schema']) };
  }
}
