import type { JsonObject } from '../../json/types.ts';
import type { EmbeddingEncoding } from '../neutral/embeddings.ts';

/** The most texts or mixed inputs that one embed request takes (https://docs.cohere.com/reference/embed). */
export const MAX_INPUTS = 96;

/** The forms of vectors that Cohere makes. */
export const ENCODINGS: readonly EmbeddingEncoding[] = ['float', 'base64', 'int8', 'uint8', 'binary', 'ubinary'];

/** Request fields with a neutral meaning. */
export const REQUEST_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'texts',
  'images',
  'inputs',
  'input_type',
  'output_dimension',
  'embedding_types',
  'truncate',
]);

/** Response fields with a neutral meaning. */
export const RESPONSE_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'embeddings',
  'texts',
  'inputs',
  'images',
  'response_type',
  'meta',
  'model',
]);

/** The task behind Cohere's `input_type`; other words stay as they are. */
const TASK_OF_INPUT_TYPE: Readonly<Record<string, string>> = {
  search_document: 'retrieval-document',
  search_query: 'retrieval-query',
};

const INPUT_TYPE_OF_TASK: Readonly<Record<string, string>> = {
  'retrieval-document': 'search_document',
  'retrieval-query': 'search_query',
  'question-answering': 'search_query',
  'fact-verification': 'search_query',
  'code-retrieval-query': 'search_query',
  classification: 'classification',
  clustering: 'clustering',
  image: 'image',
};

/** The neutral task of an `input_type`. */
export function fromInputType(word: string): string {
  return (Object.hasOwn(TASK_OF_INPUT_TYPE, word) ? TASK_OF_INPUT_TYPE[word] : undefined) ?? word.replaceAll('_', '-');
}

/** The `input_type` of a neutral task; `undefined` where Cohere has none like it. */
export function toInputType(task: string): string | undefined {
  return Object.hasOwn(INPUT_TYPE_OF_TASK, task) ? INPUT_TYPE_OF_TASK[task] : undefined;
}

/** An image as a part of a mixed input. */
export function imagePart(url: string): JsonObject {
  return { type: 'image_url', image_url: { url } };
}
