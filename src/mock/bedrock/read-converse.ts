import type { JsonObject } from '../../json/types.ts';
import { isObject, type JsonValue } from '../../json/types.ts';
import { type Ask, addMedia, addText, addTool, addToolResult, createAsk, startTurn } from '../brain/ask.ts';
import { numberOf, objectOf, objectsOf, stringOf, stringsOf } from '../json-read.ts';

/** What a Converse body asks (docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). */
export function readConverse(body: JsonObject, model: string): Ask {
  const ask = createAsk(model);
  for (const block of objectsOf(body['system'])) addText(ask, stringOf(block['text']));
  const callNames = new Map<string, string>();
  for (const message of objectsOf(body['messages'])) readMessage(ask, message, callNames);
  const toolConfig = objectOf(body['toolConfig']);
  for (const tool of objectsOf(toolConfig['tools'])) {
    const spec = tool['toolSpec'];
    if (isObject(spec)) addTool(ask, stringOf(spec['name']), objectOf(spec['inputSchema'])['json']);
  }
  const choice = objectOf(toolConfig['toolChoice']);
  if (choice['any'] !== undefined) ask.toolChoice = { type: 'required' };
  if (isObject(choice['tool'])) ask.toolChoice = { type: 'tool', name: stringOf(choice['tool']['name']) };
  const inference = objectOf(body['inferenceConfig']);
  const most = numberOf(inference['maxTokens']);
  if (most !== undefined) ask.maxTokens = most;
  ask.stop = stringsOf(inference['stopSequences']);
  const extra = objectOf(body['additionalModelRequestFields']);
  if (objectOf(extra['tool_choice'])['disable_parallel_tool_use'] === true) ask.parallelTools = false;
  const thinking = stringOf(objectOf(extra['thinking'])['type'] ?? objectOf(extra['reasoning_config'])['type']);
  ask.reasoning = thinking === 'enabled' || thinking === 'adaptive';
  readFormat(ask, objectOf(objectOf(body['outputConfig'])['textFormat']));
  return ask;
}

function readMessage(ask: Ask, message: JsonObject, callNames: Map<string, string>): void {
  const isUser = message['role'] === 'user';
  const blocks = objectsOf(message['content']);
  const hasResults = blocks.some((block) => block['toolResult'] !== undefined);
  if (isUser) startTurn(ask, hasResults ? 'tool' : 'user');
  const role = isUser ? 'user' : 'other';
  for (const block of blocks) {
    if (block['text'] !== undefined) addText(ask, stringOf(block['text']), role);
    if (block['image'] !== undefined) addMedia(ask, 'image', role);
    if (block['document'] !== undefined) addMedia(ask, 'document', role);
    if (block['video'] !== undefined) addMedia(ask, 'video', role);
    if (isObject(block['toolUse'])) {
      const use = block['toolUse'];
      callNames.set(stringOf(use['toolUseId']), stringOf(use['name']));
      addText(ask, stringOf(use['name']) + JSON.stringify(use['input'] ?? {}));
    }
    if (isObject(block['toolResult'])) {
      const id = stringOf(block['toolResult']['toolUseId']);
      addToolResult(ask, callNames.get(id) ?? id, resultText(block['toolResult']['content']));
    }
    const thought = objectOf(objectOf(block['reasoningContent'])['reasoningText']);
    addText(ask, stringOf(thought['text']));
  }
}

function resultText(content: JsonValue | undefined): string {
  return objectsOf(content)
    .map((block) => (block['json'] === undefined ? stringOf(block['text']) : JSON.stringify(block['json'])))
    .join('\n');
}

/** Structured output: the schema is JSON text inside the JSON. */
function readFormat(ask: Ask, format: JsonObject): void {
  const schema = objectOf(objectOf(format['structure'])['jsonSchema'])['schema'];
  if (format['type'] !== 'json_schema' || typeof schema !== 'string') return;
  try {
    const parsed = JSON.parse(schema) as JsonValue;
    if (isObject(parsed)) ask.format = { type: 'json-schema', schema: parsed };
  } catch {
    // Not JSON: answered as plain text, as without a schema.
  }
}
