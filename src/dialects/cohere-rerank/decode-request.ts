import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type { NeutralRerankDocument, NeutralRerankRequest } from '../neutral/rerank.ts';
import {
  otherFields,
  readArray,
  readBoolean,
  readCount,
  readString,
  requireString,
  wrongField,
} from '../openai/fields.ts';

const REQUEST_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'query',
  'documents',
  'top_n',
  'max_tokens_per_doc',
  'return_documents',
]);

/** v2 takes texts; v1, and servers that copy it, also objects with a `text`. */
function decodeDocument(value: JsonValue, index: number): NeutralRerankDocument {
  if (typeof value === 'string') return { text: value };
  if (!isObject(value)) throw wrongField(`documents[${index}]`, 'a string or an object with a text');
  const text = value['text'];
  return {
    text: typeof text === 'string' ? text : JSON.stringify(value),
    origin: { dialect: 'cohere-rerank', value },
  };
}

/** Reads the body of `POST /v2/rerank`. Its fields without neutral meaning go to `extensions['cohere-rerank']`. */
export function decodeRequest(body: JsonObject, context: DecodeContext): NeutralRerankRequest {
  const model = readString(body, 'model', '') ?? context.model;
  if (model === undefined) throw wrongField('model', 'a string; it is missing');
  const documents = readArray(body, 'documents', '');
  if (documents === undefined || documents.length === 0) {
    throw wrongField('documents', 'a list of at least one document');
  }
  const request: NeutralRerankRequest = {
    model,
    query: requireString(body, 'query', ''),
    documents: documents.map(decodeDocument),
    extensions: { 'cohere-rerank': otherFields(body, REQUEST_FIELDS) ?? {} },
  };
  const top = readCount(body, 'top_n', { at: '', least: 1 });
  if (top !== undefined) request.topCount = top;
  const most = readCount(body, 'max_tokens_per_doc', { at: '', least: 1 });
  if (most !== undefined) request.maxTokensPerDocument = most;
  const returned = readBoolean(body, 'return_documents', '');
  if (returned !== undefined) request.returnDocuments = returned;
  return request;
}
