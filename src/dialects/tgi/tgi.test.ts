import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralEvent, NeutralResponse } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { toErrorAnswer } from '../openai/errors.ts';
import {
  answerContext,
  bodiesOf,
  encodeContext,
  encodeEvents,
  providerContext,
  sidesOf,
} from '../openai/support.test.ts';
import { openaiChat } from '../openai-chat/dialect.ts';
import { eventsOf, everyCut } from '../stream-support.test.ts';
import { tgi } from './dialect.ts';
import { tgiUsage } from './usage.ts';

const { client, provider } = sidesOf(tgi);
const token = (text: string, special = false): JsonObject => ({ id: 1, text, logprob: -0.5, special });

test('a whole answer is read and written; the header counts the prompt', () => {
  const details = { finish_reason: 'length', generated_tokens: 2, seed: null, prefill: [], tokens: [] };
  const body = { generated_text: 'Hi there', details };
  const context = { ...providerContext(), header: (name: string) => (name === 'x-prompt-tokens' ? '5' : undefined) };
  const neutral = provider.decodeResponse(body, context);
  assert.deepEqual(neutral.usage, { ...emptyUsage(), input: 5, output: 2 });
  assert.equal(neutral.candidates[0]?.finishReason, 'length');
  assert.deepEqual(client.encodeResponse(neutral, answerContext()), body);
  const listed = { ...details, prefill: [{ id: 1 }, { id: 2 }, { id: 3 }] };
  assert.equal(provider.decodeResponse({ ...body, details: listed }, providerContext()).usage?.input, 3);
  assert.equal(provider.decodeResponse({ generated_text: '' }, providerContext()).usage, undefined);
});

test('an answer without details is counted by its headers alone', () => {
  const headers: Record<string, string> = { 'x-prompt-tokens': '5', 'x-generated-tokens': '2' };
  const header = (name: string) => headers[name];
  const wanted = { ...emptyUsage(), input: 5, output: 2 };
  assert.deepEqual(tgiUsage.read({}, header).usage, wanted);
  assert.deepEqual(tgiUsage.read({ details: { generated_tokens: 2 } }, header).usage, wanted);
  assert.equal(tgiUsage.read({}).usage, undefined);
  for (const broken of ['', 'many', '-1', '1.5']) {
    assert.equal(tgiUsage.read({}, (name) => (name === 'x-prompt-tokens' ? broken : undefined)).usage, undefined);
  }
});

test('the path says whether the answer streams, where it does', () => {
  const stream = (body: JsonObject, inPath?: boolean) =>
    client.decodeRequest(
      { inputs: 'Hi', ...body },
      inPath === undefined ? { model: 'm' } : { model: 'm', stream: inPath },
    ).stream;
  assert.deepEqual([stream({ stream: true }, false), stream({ stream: false }, true)], [false, true]);
  assert.deepEqual([stream({ stream: true }), stream({})], [true, false]);
});

test('log probabilities are shown where alternatives were asked for', () => {
  const details = {
    finish_reason: 'eos_token',
    generated_tokens: 1,
    tokens: [token('a')],
    top_tokens: [[token('a'), token('b')]],
  };
  const { candidates } = provider.decodeResponse({ generated_text: 'a', details }, providerContext());
  const entry = { logprob: -0.5, bytes: null };
  const alternatives = [
    { token: 'a', ...entry },
    { token: 'b', ...entry },
  ];
  assert.deepEqual(candidates[0]?.logprobs, { content: [{ token: 'a', ...entry, top_logprobs: alternatives }] });
});

const LAST = { finish_reason: 'stop_sequence', generated_tokens: 3, input_length: 4, seed: null };
const STREAM: JsonObject[] = [
  { index: 1, token: token('Zürich'), generated_text: null, details: null },
  { index: 2, token: token(' 👋'), generated_text: null, details: null },
  { index: 3, token: token('</s>', true), generated_text: 'Zürich 👋', details: LAST },
];
const EVENTS: NeutralEvent[] = [
  { type: 'start', id: '', model: '' },
  { type: 'text-start', candidate: 0, block: 0 },
  { type: 'text-delta', candidate: 0, block: 0, text: 'Zürich' },
  { type: 'text-delta', candidate: 0, block: 0, text: ' 👋' },
  { type: 'text-end', candidate: 0, block: 0 },
  { type: 'usage', usage: { ...emptyUsage(), input: 4, output: 3 } },
  { type: 'finish', candidate: 0, finishReason: 'stop-sequence' },
  { type: 'end' },
];

test('a stream of tokens is the same however its bytes are cut; special tokens are no text', () => {
  const text = STREAM.map((body) => `data:${JSON.stringify(body)}\n\n`).join('');
  for (const pieces of everyCut(text)) assert.deepEqual(eventsOf(tgi, pieces), EVENTS);
});

test('tokens of another API are shown with their alternatives, whole and streamed', () => {
  const entry = { token: 'a', logprob: -0.5, bytes: null, top_logprobs: [{ token: 'b', logprob: -0.75, bytes: null }] };
  const logprobs = { content: [entry, { ...entry, token: 'c' }] };
  const candidates = [
    { index: 0, content: [{ type: 'text', text: 'ac' }], finishReason: 'stop', logprobs },
  ] satisfies NeutralResponse['candidates'];
  const body = client.encodeResponse({ id: 'x', model: 'm', candidates }, answerContext());
  assert.deepEqual(provider.decodeResponse(body, providerContext()).candidates[0]?.logprobs, logprobs);
  const delta: NeutralEvent = { type: 'text-delta', candidate: 0, block: 0, text: 'ac', logprobs };
  const written = encodeEvents(tgi, [delta, { type: 'end' }]);
  const deltas = eventsOf(tgi, [Buffer.from(written)]).filter((event) => event.type === 'text-delta');
  assert.deepEqual(
    deltas.map((event) => [event.text, event.logprobs]),
    [
      ['a', { content: [entry] }],
      ['c', { content: [{ ...entry, token: 'c' }] }],
    ],
  );
});

