import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import { fromGoogleTask } from '../embeddings/google-task.ts';
import { camelKeys } from '../gemini/wire.ts';
import type { NeutralEmbeddingInput, NeutralEmbeddingPart, NeutralEmbeddingsRequest } from '../neutral/embeddings.ts';
import {
  otherFields,
  readArray,
  readBoolean,
  readCount,
  readObject,
  readString,
  requireObject,
  wrongField,
} from '../openai/fields.ts';

const REQUEST_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'content',
  'taskType',
  'title',
  'outputDimensionality',
  'autoTruncate',
  'embedContentConfig',
]);

/** What one `EmbedContentRequest` says. */
interface Embed {
  input: NeutralEmbeddingInput;
  dimensions: number | undefined;
  truncate: boolean | undefined;
  rest: JsonObject | undefined;
}

function decodePart(item: JsonValue, at: string): NeutralEmbeddingPart {
  const part = camelKeys(requireObject(item, at));
  const text = readString(part, 'text', at);
  if (text !== undefined) return { type: 'text', text };
  const inline = isObject(part['inlineData']) ? camelKeys(part['inlineData']) : undefined;
  const mediaType = inline?.['mimeType'];
  if (typeof mediaType === 'string' && mediaType.startsWith('image/') && typeof inline?.['data'] === 'string') {
    return { type: 'image', source: { kind: 'base64', mediaType, data: inline['data'] } };
  }
  return { type: 'opaque', dialect: 'gemini-embeddings', value: part };
}

function decodeEmbed(raw: JsonObject, at: string): Embed {
  const body = camelKeys(raw);
  // Vertex AI moved the settings into an object of their own.
  const config = camelKeys(readObject(body, 'embedContentConfig', at) ?? {});
  const settings: JsonObject = { ...body, ...config };
  const place = at === '' ? 'content' : `${at}.content`;
  const content = requireObject(body['content'], place);
  const parts = readArray(content, 'parts', place) ?? [];
  if (parts.length === 0) throw wrongField(`${place}.parts`, 'a list of at least one part');
  const input: NeutralEmbeddingInput = {
    content: parts.map((part, index) => decodePart(part, `${place}.parts[${index}]`)),
  };
  const task = readString(settings, 'taskType', at);
  if (task !== undefined) input.task = fromGoogleTask(task);
  const title = readString(settings, 'title', at);
  if (title !== undefined) input.title = title;
  return {
    input,
    dimensions: readCount(settings, 'outputDimensionality', { at, least: 1 }),
    truncate: readBoolean(settings, 'autoTruncate', at),
    rest: otherFields(settings, REQUEST_FIELDS),
  };
}

/** What all requests of a batch must agree on: no other API can mix it. */
function settingsOf(embed: Embed | undefined): string {
  return JSON.stringify([embed?.dimensions, embed?.truncate, embed?.rest]);
}

function modelName(body: JsonObject, context: DecodeContext): string {
  const named = context.model ?? readString(body, 'model', '');
  if (named === undefined || named === '') {
    throw new GatewayError('invalid_request', 'Name the model in the path.', { param: 'model' });
  }
  return named.replace(/^models\//, '');
}

/**
 * Reads the body of `embedContent` (`content`) or `batchEmbedContents` (`requests`). The requests of a batch
 * may differ in content, task and title only.
 */
export function decodeRequest(raw: JsonObject, context: DecodeContext): NeutralEmbeddingsRequest {
  const body = camelKeys(raw);
  const list = readArray(body, 'requests', '');
  if (list?.length === 0) throw wrongField('requests', 'a list of at least one request');
  const embeds =
    list === undefined
      ? [decodeEmbed(body, '')]
      : list.map((item, index) => decodeEmbed(requireObject(item, `requests[${index}]`), `requests[${index}]`));
  const [first] = embeds;
  embeds.forEach((embed, index) => {
    if (index > 0 && settingsOf(embed) !== settingsOf(first)) {
      throw wrongField(`requests[${index}]`, 'like the first in all but content, taskType and title');
    }
  });
  const named = list === undefined ? body : camelKeys(requireObject(list[0], 'requests[0]'));
  const request: NeutralEmbeddingsRequest = {
    model: modelName(named, context),
    inputs: embeds.map((embed) => embed.input),
    batch: list !== undefined,
    encodings: ['float'],
    extensions: { 'gemini-embeddings': first?.rest ?? {} },
  };
  if (first?.dimensions !== undefined) request.dimensions = first.dimensions;
  if (first?.truncate !== undefined) request.truncate = first.truncate ? 'end' : 'none';
  return request;
}
