import { isObject, type JsonObject } from '../../json/types.ts';
import { toGoogleTask } from '../embeddings/google-task.ts';
import { unsupportedInput } from '../embeddings/inputs.ts';
import type { NeutralEmbeddingInput, NeutralEmbeddingPart, NeutralEmbeddingsRequest } from '../neutral/embeddings.ts';
import { parseDataUri } from '../openai/data-uri.ts';

const API = 'the Gemini embeddings API';

function encodePart(part: NeutralEmbeddingPart, index: number): JsonObject {
  switch (part.type) {
    case 'text':
      return { text: part.text };
    case 'tokens':
      throw unsupportedInput(index, `${API} takes text, not token ids; send the text`);
    case 'image': {
      const source = part.source;
      if (source.kind === 'base64') return { inlineData: { mimeType: source.mediaType, data: source.data } };
      if (source.kind === 'file') throw unsupportedInput(index, 'a file id means nothing to another provider');
      const inline = parseDataUri(source.url);
      if (inline !== undefined) return { inlineData: { mimeType: inline.mediaType, data: inline.data } };
      const file: JsonObject = { fileUri: source.url };
      if (source.mediaType !== undefined) file['mimeType'] = source.mediaType;
      return { fileData: file };
    }
    case 'opaque':
      if (part.dialect === 'gemini-embeddings' && isObject(part.value)) return part.value;
      throw unsupportedInput(index, `only the ${part.dialect} API understands it`);
    default:
      return part satisfies never;
  }
}

/**
 * Writes the fields of one `EmbedContentRequest` without its model (https://ai.google.dev/api/embeddings):
 * the content, and what the request or the input asks of its vector.
 */
export function encodeContent(
  input: NeutralEmbeddingInput,
  index: number,
  request: NeutralEmbeddingsRequest,
): JsonObject {
  const body: JsonObject = { content: { parts: input.content.map((part) => encodePart(part, index)) } };
  const task = input.task ?? request.task;
  if (task !== undefined) body['taskType'] = toGoogleTask(task);
  const title = input.title ?? request.title;
  if (title !== undefined) body['title'] = title;
  if (request.dimensions !== undefined) body['outputDimensionality'] = request.dimensions;
  return body;
}