test('what is written ends with the whole text', () => {
  const plain = { id: 0, logprob: null, special: false };
  assert.deepEqual(bodiesOf(encodeEvents(tgi, EVENTS)), [
    { index: 1, token: { ...plain, text: 'Zürich' }, generated_text: null, details: null },
    { index: 2, token: { ...plain, text: ' 👋' }, generated_text: null, details: null },
    { index: 3, token: { ...plain, text: '', special: true }, generated_text: 'Zürich 👋', details: LAST },
  ]);
});

test('a prompt of the API reaches other providers, and what they cannot say is warned of', () => {
  const body = { inputs: 'Hi', parameters: { max_new_tokens: 5, do_sample: false, repetition_penalty: 1.2 } };
  const neutral = client.decodeRequest(body, { model: 'm', stream: true });
  const context = encodeContext();
  const sent = openaiChat.provider?.encodeRequest(neutral, context) ?? {};
  assert.deepEqual(sent['messages'], [{ role: 'user', content: 'Hi' }]);
  assert.deepEqual([sent['model'], sent['stream'], sent['temperature']], ['m', true, 0]);
  assert.deepEqual(context.warnings, [
    "The tgi field 'repetition_penalty' was left out: chat completions have no such parameter.",
  ]);
});

test('what the API cannot do is refused', () => {
  const tools = [{ type: 'function', function: { name: 'f' } }];
  const messages = [{ role: 'user', content: 'Hi' }];
  const file = { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' } };
  const cases: [JsonObject, string][] = [
    [{ messages, n: 2 }, 'n'],
    [{ messages, tools, tool_choice: 'required' }, 'tool_choice'],
    [{ messages: [{ role: 'user', content: [file] }] }, 'messages'],
  ];
  for (const [fields, param] of cases) {
    const neutral = sidesOf(openaiChat).client.decodeRequest({ model: 'm', ...fields }, {});
    assert.throws(
      () => provider.encodeRequest(neutral, encodeContext()),
      (error) => GatewayError.is(error) && error.code === 'unsupported_parameter' && error.param === param,
      param,
    );
  }
});

test('wrong request fields are named', () => {
  const cases: [JsonObject, string][] = [
    [{}, 'inputs'],
    [{ inputs: 'a', parameters: 5 }, 'parameters'],
    [{ inputs: 'a', parameters: { temperature: 'hot' } }, 'parameters.temperature'],
  ];
  for (const [body, param] of cases) {
    assert.throws(
      () => client.decodeRequest(body, { model: 'm' }),
      (error) => GatewayError.is(error) && error.param === param,
    );
  }
  assert.throws(
    () => client.decodeRequest({ inputs: 'a' }, {}),
    (error) => GatewayError.is(error) && error.param === 'model',
  );
});

test("errors keep TGI's words", () => {
  const body = { error: 'Model is overloaded', error_type: 'overloaded' };
  const error = tgi.errors.decode(429, () => undefined, body, '');
  assert.deepEqual([error.type, error.message], ['overloaded', 'Model is overloaded']);
  assert.deepEqual(tgi.errors.encode(toErrorAnswer(error)), body);
  assert.deepEqual(bodiesOf(String(tgi.errors.encodeInStream(toErrorAnswer(error)))), [body]);
  const streamed = eventsOf(tgi, [Buffer.from(`data:${JSON.stringify(body)}\n\n`)])[0];
  assert.deepEqual(streamed?.type === 'error' && [streamed.error.status, streamed.error.type], [429, 'overloaded']);
  const foreign = { status: 400, type: 'invalid_request_error', message: 'no' };
  assert.equal(tgi.errors.encode(toErrorAnswer(foreign))['error_type'], 'validation');
});

test('streams that pass through are watched for usage, end and errors', () => {
  const observer = tgiUsage.createStreamObserver();
  observer.frame('', JSON.stringify({ index: 1, token: token('"finish_reason" "error"'), details: null }));
  assert.deepEqual([observer.complete, observer.error], [false, undefined]);
  observer.frame('', JSON.stringify(STREAM[2]));
  assert.deepEqual([observer.complete, observer.usage?.input, observer.usage?.output], [true, 4, 3]);
  const failed = tgiUsage.createStreamObserver();
  failed.frame('', '{"error":"no","error_type":"generation"}');
  assert.deepEqual([failed.complete, failed.error?.status], [false, 424]);
});

test('an answer of several parts is written as their text', () => {
  const response: NeutralResponse = {
    id: 'x',
    model: 'm',
    candidates: [
      {
        index: 0,
        content: [
          { type: 'reasoning', text: 'hm' },
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
        finishReason: 'content-filter',
      },
    ],
  };
  const body = client.encodeResponse(response, answerContext());
  assert.equal(body['generated_text'], 'ab');
  assert.equal((body['details'] as JsonObject)['finish_reason'], 'eos_token');
});
