import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { cohereEmbeddings } from '../cohere-embeddings/dialect.ts';
import { answer, exchange } from '../embeddings/support.test.ts';
import { openaiEmbeddings } from '../openai-embeddings/dialect.ts';
import { geminiEmbeddings } from './dialect.ts';

const content = (text: string): JsonObject => ({ parts: [{ text }] });

test('every input of an OpenAI client is a request of the batch', () => {
  const body = { model: 'gemini-embedding-001', input: ['a', 'b'], task_type: 'CLUSTERING', dimensions: 8 };
  const request = { model: 'models/gemini-embedding-001', taskType: 'CLUSTERING', outputDimensionality: 8 };
  const { sent } = exchange(openaiEmbeddings, geminiEmbeddings, { body });
  assert.deepEqual(sent, [
    {
      requests: [
        { ...request, content: content('a') },
        { ...request, content: content('b') },
      ],
    },
  ]);
});

test('a batch of more than a hundred is split and joined in order', () => {
  const input = Array.from({ length: 101 }, (_, index) => `${index}`);
  const traffic = exchange(openaiEmbeddings, geminiEmbeddings, { body: { model: 'm', input } });
  assert.equal(traffic.sent.length, 2);
  let at = 0;
  const answers = traffic.sent.map((body) =>
    answer({ embeddings: (body['requests'] as JsonObject[]).map(() => ({ values: [at++] })) }),
  );
  const data = traffic.finish(answers).body['data'] as JsonObject[];
  assert.deepEqual(
    data.map((item) => item['embedding']),
    input.map((_, index) => [index]),
  );
});

test('embedContent is answered with one embedding, a batch with a list, even of one', () => {
  const settings = { task_type: 'RETRIEVAL_QUERY', output_dimensionality: 2 };
  const single = exchange(geminiEmbeddings, openaiEmbeddings, {
    body: { content: content('a'), ...settings },
    path: 'text-embedding-3-small',
  });
  assert.deepEqual(single.sent, [{ model: 'text-embedding-3-small', input: 'a', dimensions: 2 }]);
  const reply = answer({ data: [{ index: 0, embedding: [1, 2] }], usage: { prompt_tokens: 3, total_tokens: 3 } });
  const usageMetadata = { promptTokenCount: 3, totalTokenCount: 3 };
  assert.deepEqual(single.finish([reply]).body, { embedding: { values: [1, 2] }, usageMetadata });
  const batch = exchange(geminiEmbeddings, openaiEmbeddings, {
    body: { requests: [{ model: 'models/text-embedding-3-small', content: content('a') }] },
    path: 'text-embedding-3-small',
  });
  assert.deepEqual(batch.sent, [{ model: 'text-embedding-3-small', input: ['a'] }]);
  assert.deepEqual(batch.finish([reply]).body, { embeddings: [{ values: [1, 2] }], usageMetadata });
});

test('images and unknown parts go to Gemini as they came', () => {
  const parts = [
    { text: 'a map' },
    { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
    { inlineData: { mimeType: 'audio/wav', data: 'BBBB' } },
  ];
  const { sent } = exchange(geminiEmbeddings, geminiEmbeddings, {
    body: { content: { parts } },
    path: 'm',
    model: 'n',
  });
  assert.deepEqual(sent, [{ requests: [{ model: 'models/n', content: { parts } }] }]);
  const image = exchange(geminiEmbeddings, cohereEmbeddings, {
    body: { content: { parts: parts.slice(0, 2) }, taskType: 'RETRIEVAL_QUERY' },
    path: 'embed-v4.0',
  });
  assert.deepEqual(image.sent[0]?.['inputs'], [
    {
      content: [
        { type: 'text', text: 'a map' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      ],
    },
  ]);
  assert.throws(
    () => exchange(geminiEmbeddings, openaiEmbeddings, { body: { content: { parts } }, path: 'm' }),
    (error) => GatewayError.is(error) && error.code === 'unsupported_parameter',
  );
});

test('settings in embedContentConfig count, and requests of a batch must agree', () => {
  const body = { content: content('a'), embedContentConfig: { outputDimensionality: 4, title: 'T' } };
  const { sent, warnings } = exchange(geminiEmbeddings, openaiEmbeddings, { body, path: 'm' });
  assert.deepEqual(sent, [{ model: 'm', input: 'a', dimensions: 4 }]);
  assert.equal(warnings.length, 1);
  const requests = [{ content: content('a') }, { content: content('b'), outputDimensionality: 4 }];
  assert.throws(
    () => exchange(geminiEmbeddings, openaiEmbeddings, { body: { requests }, path: 'm' }),
    (error) => GatewayError.is(error) && error.code === 'invalid_request' && error.param === 'requests[1]',
  );
});
