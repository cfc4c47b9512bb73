import type { JsonObject, JsonValue } from '../../json/types.ts';
import { isObject } from '../../json/types.ts';
import { countTokens, MEDIA_TOKENS } from '../brain/tokens.ts';
import { embedText, relevance, vectorToBase64 } from '../brain/vectors.ts';
import { type Call, jsonReply, type Reply } from '../call.ts';
import { listOf, numberOf, objectsOf, stringOf, stringsOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';
import { refuseUnknown } from './strict.ts';

const DEFAULT_DIMENSIONS = 1536;
const MOST_TEXTS = 96;
const EMBED_FIELDS = new Set(
  'model input_type texts images inputs max_tokens output_dimension embedding_types truncate priority'.split(' '),
);
const RERANK_FIELDS = new Set(
  'model query documents top_n max_tokens_per_doc return_documents rank_fields priority'.split(' '),
);

/** `POST /v2/embed` (docs.cohere.com/reference/embed). */
export function embed(call: Call): Reply {
  const { json } = call;
  if (call.strict) checkEmbed(json);
  const texts = [
    ...stringsOf(json['texts']),
    ...objectsOf(json['inputs']).map((input) =>
      objectsOf(input['content'])
        .map((part) => stringOf(part['text']))
        .join('\n'),
    ),
  ];
  const images = stringsOf(json['images']);
  const dimensions = numberOf(json['output_dimension']) ?? DEFAULT_DIMENSIONS;
  const types = stringsOf(json['embedding_types']);
  const vectors = [...texts, ...images].map((text) => embedText(text, dimensions));
  const embeddings: JsonObject = {};
  for (const type of types.length === 0 ? ['float'] : types) {
    embeddings[type] = vectors.map((vector): JsonValue => rendered(vector, type));
  }
  const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
  const billed = images.length > 0 ? { images: images.length } : { input_tokens: tokens };
  return jsonReply(
    {
      id: call.newUuid(),
      texts,
      embeddings,
      response_type: 'embeddings_by_type',
      meta: { api_version: { version: '2' }, billed_units: billed },
    },
    { usage: { input: tokens + images.length * MEDIA_TOKENS, output: 0 } },
  );
}

/** `POST /v2/rerank` (docs.cohere.com/reference/rerank), best document first. */
export function rerank(call: Call): Reply {
  const { json } = call;
  const query = stringOf(json['query']);
  const documents = listOf(json['documents']).map(documentText);
  if (call.strict) {
    refuseUnknown(json, RERANK_FIELDS);
    if (stringOf(json['model']) === '')
      throw new Refusal({ status: 400, message: 'invalid request: model is required' });
  }
  if (query === '') throw new Refusal({ status: 400, message: 'invalid request: query must not be empty' });
  if (documents.length === 0) {
    throw new Refusal({ status: 400, message: 'invalid request: list of documents must not be empty' });
  }
  const most = numberOf(json['top_n']) ?? documents.length;
  const results = documents
    .map((text, index) => ({ index, relevance_score: relevance(query, text) }))
    .sort((one, other) => other.relevance_score - one.relevance_score || one.index - other.index)
    .slice(0, most);
  const input = countTokens(query) + documents.reduce((sum, text) => sum + countTokens(text), 0);
  return jsonReply(
    {
      id: call.newUuid(),
      results,
      meta: { api_version: { version: '2' }, billed_units: { search_units: Math.ceil(documents.length / 100) } },
    },
    { usage: { input, output: 0 } },
  );
}

function checkEmbed(json: JsonObject): void {
  refuseUnknown(json, EMBED_FIELDS);
  for (const name of ['model', 'input_type']) {
    if (stringOf(json[name]) === '')
      throw new Refusal({ status: 400, message: `invalid request: ${name} is required` });
  }
  const count = listOf(json['texts']).length + listOf(json['inputs']).length + listOf(json['images']).length;
  if (count === 0) {
    throw new Refusal({ status: 400, message: 'invalid request: one of texts, images or inputs must be provided' });
  }
  if (count > MOST_TEXTS) {
    throw new Refusal({ status: 400, message: `invalid request: total number of texts must be at most ${MOST_TEXTS}` });
  }
}

function documentText(document: JsonValue): string {
  if (isObject(document)) return stringOf(document['text']) || JSON.stringify(document);
  return stringOf(document);
}

function rendered(vector: number[], type: string): JsonValue {
  if (type === 'base64') return vectorToBase64(vector);
  if (type === 'int8') return vector.map((value) => Math.round(value * 127));
  if (type === 'uint8') return vector.map((value) => Math.round((value + 1) * 127));
  if (type === 'binary' || type === 'ubinary') return packedBits(vector, type === 'binary' ? 128 : 0);
  return vector;
}

/** Eight dimensions a number, the sign of each a bit. */
function packedBits(vector: readonly number[], offset: number): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < vector.length; at += 8) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit += 1) if ((vector[at + bit] ?? 0) > 0) byte |= 128 >> bit;
    bytes.push(byte - offset);
  }
  return bytes;
}
