import type { JsonObject } from '../../json/types.ts';
import type { Call } from '../call.ts';
import { objectsOf, stringOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';

const CHAT_FIELDS = new Set(
  `model messages tools strict_tools documents citation_options response_format safety_mode max_tokens stop_sequences
  temperature seed frequency_penalty presence_penalty k p logprobs tool_choice thinking priority stream
  raw_prompting`.split(/\s+/),
);
const ROLES = new Set(['user', 'assistant', 'system', 'tool']);

/** Refuses what `POST /v2/chat` would refuse (docs.cohere.com/reference/chat). */
export function checkChat(call: Call): void {
  const { json } = call;
  refuseUnknown(json, CHAT_FIELDS);
  const model = stringOf(json['model']);
  if (model === '') refuse('invalid request: model is required');
  if (call.onlyListedModels && !call.models.includes(model)) {
    throw new Refusal({
      status: 404,
      message: `model '${model}' not found, make sure the correct model ID was used and that you have access to the model.`,
    });
  }
  const messages = objectsOf(json['messages']);
  if (messages.length === 0) refuse('invalid request: messages must not be empty');
  for (const [name, low, high] of [
    ['temperature', 0, 1],
    ['p', 0, 0.99],
    ['frequency_penalty', 0, 1],
    ['presence_penalty', 0, 1],
  ] as const) {
    const value = json[name];
    if (typeof value === 'number' && (value < low || value > high)) {
      refuse(`invalid request: ${name} must be between ${low} and ${high} inclusive.`);
    }
  }
  let waiting: string[] = [];
  for (const [index, message] of messages.entries()) {
    const role = stringOf(message['role']);
    if (!ROLES.has(role))
      refuse(`invalid request: messages[${index}].role must be one of user, assistant, system, tool`);
    if (role === 'tool') {
      const id = stringOf(message['tool_call_id']);
      if (!waiting.includes(id)) refuse(`invalid request: tool call id ${id} not found in previous tool calls`);
      waiting = waiting.filter((one) => one !== id);
      continue;
    }
    refuseWaiting(waiting);
    waiting = objectsOf(message['tool_calls']).map((one) => stringOf(one['id']));
  }
  refuseWaiting(waiting);
}

/** Refuses top-level fields that are not in `known`. */
export function refuseUnknown(json: JsonObject, known: ReadonlySet<string>): void {
  const name = Object.keys(json).find((one) => !known.has(one));
  if (name !== undefined) refuse(`invalid request: unknown field: parameter '${name}' is not a valid field`);
}

function refuseWaiting(waiting: readonly string[]): void {
  if (waiting.length > 0) refuse(`invalid request: missing tool results for tool call ids: ${waiting.join(', ')}`);
}

function refuse(message: string): never {
  throw new Refusal({ status: 400, message });
}
