import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { answer, exchange } from '../embeddings/support.test.ts';
import { toErrorAnswer } from '../openai/errors.ts';
import { cohereRerank } from './dialect.ts';

const BODY = { model: 'rerank-v3.5', query: 'key', documents: ['a lock', 'a key'], top_n: 1, max_tokens_per_doc: 100 };
const send = (body: JsonObject) => exchange(cohereRerank, cohereRerank, { body, model: 'target' });

test('a request of the API goes back to it whole, with the model of the target', () => {
  const body = { ...BODY, priority: 2 };
  assert.deepEqual(send(body).sent, [{ ...body, model: 'target' }]);
  const objects = { ...BODY, documents: [{ text: 'a', id: 1 }, { title: 'b' }], rank_fields: ['title'] };
  assert.deepEqual(send(objects).sent, [{ ...objects, model: 'target' }]);
});

test('results, search units and tokens come back', () => {
  const reply = {
    id: 'r-1',
    results: [{ index: 1, relevance_score: 0.9 }],
    meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } },
  };
  const { body, usage } = send(BODY).finish([answer(reply)]);
  assert.deepEqual(body, reply);
  assert.equal(usage, undefined);
  const counted = { ...reply, meta: { ...reply.meta, tokens: { input_tokens: 12, output_tokens: 0 } } };
  assert.equal(send(BODY).finish([answer(counted)]).usage?.input, 12);
  assert.deepEqual(send(BODY).finish([answer(counted)]).body['meta'], counted.meta);
  assert.equal(cohereRerank.usage.read(counted).usage?.input, 12);
});

test('documents are returned by the gateway where the client asks for them', () => {
  const traffic = send({ ...BODY, return_documents: true });
  assert.equal('return_documents' in (traffic.sent[0] ?? {}), false);
  const { body } = traffic.finish([answer({ results: [{ index: 1, relevance_score: 0.5 }] })]);
  assert.deepEqual(body['results'], [{ index: 1, relevance_score: 0.5, document: { text: 'a key' } }]);
});

test('a result for a document that was not sent is a bad response', () => {
  for (const reply of [{}, { results: [{ index: 2, relevance_score: 1 }] }, { results: [{ index: 0 }] }]) {
    assert.throws(
      () => send(BODY).finish([answer(reply)]),
      (error) => GatewayError.is(error) && error.code === 'provider_bad_response',
    );
  }
});

test('wrong fields are named', () => {
  const cases: [JsonObject, string][] = [
    [{ ...BODY, model: null }, 'model'],
    [{ ...BODY, query: null }, 'query'],
    [{ ...BODY, documents: [] }, 'documents'],
    [{ ...BODY, documents: [1] }, 'documents[0]'],
    [{ ...BODY, top_n: 0 }, 'top_n'],
  ];
  for (const [body, param] of cases) {
    assert.throws(
      () => send(body),
      (error) => GatewayError.is(error) && error.code === 'invalid_request' && error.param === param,
      param,
    );
  }
});

test("Cohere's errors keep their sentence and get a type by status", () => {
  const decode = (status: number, body: JsonObject | undefined, text = '') =>
    cohereRerank.errors.decode(status, (name) => (name === 'retry-after' ? '2' : undefined), body, text);
  assert.deepEqual(decode(429, { id: 'x', message: 'slow down' }), {
    status: 429,
    type: 'rate_limit_error',
    message: 'slow down',
    retryAfterSeconds: 2,
  });
  assert.equal(decode(500, undefined, 'oops').type, 'api_error');
  assert.equal(decode(400, { error: { message: 'bad', type: 'own_type' } }).type, 'own_type');
  assert.deepEqual(cohereRerank.errors.encode(toErrorAnswer(decode(400, { message: 'bad' }))), { message: 'bad' });
});
