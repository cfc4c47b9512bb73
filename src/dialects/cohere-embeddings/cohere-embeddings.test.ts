import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { answer, exchange } from '../embeddings/support.test.ts';
import { openaiEmbeddings } from '../openai-embeddings/dialect.ts';
import { cohereEmbeddings } from './dialect.ts';

const IMAGE = 'data:image/png;base64,AAAA';

test('a request of the API goes back to it whole', () => {
  const body = {
    model: 'embed-v4.0',
    texts: ['a', 'b'],
    input_type: 'search_query',
    embedding_types: ['float', 'int8', 'ubinary'],
    output_dimension: 256,
    truncate: 'NONE',
    max_tokens: 100,
    priority: 1,
  };
  const traffic = exchange(cohereEmbeddings, cohereEmbeddings, { body });
  assert.deepEqual(traffic.sent, [body]);
  const embeddings = { float: [[0.5], [1]], int8: [[1], [2]], ubinary: [[7], [8]] };
  const meta = { api_version: { version: '2' }, billed_units: { input_tokens: 2 } };
  const reply = { id: 'e-1', texts: ['a', 'b'], embeddings, response_type: 'embeddings_by_type', meta };
  const result = traffic.finish([answer(reply)]);
  assert.deepEqual(result.body, reply);
  assert.equal(result.usage?.input, 2);
});

test('images: single ones of v3 models one by one, mixed inputs of later models together, in order', () => {
  const inputs = [
    { content: [{ type: 'text', text: 'a' }] },
    { content: [{ type: 'image_url', image_url: { url: IMAGE } }] },
    { content: [{ type: 'text', text: 'b' }] },
  ];
  const send = (model: string) =>
    exchange(cohereEmbeddings, cohereEmbeddings, { body: { model, inputs, input_type: 'search_document' } });
  const float = { embedding_types: ['float'] };
  assert.deepEqual(send('embed-multilingual-v3.0').sent, [
    { model: 'embed-multilingual-v3.0', texts: ['a'], input_type: 'search_document', ...float },
    { model: 'embed-multilingual-v3.0', images: [IMAGE], input_type: 'image', ...float },
    { model: 'embed-multilingual-v3.0', texts: ['b'], input_type: 'search_document', ...float },
  ]);
  assert.deepEqual(
    send('embed-v4.0').sent.map((body) => body['texts'] ?? body['inputs']),
    [['a'], [inputs[1]], ['b']],
  );
  const image = { model: 'embed-english-v3.0', images: [IMAGE], input_type: 'image' };
  assert.deepEqual(exchange(cohereEmbeddings, cohereEmbeddings, { body: image }).sent, [{ ...image, ...float }]);
});

test('tasks become input types; what has none is sent as a document, with a warning', () => {
  const typeOf = (task: JsonObject): [unknown, number] => {
    const { sent, warnings } = exchange(openaiEmbeddings, cohereEmbeddings, {
      body: { model: 'm', input: 'a', ...task },
    });
    return [sent[0]?.['input_type'], warnings.length];
  };
  assert.deepEqual(typeOf({ task_type: 'RETRIEVAL_QUERY' }), ['search_query', 0]);
  assert.deepEqual(typeOf({ task_type: 'QUESTION_ANSWERING' }), ['search_query', 0]);
  assert.deepEqual(typeOf({ task_type: 'CLASSIFICATION' }), ['classification', 0]);
  assert.deepEqual(typeOf({ input_type: 'clustering' }), ['clustering', 0]);
  assert.deepEqual(typeOf({ task_type: 'SEMANTIC_SIMILARITY' }), ['search_document', 1]);
  assert.deepEqual(typeOf({}), ['search_document', 1]);
  const mixed = { model: 'm', input: [{ content: 'a', task_type: 'CLUSTERING' }, 'b'] };
  assert.throws(
    () => exchange(openaiEmbeddings, cohereEmbeddings, { body: mixed }),
    (error) => GatewayError.is(error) && error.code === 'unsupported_parameter',
  );
});

test('base64 is left to Cohere', () => {
  const body = { model: 'm', input: 'a', encoding_format: 'base64', task_type: 'CLUSTERING' };
  const traffic = exchange(openaiEmbeddings, cohereEmbeddings, { body });
  assert.deepEqual(traffic.sent[0]?.['embedding_types'], ['base64']);
  const result = traffic.finish([answer({ embeddings: { base64: ['AAAAPw=='] } })]);
  assert.deepEqual((result.body['data'] as JsonObject[])[0]?.['embedding'], 'AAAAPw==');
});

test('wrong fields are named', () => {
  const cases: [JsonObject, string][] = [
    [{ texts: ['a'] }, 'model'],
    [{ model: 'm' }, 'texts'],
    [{ model: 'm', texts: ['a'], images: [IMAGE] }, 'texts'],
    [{ model: 'm', inputs: [{ content: [] }] }, 'inputs[0].content'],
    [{ model: 'm', texts: ['a'], embedding_types: ['half'] }, 'embedding_types[0]'],
    [{ model: 'm', texts: ['a'], truncate: 'MIDDLE' }, 'truncate'],
  ];
  for (const [body, param] of cases) {
    assert.throws(
      () => exchange(cohereEmbeddings, cohereEmbeddings, { body }),
      (error) => GatewayError.is(error) && error.code === 'invalid_request' && error.param === param,
      param,
    );
  }
});
