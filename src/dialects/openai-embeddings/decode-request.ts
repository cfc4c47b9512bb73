import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import { fromGoogleTask } from '../embeddings/google-task.ts';
import type { NeutralEmbeddingInput, NeutralEmbeddingsRequest } from '../neutral/embeddings.ts';
import { otherFields, readBoolean, readCount, readString, wrongField } from '../openai/fields.ts';

/** Request fields with a neutral meaning; the last three are Vertex AI's, which the reference system takes here. */
const REQUEST_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'input',
  'dimensions',
  'encoding_format',
  'user',
  'task_type',
  'title',
  'auto_truncate',
]);

const INPUT_FORMS = 'a string, an array of strings, an array of token ids, or an object with content';

function isTokenList(value: JsonValue): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number');
}

function readTokens(list: number[], at: string): NeutralEmbeddingInput {
  if (!list.every((token) => Number.isSafeInteger(token) && token >= 0)) throw wrongField(at, 'an array of token ids');
  return { content: [{ type: 'tokens', tokens: list }] };
}

/** An object is Vertex AI's instance: `content` (or `text`) with its own `task_type` and `title`. */
function readInstance(value: JsonObject, at: string): NeutralEmbeddingInput {
  const text = readString(value, 'content', at) ?? readString(value, 'text', at);
  if (text === undefined) throw wrongField(`${at}.content`, 'a string; it is missing');
  const input: NeutralEmbeddingInput = { content: [{ type: 'text', text }] };
  const task = readString(value, 'task_type', at);
  if (task !== undefined) input.task = fromGoogleTask(task);
  const title = readString(value, 'title', at);
  if (title !== undefined) input.title = title;
  return input;
}

function readInput(value: JsonValue, at: string): NeutralEmbeddingInput {
  if (typeof value === 'string') return { content: [{ type: 'text', text: value }] };
  if (isTokenList(value)) return readTokens(value, at);
  if (isObject(value)) return readInstance(value, at);
  throw wrongField(at, INPUT_FORMS);
}

function readInputs(value: JsonValue | undefined): { inputs: NeutralEmbeddingInput[]; batch: boolean } {
  if (value === undefined || value === null) throw wrongField('input', `${INPUT_FORMS}; it is missing`);
  if (!Array.isArray(value) || isTokenList(value)) return { inputs: [readInput(value, 'input')], batch: false };
  if (value.length === 0) throw wrongField('input', 'a list of at least one input');
  return { inputs: value.map((item, index) => readInput(item, `input[${index}]`)), batch: true };
}

/** Reads an embeddings request. Its fields without neutral meaning go to `extensions['openai-embeddings']`. */
export function decodeRequest(body: JsonObject, context: DecodeContext): NeutralEmbeddingsRequest {
  const model = readString(body, 'model', '') ?? context.model;
  if (model === undefined) throw wrongField('model', 'a string; it is missing');
  const encoding = readString(body, 'encoding_format', '') ?? 'float';
  if (encoding !== 'float' && encoding !== 'base64') throw wrongField('encoding_format', "'float' or 'base64'");
  const request: NeutralEmbeddingsRequest = { model, ...readInputs(body['input']), encodings: [encoding] };
  const dimensions = readCount(body, 'dimensions', { at: '', least: 1 });
  if (dimensions !== undefined) request.dimensions = dimensions;
  const user = readString(body, 'user', '');
  if (user !== undefined) request.user = user;
  const task = readString(body, 'task_type', '');
  if (task !== undefined) request.task = fromGoogleTask(task);
  const title = readString(body, 'title', '');
  if (title !== undefined) request.title = title;
  const cut = readBoolean(body, 'auto_truncate', '');
  if (cut !== undefined) request.truncate = cut ? 'end' : 'none';
  // Present even when empty: it says which API the request was written in.
  request.extensions = { 'openai-embeddings': otherFields(body, REQUEST_FIELDS) ?? {} };
  return request;
}
