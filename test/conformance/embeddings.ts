import assert from 'node:assert/strict';
import type { JsonObject, JsonValue } from '../../src/json/types.ts';
import { countTokens } from '../../src/mock/brain/tokens.ts';
import { embedText } from '../../src/mock/brain/vectors.ts';
import { listOf, objectOf, objectsOf } from '../../src/mock/json-read.ts';
import { ERROR_READERS } from './answers.ts';
import { objectIn, tokenCount } from './reading.ts';

/** What a client asks of an embedding model. */
export interface EmbeddingAsk {
  texts: readonly string[];
  dimensions?: number;
}

/** One client API for embeddings. */
export interface EmbeddingClient {
  readonly name: string;
  /** Whether it takes several texts at once. */
  readonly batch: boolean;
  request(ask: EmbeddingAsk, model: string): { path: string; body: JsonObject };
  /** The message of an error answer; throws when it is not one of this API. */
  readonly readError: (body: JsonObject) => string;
  /** Reads an answer; throws when it is not one of this API. `tokens` is absent where the answer tells none. */
  read(answer: JsonObject): { vectors: number[][]; tokens?: number };
}

function numbers(value: JsonValue | undefined): number[] {
  return listOf(value).map((one) => {
    assert.ok(typeof one === 'number', 'a vector of numbers');
    return one;
  });
}

/** The numbers in base64 of little-endian 32-bit floats. */
function floats(text: JsonValue | undefined): number[] {
  assert.ok(typeof text === 'string', 'a vector in base64');
  const bytes = Buffer.from(text, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}

function openAi(name: string, form: 'float' | 'base64'): EmbeddingClient {
  return {
    name,
    batch: true,
    readError: ERROR_READERS.openai,
    request: ({ texts, dimensions }, model) => ({
      path: '/v1/embeddings',
      body: {
        model,
        input: texts.length === 1 ? (texts[0] ?? '') : [...texts],
        ...(form === 'base64' ? { encoding_format: form } : {}),
        ...(dimensions === undefined ? {} : { dimensions }),
      },
    }),
    read(answer) {
      assert.equal(answer['object'], 'list');
      const data = objectsOf(answer['data']);
      assert.deepEqual(
        data.map((one) => one['index']),
        data.map((_, index) => index),
      );
      return {
        vectors: data.map((one) => (form === 'base64' ? floats(one['embedding']) : numbers(one['embedding']))),
        tokens: tokenCount(objectIn(answer['usage'], 'usage')['prompt_tokens']),
      };
    },
  };
}

const COHERE: EmbeddingClient = {
  name: 'cohere',
  batch: true,
  readError: ERROR_READERS.cohere,
  request: ({ texts, dimensions }, model) => ({
    path: '/v2/embed',
    body: {
      model,
      texts: [...texts],
      input_type: 'search_document',
      embedding_types: ['float'],
      ...(dimensions === undefined ? {} : { output_dimension: dimensions }),
    },
  }),
  read(answer) {
    const billed = objectOf(objectOf(answer['meta'])['billed_units'])['input_tokens'];
    return {
      vectors: listOf(objectIn(answer['embeddings'], 'embeddings')['float']).map(numbers),
      ...(billed === undefined ? {} : { tokens: tokenCount(billed) }),
    };
  },
};

function geminiContent(text: string, dimensions: number | undefined): JsonObject {
  return {
    content: { parts: [{ text }] },
    ...(dimensions === undefined ? {} : { outputDimensionality: dimensions }),
  };
}

function geminiTokens(answer: JsonObject): { tokens?: number } {
  const count = objectOf(answer['usageMetadata'])['promptTokenCount'];
  return count === undefined ? {} : { tokens: tokenCount(count) };
}

const GEMINI: EmbeddingClient = {
  name: 'gemini embedContent',
  batch: false,
  readError: ERROR_READERS.gemini,
  request: ({ texts, dimensions }, model) => ({
    path: `/v1beta/models/${encodeURIComponent(model)}:embedContent`,
    body: geminiContent(texts[0] ?? '', dimensions),
  }),
  read: (answer) => ({
    vectors: [numbers(objectIn(answer['embedding'], 'embedding')['values'])],
    ...geminiTokens(answer),
  }),
};

const GEMINI_BATCH: EmbeddingClient = {
  name: 'gemini batchEmbedContents',
  batch: true,
  readError: ERROR_READERS.gemini,
  request: ({ texts, dimensions }, model) => ({
    path: `/v1beta/models/${encodeURIComponent(model)}:batchEmbedContents`,
    body: { requests: texts.map((text) => ({ model: `models/${model}`, ...geminiContent(text, dimensions) })) },
  }),
  read: (answer) => ({
    vectors: objectsOf(answer['embeddings']).map((one) => numbers(one['values'])),
    ...geminiTokens(answer),
  }),
};

/** The client APIs for embeddings. */
export const EMBEDDING_CLIENTS: readonly EmbeddingClient[] = [
  openAi('openai', 'float'),
  openAi('openai base64', 'base64'),
  COHERE,
  GEMINI,
  GEMINI_BATCH,
];

/** Asserts that the vectors are those of the texts, as the mock makes them, and the tokens theirs where they are told. */
export function checkEmbeddings(
  ask: EmbeddingAsk,
  read: ReturnType<EmbeddingClient['read']>,
  options: { countsTokens: boolean },
): void {
  assert.equal(read.vectors.length, ask.texts.length, 'one vector for each text');
  for (const [index, text] of ask.texts.entries()) {
    const vector = read.vectors[index] ?? [];
    assert.ok(ask.dimensions === undefined ? vector.length >= 256 : vector.length === ask.dimensions, 'dimensions');
    const wanted = embedText(text, vector.length);
    const far = vector.findIndex((value, at) => Math.abs(value - (wanted[at] ?? 0)) > 1e-6);
    assert.equal(far, -1, `vector ${index} is not that of its text`);
  }
  const total = ask.texts.reduce((sum, text) => sum + countTokens(text), 0);
  const untold = read.tokens === undefined || (read.tokens === 0 && !options.countsTokens);
  if (!untold) assert.equal(read.tokens, total, 'tokens');
}
