import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { answer, exchange } from '../embeddings/support.test.ts';
import { toErrorAnswer } from '../openai/errors.ts';
import { openaiEmbeddings } from '../openai-embeddings/dialect.ts';
import { vertexEmbeddings } from './dialect.ts';
import { vertexEmbeddingsMethod } from './wire.ts';

const send = (body: JsonObject, model = 'text-embedding-005') =>
  exchange(openaiEmbeddings, vertexEmbeddings, { body: { model, ...body } });

test('a text becomes one instance; parameters are always there', () => {
  assert.deepEqual(send({ input: 'Where is the key?' }).sent, [
    { instances: [{ content: 'Where is the key?' }], parameters: {} },
  ]);
  assert.deepEqual(send({ input: '' }).sent, [{ instances: [{ content: '' }], parameters: {} }]);
});

test("parameters, tasks and titles of the request and of single inputs reach Vertex AI's places", () => {
  const body = {
    input: ['a', { content: 'b', task_type: 'RETRIEVAL_QUERY' }, { content: 'c', title: 'C' }],
    dimensions: 128,
    task_type: 'RETRIEVAL_DOCUMENT',
    title: 'All',
    auto_truncate: true,
  };
  assert.deepEqual(send(body).sent, [
    {
      instances: [
        { content: 'a', task_type: 'RETRIEVAL_DOCUMENT', title: 'All' },
        { content: 'b', task_type: 'RETRIEVAL_QUERY', title: 'All' },
        { content: 'c', task_type: 'RETRIEVAL_DOCUMENT', title: 'C' },
      ],
      parameters: { autoTruncate: true, outputDimensionality: 128 },
    },
  ]);
});

test('the answer has the fields of the API and no others', () => {
  const { body, usage } = send({ input: 'x' }).finish([
    answer({ predictions: [{ embeddings: { values: [0.5, 2], statistics: { token_count: 3, truncated: false } } }] }),
  ]);
  assert.deepEqual(body, {
    object: 'list',
    data: [{ object: 'embedding', index: 0, embedding: [0.5, 2] }],
    model: 'text-embedding-005',
    usage: { prompt_tokens: 3, total_tokens: 3 },
  });
  assert.equal(usage?.input, 3);
});

test('models that take one input a request get one, others 250', () => {
  const input = Array.from({ length: 251 }, (_, index) => `text ${index}`);
  assert.deepEqual(
    send({ input }).sent.map((body) => (body['instances'] as unknown[]).length),
    [250, 1],
  );
  assert.equal(send({ input: ['a', 'b'] }, 'gemini-embedding-001').sent.length, 2);
});

test('Gemini Embedding 2 is spoken to by embedContent', () => {
  assert.equal(vertexEmbeddingsMethod('gemini-embedding-001'), 'predict');
  assert.equal(vertexEmbeddingsMethod('gemini-embedding-2-preview'), 'embedContent');
  const traffic = send({ input: ['a', 'b'], dimensions: 64, auto_truncate: false }, 'gemini-embedding-2');
  assert.deepEqual(traffic.sent, [
    { content: { parts: [{ text: 'a' }] }, outputDimensionality: 64, autoTruncate: false },
    { content: { parts: [{ text: 'b' }] }, outputDimensionality: 64, autoTruncate: false },
  ]);
  const one = { embedding: { values: [1] }, truncated: true, usageMetadata: { promptTokenCount: 2 } };
  assert.equal(traffic.finish([answer(one), answer(one)]).usage?.input, 4);
  assert.deepEqual(traffic.warnings, ['An input was longer than the model takes: its end was not embedded.']);
});

test('a cut input is warned of', () => {
  const traffic = send({ input: 'x' });
  traffic.finish([answer({ predictions: [{ embeddings: { values: [1], statistics: { truncated: true } } }] })]);
  assert.deepEqual(traffic.warnings, ['An input was longer than the model takes: its end was not embedded.']);
});

test('token ids are refused with a way out', () => {
  assert.throws(
    () => send({ input: [1, 2] }),
    (error) => GatewayError.is(error) && error.code === 'unsupported_parameter' && error.param === 'input',
  );
});

test("Google's refusals keep their status and word for an OpenAI client", () => {
  const body = { error: { code: 400, message: 'Bad embedding', status: 'INVALID_ARGUMENT' } };
  const error = vertexEmbeddings.errors.decode(400, () => undefined, body, JSON.stringify(body));
  assert.deepEqual(openaiEmbeddings.errors.encode(toErrorAnswer(error)), {
    type: 'error',
    error: { type: 'INVALID_ARGUMENT', code: '400', message: 'Bad embedding' },
  });
});
