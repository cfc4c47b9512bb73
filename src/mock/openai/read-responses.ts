import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { type Ask, addMedia, addText, addTool, addToolResult, createAsk, startTurn } from '../brain/ask.ts';
import { numberOf, objectOf, objectsOf, stringOf } from '../json-read.ts';
import { plainText } from './read-chat.ts';

/** The input of a responses body as a list of items; a plain string is one user message. */
export function inputItems(input: JsonValue | undefined): JsonObject[] {
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : objectsOf(input);
}

/**
 * What a responses body asks (platform.openai.com/docs/api-reference/responses/create). `earlier`
 * are the items of the response it continues.
 */
export function readResponses(body: JsonObject, model: string, earlier: readonly JsonObject[] = []): Ask {
  const ask = createAsk(model);
  if (typeof body['instructions'] === 'string') addText(ask, body['instructions']);
  readItems(ask, [...earlier, ...inputItems(body['input'])]);
  for (const tool of objectsOf(body['tools'])) {
    if (tool['type'] === 'function') addTool(ask, stringOf(tool['name']), tool['parameters']);
  }
  const choice = body['tool_choice'];
  if (choice === 'none' || choice === 'required' || choice === 'auto') ask.toolChoice = { type: choice };
  if (isObject(choice) && choice['type'] === 'function') {
    ask.toolChoice = { type: 'tool', name: stringOf(choice['name']) };
  }
  if (body['parallel_tool_calls'] === false) ask.parallelTools = false;
  const format = objectOf(objectOf(body['text'])['format']);
  if (format['type'] === 'json_object') ask.format = { type: 'json' };
  if (format['type'] === 'json_schema') ask.format = { type: 'json-schema', schema: objectOf(format['schema']) };
  const effort = objectOf(body['reasoning'])['effort'];
  ask.reasoning = typeof effort === 'string' && effort !== 'none';
  const most = numberOf(body['max_output_tokens']);
  if (most !== undefined) ask.maxTokens = most;
  return ask;
}

function readItems(ask: Ask, items: readonly JsonObject[]): void {
  const callNames = new Map<string, string>();
  let previous = '';
  for (const item of items) {
    const type = stringOf(item['type']) || 'message';
    if (type === 'message') {
      readMessage(ask, item);
    } else if (type === 'function_call' || type === 'custom_tool_call') {
      startTurn(ask, 'assistant');
      callNames.set(stringOf(item['call_id']), stringOf(item['name']));
      addText(ask, stringOf(item['name']) + stringOf(item['arguments']));
    } else if (type === 'function_call_output' || type === 'custom_tool_call_output') {
      if (previous !== type) startTurn(ask, 'tool');
      const id = stringOf(item['call_id']);
      addToolResult(ask, callNames.get(id) ?? id, plainText(item['output']));
    } else if (type === 'reasoning') {
      for (const part of objectsOf(item['summary'])) addText(ask, stringOf(part['text']));
    }
    previous = type;
  }
}

function readMessage(ask: Ask, item: JsonObject): void {
  const role = item['role'] === 'user' ? 'user' : 'other';
  if (role === 'user') startTurn(ask, 'user');
  if (item['role'] === 'assistant') startTurn(ask, 'assistant');
  const content = item['content'];
  if (typeof content === 'string') {
    addText(ask, content, role);
    return;
  }
  for (const part of objectsOf(content)) {
    if (part['type'] === 'input_image') addMedia(ask, 'image', role);
    else if (part['type'] === 'input_file') addMedia(ask, 'document', role);
    else if (part['type'] === 'input_audio') addMedia(ask, 'sound', role);
    else addText(ask, stringOf(part['text']) || stringOf(part['refusal']), role);
  }
}
