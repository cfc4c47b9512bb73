import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { toErrorAnswer } from '../openai/errors.ts';
import {
  answerContext,
  encodeContext,
  encodeEvents,
  onWire,
  providerContext,
  sidesOf,
} from '../openai/support.test.ts';
import { openaiChat } from '../openai-chat/dialect.ts';
import { answerOf, eventsOf, everyCut } from '../stream-support.test.ts';
import { ollamaChat, ollamaGenerate } from './dialect.ts';
import { ollamaUsage } from './usage.ts';

const { client, provider } = sidesOf(ollamaChat);
const BASE = { model: 'llama3', created_at: '2023-11-14T22:13:20.000Z' };
const COUNTS = { prompt_eval_count: 7, eval_count: 3 };
const ANSWER = {
  ...BASE,
  message: {
    role: 'assistant',
    content: 'Look.',
    thinking: 'hm',
    tool_calls: [{ id: 'call_1', function: { index: 0, name: 'f', arguments: { a: 1 } } }],
  },
  done: true,
  done_reason: 'stop',
  ...COUNTS,
};

test('a whole answer goes through the neutral model unharmed', () => {
  const neutral = provider.decodeResponse(ANSWER, providerContext());
  assert.equal(neutral.created, 1_700_000_000);
  assert.deepEqual(neutral.usage, { ...emptyUsage(), input: 7, output: 3 });
  assert.equal(neutral.candidates[0]?.finishReason, 'tool-calls');
  assert.deepEqual(onWire(client.encodeResponse(neutral, answerContext())), ANSWER);
  const generated = ollamaGenerate.client?.encodeResponse(neutral, answerContext()) ?? {};
  assert.deepEqual([generated['response'], generated['thinking']], ['Look.', 'hm']);
});

test('nanosecond dates, answers of generate and calls without ids are read', () => {
  const body = {
    ...BASE,
    created_at: '2023-11-14T22:13:20.385406455Z',
    response: 'Hi',
    done: true,
    done_reason: 'length',
  };
  const neutral = provider.decodeResponse(body, providerContext());
  assert.equal(neutral.created, 1_700_000_000);
  assert.deepEqual(neutral.candidates[0]?.content, [{ type: 'text', text: 'Hi' }]);
  assert.equal(neutral.candidates[0]?.finishReason, 'length');
  assert.equal(neutral.usage, undefined);
  const message = { role: 'assistant', content: '', tool_calls: [{ function: { name: 'f', arguments: {} } }] };
  const [call] = provider.decodeResponse({ ...BASE, message }, providerContext()).candidates[0]?.content ?? [];
  assert.equal(call?.type === 'tool-call' && call.id, 'call_made1');
});

const line = (message: JsonObject): JsonObject => ({
  ...BASE,
  message: { role: 'assistant', ...message },
  done: false,
});
const LINES: JsonObject[] = [
  line({ content: '', thinking: 'hm' }),
  line({ content: 'Zürich' }),
  line({ content: ' 👋' }),
  line({ content: '', tool_calls: [{ id: 'a', function: { index: 0, name: 'f', arguments: { x: 1 } } }] }),
  { ...BASE, message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', ...COUNTS },
];
const text = LINES.map((body) => `${JSON.stringify(body)}\n`).join('');

test('a stream of lines is the same however its bytes are cut', () => {
  const whole = eventsOf(ollamaChat, [Buffer.from(text)]);
  assert.deepEqual(whole, [
    { type: 'start', id: '', model: 'llama3', created: 1_700_000_000 },
    { type: 'reasoning-start', candidate: 0, block: 0 },
    { type: 'reasoning-delta', candidate: 0, block: 0, text: 'hm' },
    { type: 'reasoning-end', candidate: 0, block: 0 },
    { type: 'text-start', candidate: 0, block: 1 },
    { type: 'text-delta', candidate: 0, block: 1, text: 'Zürich' },
    { type: 'text-delta', candidate: 0, block: 1, text: ' 👋' },
    { type: 'text-end', candidate: 0, block: 1 },
    { type: 'tool-call-start', candidate: 0, block: 2, id: 'a', name: 'f' },
    { type: 'tool-call-delta', candidate: 0, block: 2, arguments: '{"x":1}' },
    { type: 'tool-call-end', candidate: 0, block: 2 },
    { type: 'usage', usage: { ...emptyUsage(), input: 7, output: 3 } },
    { type: 'finish', candidate: 0, finishReason: 'tool-calls' },
    { type: 'end' },
  ] satisfies NeutralEvent[]);
  for (const pieces of everyCut(text)) assert.deepEqual(eventsOf(ollamaChat, pieces), whole);
});

test('what is written has the lines of the API', () => {
  const events = eventsOf(ollamaChat, [Buffer.from(text)]);
  const written = encodeEvents(ollamaChat, events)
    .split('\n')
    .filter((one) => one !== '')
    .map((one) => JSON.parse(one) as JsonObject);
  assert.deepEqual(written, LINES);
  const generated = encodeEvents(ollamaGenerate, events).split('\n')[1] ?? '';
  assert.deepEqual(JSON.parse(generated), { ...BASE, response: 'Zürich', done: false });
});

test('an error in a line, and bytes that end too early, are errors', () => {
  const failed = eventsOf(ollamaChat, [Buffer.from(`${JSON.stringify(LINES[1])}\n{"error":"out of memory"}\n`)]).at(-1);
  assert.equal(failed?.type === 'error' && failed.error.message, 'out of memory');
  const cut = eventsOf(ollamaChat, [Buffer.from(text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1))]);
  assert.equal(cut.at(-1)?.type, 'error');
});

