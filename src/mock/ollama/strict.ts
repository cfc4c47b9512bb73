import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { objectOf, objectsOf, stringOf, stringsOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';

const ROLES = new Set(['system', 'user', 'assistant', 'tool']);
const LEVELS = new Set<JsonValue | undefined>([undefined, null, true, false, 'low', 'medium', 'high']);
/** Options that are numbers, and those that are whole. */
const NUMBERS = ['temperature', 'top_p', 'min_p', 'frequency_penalty', 'presence_penalty', 'repeat_penalty'];
const WHOLE = ['num_predict', 'num_ctx', 'num_keep', 'top_k', 'seed'];
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Refuses what `POST /api/chat` and `/api/generate` would refuse (docs.ollama.com/api): values of another type, mostly. */
export function checkRequest(body: JsonObject, kind: 'chat' | 'generate'): void {
  const { format, stream } = body;
  if (format !== undefined && format !== null && format !== 'json' && format !== '' && !isObject(format)) {
    refuse(`invalid format: ${JSON.stringify(format)}; expected "json" or a JSON Schema`);
  }
  if (!LEVELS.has(body['think'])) {
    refuse(`invalid think value: ${JSON.stringify(body['think'])} (must be "high", "medium", "low", true, or false)`);
  }
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') mistyped('stream', 'bool');
  checkOptions(objectOf(body['options']));
  if (kind === 'generate') {
    if (body['prompt'] !== undefined && typeof body['prompt'] !== 'string') mistyped('prompt', 'string');
    checkImages(body);
    return;
  }
  for (const tool of objectsOf(body['tools'])) {
    if (stringOf(objectOf(tool['function'])['name']) === '') refuse('tool function must have a name');
  }
  for (const message of objectsOf(body['messages'])) checkMessage(message);
}

function refuse(message: string): never {
  throw new Refusal({ status: 400, message });
}

function mistyped(field: string, type: string): never {
  return refuse(`json: cannot unmarshal value into Go struct field ${field} of type ${type}`);
}

function checkOptions(options: JsonObject): void {
  for (const name of [...NUMBERS, ...WHOLE]) {
    const value = options[name];
    if (value === undefined || value === null) continue;
    const fits = typeof value === 'number' && (NUMBERS.includes(name) || Number.isInteger(value));
    if (!fits) refuse(`option "${name}" must be of type ${NUMBERS.includes(name) ? 'float32' : 'integer'}`);
  }
}

function checkImages(holder: JsonObject): void {
  for (const image of stringsOf(holder['images'])) {
    if (!BASE64.test(image)) refuse('illegal base64 data at input byte 0');
  }
}

function checkMessage(message: JsonObject): void {
  const role = stringOf(message['role']);
  if (!ROLES.has(role)) refuse(`invalid role: "${role}", must be one of [system, user, assistant, or tool]`);
  const { content } = message;
  if (content !== undefined && content !== null && typeof content !== 'string') {
    mistyped('Message.messages.content', 'string');
  }
  checkImages(message);
  for (const call of objectsOf(message['tool_calls'])) {
    const given = objectOf(call['function'])['arguments'];
    if (given !== undefined && !isObject(given)) mistyped('ToolCallFunction.arguments', 'map');
  }
}
