import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { encodeEmbedBodies } from '../cohere-embeddings/encode-request.ts';
import type { EncodeContext } from '../dialect.ts';
import { extensionField, inputText, unsupportedInput, warnOfForeignFields } from '../embeddings/inputs.ts';
import { requireFloats } from '../embeddings/vectors.ts';
import type { NeutralEmbeddingInput, NeutralEmbeddingsRequest } from '../neutral/embeddings.ts';
import { type EmbeddingModelKind, embeddingModelKind } from './model-kind.ts';

const API = 'Titan on Bedrock';

/** The one size of Titan Text Embeddings v1. */
const V1_DIMENSIONS = 1536;

/** Titan's own field, which clients of other APIs may send under its name. */
const HANDLED_FIELDS: ReadonlySet<string> = new Set(['normalize']);

function encodeTitanText(input: NeutralEmbeddingInput, index: number, request: NeutralEmbeddingsRequest): JsonObject {
  const body: JsonObject = { inputText: inputText(input, index, API) };
  if (request.dimensions !== undefined) body['dimensions'] = request.dimensions;
  const normalize = extensionField(request, 'normalize');
  if (typeof normalize === 'boolean') body['normalize'] = normalize;
  return body;
}

/** Titan Multimodal: a text, an image in base64, or both (Bedrock user guide, model-parameters-titan-embed-mm). */
function encodeTitanImage(input: NeutralEmbeddingInput, index: number, request: NeutralEmbeddingsRequest): JsonObject {
  const body: JsonObject = {};
  const texts = input.content.filter((part) => part.type !== 'image');
  if (texts.length > 0) body['inputText'] = inputText({ ...input, content: texts }, index, API);
  for (const part of input.content) {
    if (part.type !== 'image') continue;
    if (part.source.kind !== 'base64') throw unsupportedInput(index, `${API} takes images as base64 bytes only`);
    if (body['inputImage'] !== undefined) throw unsupportedInput(index, `${API} takes one image for each input`);
    body['inputImage'] = part.source.data;
  }
  if (request.dimensions !== undefined) body['embeddingConfig'] = { outputEmbeddingLength: request.dimensions };
  return body;
}

function encodeTitan(
  request: NeutralEmbeddingsRequest,
  kind: EmbeddingModelKind,
  context: EncodeContext,
): JsonObject[] {
  requireFloats(request, API);
  const { dimensions } = request;
  if (kind === 'titan-v1' && dimensions !== undefined && dimensions !== V1_DIMENSIONS) {
    throw new GatewayError(
      'unsupported_parameter',
      `Titan Text Embeddings v1 makes vectors of ${V1_DIMENSIONS} dimensions only; use v2 or leave 'dimensions' out.`,
      { param: 'dimensions' },
    );
  }
  const all = [request, ...request.inputs];
  if (all.some((from) => from.task !== undefined))
    context.warn(`The task of the vectors was left out: ${API} has none.`);
  if (all.some((from) => from.title !== undefined)) context.warn(`Titles were left out: ${API} has none.`);
  if (request.truncate === 'start' || request.truncate === 'end') {
    context.warn(`The truncation of inputs was left out: ${API} refuses what is too long.`);
  }
  if (request.user !== undefined) context.warn(`The user id was left out: ${API} has none.`);
  warnOfForeignFields(request, 'bedrock-embeddings', { api: API, handled: HANDLED_FIELDS, warn: context.warn });
  return request.inputs.map((input, index) => {
    if (kind === 'titan-image') return encodeTitanImage(input, index, request);
    if (kind === 'titan-v1') return { inputText: inputText(input, index, API) };
    return encodeTitanText(input, index, request);
  });
}

/**
 * Writes bodies for `POST /model/{id}/invoke`: Titan takes one input a request, Cohere's models 96. The model stands in
 * the path (Bedrock user guide, model-parameters-titan-embed-text and model-parameters-embed).
 */
export function encodeRequests(request: NeutralEmbeddingsRequest, context: EncodeContext): JsonObject[] {
  const kind = embeddingModelKind(request.model);
  if (kind !== 'cohere') return encodeTitan(request, kind, context);
  return encodeEmbedBodies(request, context, { api: 'Cohere on Bedrock', bareImageUrls: true }).map((body) =>
    fitToBedrock(body, request),
  );
}

/** Bedrock's Cohere models write no base64, and Embed v4 has words of its own for `truncate`. */
function fitToBedrock(body: JsonObject, request: NeutralEmbeddingsRequest): JsonObject {
  const types = request.encodings.map((encoding) => (encoding === 'base64' ? 'float' : encoding));
  const fitted: JsonObject = { ...body, embedding_types: [...new Set(types)] };
  if (request.truncate === undefined || request.model.includes('v3')) return fitted;
  fitted['truncate'] = TRUNCATE_V4[request.truncate];
  return fitted;
}

const TRUNCATE_V4 = { none: 'NONE', start: 'LEFT', end: 'RIGHT' } as const;
