import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import { cohereEmbeddings } from '../cohere-embeddings/dialect.ts';
import { floatsToBase64 } from '../embeddings/float-base64.ts';
import { answer, exchange } from '../embeddings/support.test.ts';
import { vertexEmbeddings } from '../vertex-embeddings/dialect.ts';
import { openaiEmbeddings } from './dialect.ts';

const BASE = { model: 'text-embedding-3-small' };
const listOf = (...embeddings: JsonValue[]): JsonObject => ({
  object: 'list',
  data: embeddings.map((embedding, index) => ({ object: 'embedding', index, embedding })),
  model: 'answering-model',
  usage: { prompt_tokens: 4, total_tokens: 4 },
});

test('each form of input goes back to the API as it came', () => {
  const inputs: JsonValue[] = ['text', ['one'], ['one', 'two'], [1, 2, 3], [[1, 2], [3]], ''];
  for (const input of inputs) {
    const body = { ...BASE, input, user: 'ada', dimensions: 256, future: { a: 1 } };
    assert.deepEqual(exchange(openaiEmbeddings, openaiEmbeddings, { body }).sent, [body]);
  }
});

test("Vertex AI's extras stay in the API that the client wrote", () => {
  const body = {
    ...BASE,
    input: [{ content: 'a', task_type: 'RETRIEVAL_QUERY' }, { text: 'b', title: 'B' }, 'c'],
    task_type: 'RETRIEVAL_DOCUMENT',
    auto_truncate: false,
  };
  const { sent, warnings } = exchange(openaiEmbeddings, openaiEmbeddings, { body });
  assert.deepEqual(sent[0]?.['input'], [
    { content: 'a', task_type: 'RETRIEVAL_QUERY' },
    { content: 'b', title: 'B' },
    'c',
  ]);
  assert.equal(sent[0]?.['auto_truncate'], false);
  assert.deepEqual(warnings, []);
});

test('base64 is asked for, passed on, and made where the provider knows only floats', () => {
  const body = { ...BASE, input: 'a', encoding_format: 'base64' };
  const own = exchange(openaiEmbeddings, openaiEmbeddings, { body });
  assert.equal(own.sent[0]?.['encoding_format'], 'base64');
  const text = floatsToBase64([0.25, -1]);
  assert.deepEqual((own.finish([answer(listOf(text))]).body['data'] as JsonObject[])[0]?.['embedding'], text);
  // A server that ignores the format.
  assert.deepEqual((own.finish([answer(listOf([0.25, -1]))]).body['data'] as JsonObject[])[0]?.['embedding'], text);
  const vertex = exchange(openaiEmbeddings, vertexEmbeddings, { body, model: 'text-embedding-005' });
  const predictions = [{ embeddings: { values: [0.25, -1] } }];
  const result = vertex.finish([answer({ predictions })]);
  assert.deepEqual(result.body['data'], [{ object: 'embedding', index: 0, embedding: text }]);
  // No token_count: nothing is known, and zeros stand only in the body.
  assert.equal(result.usage, undefined);
  assert.deepEqual(result.body['usage'], { prompt_tokens: 0, total_tokens: 0 });
});

test('floats are asked for where the client wants floats, and base64 is read all the same', () => {
  const traffic = exchange(openaiEmbeddings, openaiEmbeddings, { body: { ...BASE, input: 'a' } });
  assert.deepEqual(traffic.sent, [{ ...BASE, input: 'a' }]);
  const { body, model } = traffic.finish([answer(listOf(floatsToBase64([0.25, -1])))]);
  assert.deepEqual(body, listOf([0.25, -1]));
  assert.equal(model, 'answering-model');
});

test('what the API cannot say is warned of', () => {
  const body = { model: 'm', texts: ['a'], input_type: 'search_query', truncate: 'START', priority: 3 };
  const { sent, warnings } = exchange(cohereEmbeddings, openaiEmbeddings, { body });
  assert.deepEqual(sent, [{ model: 'm', input: ['a'] }]);
  assert.deepEqual(warnings, [
    "The task of the vectors was left out: OpenAI's embeddings API has none.",
    "The truncation of inputs was left out: OpenAI's embeddings API has none.",
    "The field 'priority' was left out: OpenAI's embeddings API has none like it.",
  ]);
});

test('wrong fields are named', () => {
  const cases: [JsonObject, string][] = [
    [{ ...BASE }, 'input'],
    [{ input: 'a' }, 'model'],
    [{ ...BASE, input: [] }, 'input'],
    [{ ...BASE, input: 5 }, 'input'],
    [{ ...BASE, input: ['a', 5] }, 'input[1]'],
    [{ ...BASE, input: [[1, -2]] }, 'input[0]'],
    [{ ...BASE, input: [{ title: 'x' }] }, 'input[0].content'],
    [{ ...BASE, input: 'a', dimensions: 0 }, 'dimensions'],
    [{ ...BASE, input: 'a', encoding_format: 'hex' }, 'encoding_format'],
  ];
  for (const [body, param] of cases) {
    assert.throws(
      () => exchange(openaiEmbeddings, openaiEmbeddings, { body }),
      (error) => GatewayError.is(error) && error.code === 'invalid_request' && error.param === param,
      param,
    );
  }
});

test('an answer without vectors is a bad response that says what the provider said', () => {
  const traffic = exchange(openaiEmbeddings, openaiEmbeddings, { body: { ...BASE, input: 'a' } });
  const bodies = [{}, { error: { message: 'no such model' } }, listOf({ no: 'vector' }), listOf(['1'])];
  for (const body of bodies) {
    assert.throws(
      () => traffic.finish([answer(body)]),
      (error) => GatewayError.is(error) && error.code === 'provider_bad_response',
    );
  }
  assert.throws(() => traffic.finish([answer(bodies[1] ?? {})]), /no such model/);
});

test('usage of answers that pass through', () => {
  const fields = { usage: { prompt_tokens: 7, total_tokens: 7 }, model: 'm' };
  assert.deepEqual(openaiEmbeddings.usage.read(fields).usage?.input, 7);
  assert.equal(openaiEmbeddings.usage.read(fields).model, 'm');
});
