import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import { toGoogleTask } from '../embeddings/google-task.ts';
import { inputText, unsupportedInput, warnOfForeignFields } from '../embeddings/inputs.ts';
import { requireFloats } from '../embeddings/vectors.ts';
import type { NeutralEmbeddingInput, NeutralEmbeddingsRequest } from '../neutral/embeddings.ts';

const API = "OpenAI's embeddings API";

/** Writes one input; `own` allows Vertex AI's objects, which the client then wrote itself. */
function encodeInput(input: NeutralEmbeddingInput, index: number, own: boolean): JsonValue {
  const [first] = input.content;
  if (first?.type === 'tokens') {
    if (input.content.length > 1) throw unsupportedInput(index, `${API} takes token ids alone`);
    return first.tokens;
  }
  const text = inputText(input, index, API);
  if (!own || (input.task === undefined && input.title === undefined)) return text;
  const instance: JsonObject = { content: text };
  if (input.task !== undefined) instance['task_type'] = toGoogleTask(input.task);
  if (input.title !== undefined) instance['title'] = input.title;
  return instance;
}

function writeOwnFields(body: JsonObject, request: NeutralEmbeddingsRequest): void {
  if (request.task !== undefined) body['task_type'] = toGoogleTask(request.task);
  if (request.title !== undefined) body['title'] = request.title;
  if (request.truncate !== undefined) body['auto_truncate'] = request.truncate !== 'none';
}

function warnOfLosses(request: NeutralEmbeddingsRequest, warn: (warning: string) => void): void {
  const named = (pick: (from: { task?: string; title?: string }) => unknown): boolean =>
    [request, ...request.inputs].some((from) => pick(from) !== undefined);
  if (named((from) => from.task)) warn(`The task of the vectors was left out: ${API} has none.`);
  if (named((from) => from.title)) warn(`Titles were left out: ${API} has none.`);
  // Refusing what is too long is what this API does by itself.
  if (request.truncate === 'start' || request.truncate === 'end') {
    warn(`The truncation of inputs was left out: ${API} has none.`);
  }
  warnOfForeignFields(request, 'openai-embeddings', { api: API, warn });
}

/** Writes the one request. Floats are asked for as base64 only where the client wants nothing else. */
export function encodeRequests(request: NeutralEmbeddingsRequest, context: EncodeContext): JsonObject[] {
  requireFloats(request, API);
  const own = request.extensions?.['openai-embeddings'];
  const inputs = request.inputs.map((input, index) => encodeInput(input, index, own !== undefined));
  const [only] = inputs;
  const body: JsonObject = {
    ...own,
    model: request.model,
    input: request.batch || inputs.length !== 1 || only === undefined ? inputs : only,
  };
  if (request.encodings.every((encoding) => encoding === 'base64')) body['encoding_format'] = 'base64';
  if (request.dimensions !== undefined) body['dimensions'] = request.dimensions;
  if (request.user !== undefined) body['user'] = request.user;
  if (own !== undefined) writeOwnFields(body, request);
  else warnOfLosses(request, context.warn);
  return [body];
}