test('a stream is the default, and results find their calls by id, by name, or by order', () => {
  const calls = ['f', 'g', 'f'].map((name) => ({ function: { name, arguments: {} } }));
  const body = {
    model: 'm',
    messages: [
      { role: 'assistant', content: '', tool_calls: calls },
      { role: 'tool', tool_name: 'g', content: 'of g' },
      { role: 'tool', content: 'of the first f' },
      { role: 'tool', tool_name: 'f', content: 'of the second f' },
      { role: 'tool', tool_name: 'h', content: 'of no one' },
    ],
  };
  const neutral = client.decodeRequest(body, {});
  assert.equal(neutral.stream, true);
  assert.equal(client.decodeRequest({ ...body, stream: false }, { stream: true }).stream, false);
  const ids = neutral.messages.slice(1).map(({ content: [part] }) => part?.type === 'tool-result' && part.callId);
  assert.deepEqual(ids, ['call_0_1', 'call_0_0', 'call_0_2', 'call_4_0']);
});

test('an image by URL is refused', () => {
  const image = { type: 'image_url', image_url: { url: 'https://images.test/a.png' } };
  const neutral = sidesOf(openaiChat).client.decodeRequest(
    { model: 'm', messages: [{ role: 'user', content: [image] }] },
    {},
  );
  assert.throws(
    () => provider.encodeRequest(neutral, encodeContext()),
    (error) => GatewayError.is(error) && error.code === 'unsupported_parameter' && error.param === 'messages',
  );
});

test('wrong request fields are named', () => {
  const cases: [JsonObject, string][] = [
    [{ messages: [] }, 'model'],
    [{ model: 'm' }, 'messages'],
    [{ model: 'm', messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
    [{ model: 'm', messages: [{ role: 'user', content: '', images: [5] }] }, 'messages[0].images[0]'],
    [{ model: 'm', messages: [], format: 'yaml' }, 'format'],
    [{ model: 'm', messages: [], think: 'much' }, 'think'],
    [{ model: 'm', messages: [], options: { top_k: 'x' } }, 'options.top_k'],
  ];
  for (const [body, param] of cases) {
    assert.throws(
      () => client.decodeRequest(body, {}),
      (error) => GatewayError.is(error) && error.code === 'invalid_request' && error.param === param,
      param,
    );
  }
});

test('errors are a sentence', () => {
  const error = ollamaChat.errors.decode(404, () => undefined, { error: "model 'x' not found" }, '');
  assert.deepEqual(error, { status: 404, type: 'not_found_error', message: "model 'x' not found" });
  assert.deepEqual(ollamaChat.errors.encode(toErrorAnswer(error)), { error: "model 'x' not found" });
  assert.equal(ollamaChat.errors.encodeInStream(toErrorAnswer(error)), '{"error":"model \'x\' not found"}\n');
});

test('streams that pass through are watched for usage, end and errors', () => {
  const observer = ollamaUsage.createStreamObserver();
  for (const body of LINES) {
    assert.equal(observer.complete, false);
    observer.frame('', JSON.stringify(body));
  }
  assert.deepEqual([observer.complete, observer.model, observer.usage?.input], [true, 'llama3', 7]);
  assert.equal(ollamaUsage.read(ANSWER).usage?.output, 3);
  const early = ollamaUsage.createStreamObserver();
  early.frame(
    '',
    JSON.stringify(line({ content: '', tool_calls: [{ function: { name: 'f', arguments: { done: true } } }] })),
  );
  assert.equal(early.complete, false);
  const failed = ollamaUsage.createStreamObserver();
  failed.frame('', '{"error":"no"}');
  assert.deepEqual([failed.complete, failed.error?.message], [false, 'no']);
});

test('a stream of an OpenAI server reaches an Ollama client with its calls whole', () => {
  const events: NeutralEvent[] = [
    { type: 'start', id: 'c', model: 'gpt' },
    { type: 'tool-call-start', candidate: 0, block: 0, id: 'a', name: 'f' },
    { type: 'tool-call-start', candidate: 0, block: 1, id: 'b', name: 'g' },
    { type: 'tool-call-delta', candidate: 0, block: 0, arguments: '{"x"' },
    { type: 'tool-call-delta', candidate: 0, block: 0, arguments: ':1}' },
    { type: 'tool-call-end', candidate: 0, block: 0 },
    { type: 'finish', candidate: 0, finishReason: 'tool-calls' },
    { type: 'end' },
  ];
  const read = answerOf(eventsOf(ollamaChat, [Buffer.from(encodeEvents(ollamaChat, events))]));
  assert.deepEqual(read.calls, [
    { id: 'a', name: 'f', arguments: '{"x":1}' },
    // It never ended: the provider's stream was lenient.
    { id: 'b', name: 'g', arguments: '{}' },
  ]);
});

test('to think is an effort elsewhere, and stays what it was here', () => {
  const read = (think: boolean | string) => client.decodeRequest({ model: 'm', messages: [], think }, {}).reasoning;
  assert.deepEqual(read(true), { enabled: true, effort: 'medium' });
  assert.deepEqual(read(false), { enabled: false });
  assert.deepEqual(read('high'), { enabled: true, effort: 'high' });
  const sent = (think: boolean | string, to: typeof ollamaChat) =>
    to.provider?.encodeRequest(client.decodeRequest({ model: 'm', messages: [], think }, {}), encodeContext());
  assert.deepEqual([sent(true, ollamaChat)?.['think'], sent(false, ollamaChat)?.['think']], [true, false]);
  assert.equal(sent(true, openaiChat)?.['reasoning_effort'], 'medium');
});
