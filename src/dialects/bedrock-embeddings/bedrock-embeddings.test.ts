import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { cohereEmbeddings } from '../cohere-embeddings/dialect.ts';
import { answer, exchange } from '../embeddings/support.test.ts';
import { openaiEmbeddings } from '../openai-embeddings/dialect.ts';
import { bedrockEmbeddings } from './dialect.ts';

const TOKENS = 'x-amzn-bedrock-input-token-count';
const send = (model: string, body: JsonObject) =>
  exchange(openaiEmbeddings, bedrockEmbeddings, { body: { model, ...body } });

test('Titan takes one text a request; tokens are summed, the header stands in for the body', () => {
  const traffic = send('amazon.titan-embed-text-v2:0', { input: ['a', 'b'], dimensions: 256, normalize: false });
  assert.deepEqual(traffic.sent, [
    { inputText: 'a', dimensions: 256, normalize: false },
    { inputText: 'b', dimensions: 256, normalize: false },
  ]);
  assert.deepEqual(traffic.warnings, []);
  const { body, usage } = traffic.finish([
    answer({ embedding: [1], inputTextTokenCount: 2 }),
    answer({ embedding: [2] }, { [TOKENS]: '3' }),
  ]);
  assert.deepEqual(
    (body['data'] as JsonObject[]).map((item) => item['embedding']),
    [[1], [2]],
  );
  assert.equal(usage?.input, 5);
});

test('usage is unknown as soon as one answer does not tell', () => {
  const traffic = send('amazon.titan-embed-text-v2:0', { input: ['a', 'b'] });
  assert.equal(
    traffic.finish([answer({ embedding: [1], inputTextTokenCount: 2 }), answer({ embedding: [2] })]).usage,
    undefined,
  );
});

test('Titan v1 has one size', () => {
  assert.deepEqual(send('amazon.titan-embed-text-v1', { input: 'a', dimensions: 1536 }).sent, [{ inputText: 'a' }]);
  assert.throws(
    () => send('amazon.titan-embed-text-v1', { input: 'a', dimensions: 256 }),
    (error) => GatewayError.is(error) && error.code === 'unsupported_parameter' && error.param === 'dimensions',
  );
});

test('Titan Multimodal takes a text and an image together', () => {
  const inputs = [
    {
      content: [
        { type: 'text', text: 'a cat' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      ],
    },
  ];
  const body = { model: 'amazon.titan-embed-image-v1', inputs, input_type: 'search_query', output_dimension: 384 };
  assert.deepEqual(exchange(cohereEmbeddings, bedrockEmbeddings, { body }).sent, [
    { inputText: 'a cat', inputImage: 'AAAA', embeddingConfig: { outputEmbeddingLength: 384 } },
  ]);
});

test('Cohere on Bedrock takes batches, without the model; truncation in the words of its version', () => {
  const input = Array.from({ length: 97 }, () => 'x');
  const v3 = send('cohere.embed-english-v3', { input, task_type: 'RETRIEVAL_QUERY', auto_truncate: true });
  assert.deepEqual(
    v3.sent.map((body) => (body['texts'] as string[]).length),
    [96, 1],
  );
  assert.deepEqual(v3.sent[1], {
    texts: ['x'],
    input_type: 'search_query',
    embedding_types: ['float'],
    truncate: 'END',
  });
  const v4 = send('us.cohere.embed-v4:0', { input: 'x', encoding_format: 'base64', auto_truncate: true });
  assert.equal(v4.sent[0]?.['truncate'], 'RIGHT');
  assert.deepEqual(v4.sent[0]?.['embedding_types'], ['float']);
  const floats = { embeddings: { float: [[0.5]] }, response_type: 'embeddings_by_type' };
  const { body, usage } = v4.finish([answer(floats, { [TOKENS]: '4' })]);
  assert.deepEqual((body['data'] as JsonObject[])[0]?.['embedding'], 'AAAAPw==');
  assert.equal(usage?.input, 4);
});

test('quantised vectors are refused where only Cohere makes them', () => {
  const body = { model: 'amazon.titan-embed-text-v2:0', texts: ['a'], embedding_types: ['int8'] };
  assert.throws(
    () => exchange(cohereEmbeddings, bedrockEmbeddings, { body }),
    (error) => GatewayError.is(error) && error.param === 'embedding_types',
  );
});
