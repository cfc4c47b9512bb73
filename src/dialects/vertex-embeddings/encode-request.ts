import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import { toGoogleTask } from '../embeddings/google-task.ts';
import { inBatches, inputText, warnOfForeignFields } from '../embeddings/inputs.ts';
import { requireFloats } from '../embeddings/vectors.ts';
import { encodeContent } from '../gemini-embeddings/encode-content.ts';
import type { NeutralEmbeddingInput, NeutralEmbeddingsRequest } from '../neutral/embeddings.ts';
import { instanceLimit, vertexEmbeddingsMethod } from './wire.ts';

const API = 'Vertex AI';

function encodeInstance(input: NeutralEmbeddingInput, index: number, request: NeutralEmbeddingsRequest): JsonObject {
  const instance: JsonObject = { content: inputText(input, index, API) };
  const task = input.task ?? request.task;
  if (task !== undefined) instance['task_type'] = toGoogleTask(task);
  const title = input.title ?? request.title;
  if (title !== undefined) instance['title'] = title;
  return instance;
}

function encodePredict(request: NeutralEmbeddingsRequest): JsonObject[] {
  const parameters: JsonObject = {};
  if (request.truncate !== undefined) parameters['autoTruncate'] = request.truncate !== 'none';
  if (request.dimensions !== undefined) parameters['outputDimensionality'] = request.dimensions;
  const instances = request.inputs.map((input, index): JsonValue => encodeInstance(input, index, request));
  return inBatches(instances, instanceLimit(request.model)).map((batch) => ({ instances: batch, parameters }));
}

function encodeEmbedContent(request: NeutralEmbeddingsRequest): JsonObject[] {
  return request.inputs.map((input, index) => {
    const body = encodeContent(input, index, request);
    if (request.truncate !== undefined) body['autoTruncate'] = request.truncate !== 'none';
    return body;
  });
}

/**
 * Writes requests for the method that `vertexEmbeddingsMethod` names: `predict` with as many instances as the model
 * takes at once, or one `embedContent` for each input.
 */
export function encodeRequests(request: NeutralEmbeddingsRequest, context: EncodeContext): JsonObject[] {
  requireFloats(request, API);
  if (request.truncate === 'start')
    context.warn(`The end of too long inputs is cut off: ${API} cannot cut their start.`);
  if (request.user !== undefined) context.warn(`The user id was left out: ${API} has none.`);
  warnOfForeignFields(request, 'vertex-embeddings', { api: API, warn: context.warn });
  return vertexEmbeddingsMethod(request.model) === 'predict' ? encodePredict(request) : encodeEmbedContent(request);
}
