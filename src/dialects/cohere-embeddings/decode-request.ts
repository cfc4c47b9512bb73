import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type {
  EmbeddingEncoding,
  NeutralEmbeddingInput,
  NeutralEmbeddingPart,
  NeutralEmbeddingsRequest,
} from '../neutral/embeddings.ts';
import { sourceFromUrl } from '../openai/data-uri.ts';
import {
  otherFields,
  readArray,
  readCount,
  readString,
  readStringList,
  requireObject,
  requireString,
  wrongField,
} from '../openai/fields.ts';
import { ENCODINGS, fromInputType, REQUEST_FIELDS } from './wire.ts';

function decodePart(item: JsonValue, at: string): NeutralEmbeddingPart {
  const part = requireObject(item, at);
  switch (requireString(part, 'type', at)) {
    case 'text':
      return { type: 'text', text: requireString(part, 'text', at) };
    case 'image_url': {
      const image = part['image_url'];
      // On Bedrock the URL stands there bare.
      const url =
        typeof image === 'string'
          ? image
          : requireString(requireObject(image, `${at}.image_url`), 'url', `${at}.image_url`);
      return { type: 'image', source: sourceFromUrl(url) };
    }
    default:
      return { type: 'opaque', dialect: 'cohere-embeddings', value: part };
  }
}

function decodeInput(item: JsonValue, at: string): NeutralEmbeddingInput {
  const content = readArray(requireObject(item, at), 'content', at) ?? [];
  if (content.length === 0) throw wrongField(`${at}.content`, 'a list of at least one part');
  return { content: content.map((part, index) => decodePart(part, `${at}.content[${index}]`)) };
}

function decodeInputs(body: JsonObject): NeutralEmbeddingInput[] {
  const texts = readStringList(body, 'texts', '') ?? [];
  const images = readStringList(body, 'images', '') ?? [];
  const mixed = readArray(body, 'inputs', '') ?? [];
  const forms = [texts, images, mixed].filter((list) => list.length > 0);
  if (forms.length !== 1) throw wrongField('texts', "a list of at least one text, or 'images' or 'inputs' instead");
  return [
    ...texts.map((text): NeutralEmbeddingInput => ({ content: [{ type: 'text', text }] })),
    ...images.map((url): NeutralEmbeddingInput => ({ content: [{ type: 'image', source: sourceFromUrl(url) }] })),
    ...mixed.map((item, index) => decodeInput(item, `inputs[${index}]`)),
  ];
}

function decodeEncodings(body: JsonObject): EmbeddingEncoding[] {
  const names = readStringList(body, 'embedding_types', '') ?? [];
  if (names.length === 0) return ['float'];
  return names.map((name, index) => {
    const known = ENCODINGS.find((encoding) => encoding === name);
    if (known === undefined) throw wrongField(`embedding_types[${index}]`, `one of ${ENCODINGS.join(', ')}`);
    return known;
  });
}

function decodeTruncate(word: string | undefined): NeutralEmbeddingsRequest['truncate'] {
  switch (word) {
    case undefined:
      return undefined;
    case 'NONE':
      return 'none';
    // Embed v4 on Bedrock says where the cut is, not which end goes.
    case 'START':
    case 'LEFT':
      return 'start';
    case 'END':
    case 'RIGHT':
      return 'end';
    default:
      throw wrongField('truncate', "'NONE', 'START' or 'END'");
  }
}

/** Reads the body of `POST /v2/embed`. Its fields without neutral meaning go to `extensions['cohere-embeddings']`. */
export function decodeRequest(body: JsonObject, context: DecodeContext): NeutralEmbeddingsRequest {
  const model = readString(body, 'model', '') ?? context.model;
  if (model === undefined) throw wrongField('model', 'a string; it is missing');
  const request: NeutralEmbeddingsRequest = {
    model,
    inputs: decodeInputs(body),
    batch: true,
    encodings: decodeEncodings(body),
    extensions: { 'cohere-embeddings': otherFields(body, REQUEST_FIELDS) ?? {} },
  };
  const type = readString(body, 'input_type', '');
  if (type !== undefined) request.task = fromInputType(type);
  const dimensions = readCount(body, 'output_dimension', { at: '', least: 1 });
  if (dimensions !== undefined) request.dimensions = dimensions;
  const truncate = decodeTruncate(readString(body, 'truncate', ''));
  if (truncate !== undefined) request.truncate = truncate;
  return request;
}
