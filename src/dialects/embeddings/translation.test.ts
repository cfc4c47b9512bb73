import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import { bedrockEmbeddings } from '../bedrock-embeddings/dialect.ts';
import { cohereEmbeddings } from '../cohere-embeddings/dialect.ts';
import { canTranslateFamily } from '../family-call.ts';
import type { FamilyDialect, ProviderAnswer } from '../family-dialects.ts';
import { geminiEmbeddings } from '../gemini-embeddings/dialect.ts';
import { openaiEmbeddings } from '../openai-embeddings/dialect.ts';
import { vertexEmbeddings } from '../vertex-embeddings/dialect.ts';
import { answer, exchange } from './support.test.ts';

/** Vectors that tell which text they are of, exact in 32 bits. */
const vectorOf = (text: string): number[] => [text.length, text.charCodeAt(0) || 0, 0.5];
const tokensOf = (text: string): number => text.length + 1;

const list = (value: JsonValue | undefined): JsonValue[] => (Array.isArray(value) ? value : []);
const partsText = (content: JsonValue | undefined): string =>
  list((content as JsonObject)['parts'])
    .map((part) => String((part as JsonObject)['text']))
    .join('\n');

/** One client's way to ask for texts, and to read the vectors. */
interface Client {
  dialect: FamilyDialect;
  ask(texts: string[]): JsonObject;
  vectors(body: JsonObject): JsonValue[];
  tokens(body: JsonObject): JsonValue | undefined;
}

const CLIENTS: Client[] = [
  {
    dialect: openaiEmbeddings,
    ask: (texts) => ({ model: 'm', input: texts, task_type: 'CLUSTERING' }),
    vectors: (body) => list(body['data']).map((item) => (item as JsonObject)['embedding'] ?? null),
    tokens: (body) => (body['usage'] as JsonObject)['prompt_tokens'],
  },
  {
    dialect: geminiEmbeddings,
    ask: (texts) => ({
      requests: texts.map((text) => ({ model: 'models/m', content: { parts: [{ text }] }, taskType: 'CLUSTERING' })),
    }),
    vectors: (body) => list(body['embeddings']).map((item) => (item as JsonObject)['values'] ?? null),
    tokens: (body) => (body['usageMetadata'] as JsonObject)['promptTokenCount'],
  },
  {
    dialect: cohereEmbeddings,
    ask: (texts) => ({ model: 'm', texts, input_type: 'clustering' }),
    vectors: (body) => list((body['embeddings'] as JsonObject)['float']),
    tokens: (body) => ((body['meta'] as JsonObject)['billed_units'] as JsonObject)['input_tokens'],
  },
];

/** One provider: its model, and how it answers. */
interface Provider {
  dialect: FamilyDialect;
  model: string;
  reply(body: JsonObject): ProviderAnswer;
}

const sum = (texts: string[]): number => texts.reduce((total, text) => total + tokensOf(text), 0);
const textsOf = (value: JsonValue | undefined): string[] => list(value).map(String);

function geminiReply(body: JsonObject): ProviderAnswer {
  const texts = list(body['requests']).map((one) => partsText((one as JsonObject)['content']));
  return answer({
    embeddings: texts.map((text) => ({ values: vectorOf(text) })),
    usageMetadata: { promptTokenCount: sum(texts) },
  });
}

function cohereReply(body: JsonObject): ProviderAnswer {
  const texts = textsOf(body['texts']);
  return answer(
    {
      id: 'e',
      embeddings: { float: texts.map(vectorOf) },
      texts,
      meta: { billed_units: { input_tokens: sum(texts) } },
    },
    { 'x-amzn-bedrock-input-token-count': String(sum(texts)) },
  );
}

function openaiReply(body: JsonObject): ProviderAnswer {
  const texts = typeof body['input'] === 'string' ? [body['input']] : textsOf(body['input']);
  const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) })).reverse();
  return answer({ object: 'list', data, model: 'm-1', usage: { prompt_tokens: sum(texts), total_tokens: sum(texts) } });
}

function predictReply(body: JsonObject): ProviderAnswer {
  const predictions = list(body['instances']).map((instance): JsonValue => {
    const text = String((instance as JsonObject)['content']);
    return { embeddings: { values: vectorOf(text), statistics: { token_count: tokensOf(text), truncated: false } } };
  });
  return answer({ predictions });
}

const PROVIDERS: Provider[] = [
  { dialect: openaiEmbeddings, model: 'text-embedding-3-small', reply: openaiReply },
  { dialect: geminiEmbeddings, model: 'gemini-embedding-001', reply: geminiReply },
  { dialect: cohereEmbeddings, model: 'embed-v4.0', reply: cohereReply },
  { dialect: vertexEmbeddings, model: 'text-embedding-005', reply: predictReply },
  { dialect: vertexEmbeddings, model: 'gemini-embedding-001', reply: predictReply },
  {
    dialect: vertexEmbeddings,
    model: 'gemini-embedding-2',
    reply: (body) => {
      const text = partsText(body['content']);
      return answer({ embedding: { values: vectorOf(text) }, usageMetadata: { promptTokenCount: tokensOf(text) } });
    },
  },
  {
    dialect: bedrockEmbeddings,
    model: 'amazon.titan-embed-text-v2:0',
    reply: (body) => {
      const text = String(body['inputText']);
      return answer({ embedding: vectorOf(text), inputTextTokenCount: tokensOf(text) });
    },
  },
  { dialect: bedrockEmbeddings, model: 'cohere.embed-english-v3', reply: cohereReply },
];

for (const client of CLIENTS) {
  for (const provider of PROVIDERS) {
    test(`property: ${client.dialect.name} to ${provider.dialect.name} (${provider.model}) keeps order, vectors and tokens`, () => {
      assert.equal(canTranslateFamily(client.dialect, provider.dialect), true);
      const texts = fc.array(fc.string({ minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 300 });
      fc.assert(
        fc.property(texts, (asked) => {
          const request = { body: client.ask(asked), model: provider.model };
          const traffic = exchange(client.dialect, provider.dialect, request);
          const { body, usage } = traffic.finish(traffic.sent.map(provider.reply));
          assert.deepEqual(client.vectors(body), asked.map(vectorOf));
          assert.equal(usage?.input, sum(asked));
          assert.equal(client.tokens(body), sum(asked));
        }),
        { numRuns: 10 },
      );
    });
  }
}

test('a vector too few is an error, not a shifted list', () => {
  for (const provider of PROVIDERS) {
    const traffic = exchange(openaiEmbeddings, provider.dialect, {
      body: { model: 'm', input: ['a', 'b'] },
      model: provider.model,
    });
    const answers = traffic.sent.map(provider.reply);
    const last = answers.at(-1)?.body ?? {};
    for (const field of ['data', 'embeddings', 'predictions']) {
      if (Array.isArray(last[field])) last[field].pop();
    }
    const nested = last['embeddings'] as JsonObject | undefined;
    if (Array.isArray(nested?.['float'])) nested['float'].pop();
    delete last['embedding'];
    assert.throws(
      () => traffic.finish(answers),
      (error) => GatewayError.is(error) && error.code === 'provider_bad_response',
      provider.model,
    );
  }
});
