import type { JsonObject, JsonValue } from '../../json/types.ts';
import { type Ask, addMedia, addText, addTool, addToolResult, createAsk, startTurn } from '../brain/ask.ts';
import { numberOf, objectOf, objectsOf, stringOf, stringsOf } from '../json-read.ts';

/** What a messages body asks (docs.anthropic.com/en/api/messages). */
export function readMessagesBody(body: JsonObject, model: string): Ask {
  const ask = createAsk(model);
  addText(ask, textOf(body['system']));
  const callNames = new Map<string, string>();
  let previous = '';
  for (const message of objectsOf(body['messages'])) {
    // Consecutive messages of one role are one turn.
    const role = stringOf(message['role']);
    if (role !== previous) startTurn(ask, turnOf(message));
    previous = role;
    readMessage(ask, message, callNames);
  }
  for (const tool of objectsOf(body['tools'])) {
    // A tool with a type other than `custom` runs at the provider and is never called back.
    if (tool['type'] === undefined || tool['type'] === 'custom') {
      addTool(ask, stringOf(tool['name']), tool['input_schema']);
    }
  }
  const choice = objectOf(body['tool_choice']);
  if (choice['type'] === 'any') ask.toolChoice = { type: 'required' };
  if (choice['type'] === 'none') ask.toolChoice = { type: 'none' };
  if (choice['type'] === 'tool') ask.toolChoice = { type: 'tool', name: stringOf(choice['name']) };
  if (choice['disable_parallel_tool_use'] === true) ask.parallelTools = false;
  const thinking = objectOf(body['thinking'])['type'];
  ask.reasoning = thinking === 'enabled' || thinking === 'adaptive';
  const format = { ...objectOf(body['output_format']), ...objectOf(objectOf(body['output_config'])['format']) };
  if (format['type'] === 'json_schema') ask.format = { type: 'json-schema', schema: objectOf(format['schema']) };
  const most = numberOf(body['max_tokens']);
  if (most !== undefined) ask.maxTokens = most;
  ask.stop = stringsOf(body['stop_sequences']);
  return ask;
}

/** Text of a string or of text blocks. */
export function textOf(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  return objectsOf(content)
    .map((block) => stringOf(block['text']))
    .join('\n');
}

/** A turn with tool results keeps what the user said before it. */
function turnOf(message: JsonObject): 'user' | 'assistant' | 'tool' {
  if (message['role'] !== 'user') return 'assistant';
  return objectsOf(message['content']).some((block) => block['type'] === 'tool_result') ? 'tool' : 'user';
}

function readMessage(ask: Ask, message: JsonObject, callNames: Map<string, string>): void {
  const isUser = message['role'] === 'user';
  const content = message['content'];
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : objectsOf(content);
  const role = isUser ? 'user' : 'other';
  for (const block of blocks) {
    switch (block['type']) {
      case 'image':
        addMedia(ask, 'image', role);
        break;
      case 'document':
        addMedia(ask, 'document', role);
        break;
      case 'thinking':
        addText(ask, stringOf(block['thinking']));
        break;
      case 'tool_use':
        callNames.set(stringOf(block['id']), stringOf(block['name']));
        addText(ask, stringOf(block['name']) + JSON.stringify(block['input'] ?? {}));
        break;
      case 'tool_result': {
        const id = stringOf(block['tool_use_id']);
        addToolResult(ask, callNames.get(id) ?? id, textOf(block['content']));
        break;
      }
      default:
        addText(ask, stringOf(block['text']), role);
    }
  }
}
