import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { decodeFrames, encodeEvents, namedFrames, parseSse } from '../openai/support.test.ts';
import { openaiResponses } from './dialect.ts';
import { packOwnToken } from './reasoning-token.ts';

const at = { candidate: 0 };
const start: NeutralEvent = { type: 'start', id: 'resp_1', model: 'gpt-5', created: 5, serviceTier: 'default' };

const created: JsonObject = {
  type: 'response.created',
  sequence_number: 0,
  response: { id: 'resp_1', model: 'gpt-5', created_at: 5, service_tier: 'default', status: 'in_progress' },
};
const completed = (fields: JsonObject = {}): JsonObject => ({
  type: 'response.completed',
  response: { id: 'resp_1', status: 'completed', output: [], usage: { input_tokens: 3, output_tokens: 5 }, ...fields },
});
const usageEvent: NeutralEvent = { type: 'usage', usage: { ...emptyUsage(), input: 3, output: 5 } };
const ending = (finishReason: 'stop' | 'tool-calls'): NeutralEvent[] => [
  usageEvent,
  { type: 'finish', ...at, finishReason },
  { type: 'end' },
];
const decode = (...bodies: JsonObject[]): NeutralEvent[] => decodeFrames(openaiResponses, namedFrames(bodies));

const message = (index: number, content: JsonObject[] = []): JsonObject => {
  return { output_index: index, item: { id: `msg_${index}`, type: 'message', role: 'assistant', content } };
};
const added = (fields: JsonObject): JsonObject => ({ type: 'response.output_item.added', ...fields });
const done = (fields: JsonObject): JsonObject => ({ type: 'response.output_item.done', ...fields });

test('decoder: a message in parts, with annotations and log probabilities', () => {
  const annotation = { type: 'url_citation', url: 'https://example.com' };
  const here = { item_id: 'msg_0', output_index: 0, content_index: 0 };
  const text = { type: 'output_text', text: 'Hi you', annotations: [annotation] };
  const refused = { item_id: 'msg_0', output_index: 0, content_index: 1 };
  assert.deepEqual(
    decode(
      created,
      { type: 'response.in_progress', response: {} },
      added(message(0)),
      { type: 'response.content_part.added', ...here, part: { type: 'output_text', text: '' } },
      { type: 'response.output_text.delta', ...here, delta: 'Hi', logprobs: [] },
      { type: 'response.output_text.delta', ...here, delta: ' you', logprobs: [{ token: ' you' }] },
      { type: 'response.output_text.annotation.added', ...here, annotation },
      { type: 'response.output_text.done', ...here, text: 'Hi you' },
      { type: 'response.content_part.done', ...here, part: text },
      { type: 'response.content_part.added', ...refused, part: { type: 'refusal', refusal: '' } },
      { type: 'response.refusal.delta', ...refused, delta: 'No.' },
      { type: 'response.refusal.done', ...refused, refusal: 'No.' },
      done(message(0, [text, { type: 'refusal', refusal: 'No.' }])),
      completed(),
    ),
    [
      start,
      { type: 'text-start', ...at, block: 0 },
      { type: 'text-delta', ...at, block: 0, text: 'Hi' },
      { type: 'text-delta', ...at, block: 0, text: ' you', logprobs: { content: [{ token: ' you' }] } },
      {
        type: 'text-end',
        ...at,
        block: 0,
        origin: { dialect: 'openai-responses', value: { annotations: [annotation] } },
        citations: [{ url: 'https://example.com' }],
      },
      { type: 'refusal-delta', ...at, block: 1, text: 'No.' },
      ...ending('stop'),
    ],
  );
});

test('decoder: reasoning, interleaved calls and the items of built-in tools', () => {
  const reasoning = { id: 'rs_0', type: 'reasoning', summary: [], encrypted_content: 'gAAA' };
  const summary = (index: number, delta: string): JsonObject => {
    return { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: index, delta };
  };
  const call = (index: number): JsonObject => {
    const item = {
      id: `fc_${index}`,
      type: 'function_call',
      call_id: `call_${index}`,
      name: `f${index}`,
      arguments: '',
    };
    return { output_index: index, item };
  };
  const piece = (index: number, delta: string): JsonObject => {
    return { type: 'response.function_call_arguments.delta', output_index: index, item_id: `fc_${index}`, delta };
  };
  const search = { output_index: 1, item: { id: 'ws_1', type: 'web_search_call', status: 'completed' } };
  assert.deepEqual(
    decode(
      created,
      added({ output_index: 0, item: { id: 'rs_0', type: 'reasoning', summary: [] } }),
      summary(0, 'One.'),
      summary(1, 'Two'),
      summary(1, '.'),
      done({ output_index: 0, item: reasoning }),
      added(search),
      { type: 'response.web_search_call.searching', output_index: 1, item_id: 'ws_1' },
      done(search),
      added(call(2)),
      piece(2, '{"a"'),
      added(call(3)),
      piece(3, '{}'),
      piece(2, ':1}'),
      { type: 'keepalive', sequence_number: 7 },
      { type: 'response.function_call_arguments.done', output_index: 2, arguments: '{"a":1}' },
      done(call(2)),
      done(call(3)),
      completed(),
    ),
    [
      start,
      { type: 'reasoning-start', ...at, block: 0 },
      { type: 'reasoning-delta', ...at, block: 0, text: 'One.' },
      { type: 'reasoning-delta', ...at, block: 0, text: '\n\n' },
      { type: 'reasoning-delta', ...at, block: 0, text: 'Two' },
      { type: 'reasoning-delta', ...at, block: 0, text: '.' },
      {
        type: 'reasoning-end',
        ...at,
        block: 0,
        encrypted: packOwnToken({ id: 'rs_0', encryptedContent: 'gAAA' }),
        origin: { dialect: 'openai-responses', value: reasoning },
      },
      { type: 'opaque', dialect: 'openai-responses', ...at, block: 1, value: search.item },
      { type: 'tool-call-start', ...at, block: 2, id: 'call_2', name: 'f2' },
      { type: 'tool-call-delta', ...at, block: 2, arguments: '{"a"' },
      { type: 'tool-call-start', ...at, block: 3, id: 'call_3', name: 'f3' },
      { type: 'tool-call-delta', ...at, block: 3, arguments: '{}' },
      { type: 'tool-call-delta', ...at, block: 2, arguments: ':1}' },
      { type: 'ping' },
      { type: 'tool-call-end', ...at, block: 2 },
      { type: 'tool-call-end', ...at, block: 3 },
      ...ending('tool-calls'),
    ],
  );
});

test("decoder: a custom tool's text becomes the arguments of a function", () => {
  const item = { id: 'ctc_0', type: 'custom_tool_call', call_id: 'c', name: 'patch', input: '' };
  const delta = (text: string): JsonObject => {
    return { type: 'response.custom_tool_call_input.delta', output_index: 0, delta: text };
  };
  const argumentsOf = (...bodies: JsonObject[]): string =>
    decode(created, added({ output_index: 0, item }), ...bodies, completed())
      .map((event) => (event.type === 'tool-call-delta' ? event.arguments : ''))
      .join('');
  const whole = 'say "hi"\n\ud83d\ude00';
  const streamed = argumentsOf(delta('say "h'), delta('i"\n\ud83d'), delta('\ude00'), done({ output_index: 0, item }));
  assert.deepEqual(JSON.parse(streamed), { input: whole });
  const given = argumentsOf(done({ output_index: 0, item: { ...item, input: whole } }));
  assert.deepEqual(JSON.parse(given), { input: whole });
  assert.deepEqual(JSON.parse(argumentsOf()), { input: '' });
});

test('decoder: servers that leave out deltas, parts, items or all of it', () => {
  const text = (events: NeutralEvent[]): string =>
    events.map((event) => (event.type === 'text-delta' || event.type === 'reasoning-delta' ? event.text : '')).join('');
  const kinds = (events: NeutralEvent[]): string[] => events.map((event) => event.type);
  const whole = message(0, [{ type: 'output_text', text: 'Hi' }]);
  const streamed = ['start', 'text-start', 'text-delta', 'text-end', 'usage', 'finish', 'end'];

  const noDeltas = decode(created, added(message(0)), done(whole), completed());
  const noItems = decode(created, { type: 'response.output_text.delta', output_index: 0, delta: 'Hi' }, completed());
  const noCreation = decode({ type: 'response.output_text.delta', delta: 'Hi' }, completed());
  const lastOnly = decode(created, completed({ output: [whole['item'] as JsonObject] }));
  for (const events of [noDeltas, noItems, noCreation, lastOnly]) {
    assert.deepEqual([text(events), kinds(events)], ['Hi', streamed]);
  }

  const thought = { id: 'rs_0', type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] };
  const open = decode(
    created,
    added({ output_index: 0, item: { type: 'reasoning' } }),
    { type: 'response.reasoning_text.delta', output_index: 0, delta: 'hm' },
    done({ output_index: 0, item: thought }),
    completed(),
  );
  const atOnce = decode(created, done({ output_index: 0, item: thought }), completed());
  for (const events of [open, atOnce]) {
    assert.equal(text(events), 'hm');
    assert.deepEqual(kinds(events).slice(1, 4), ['reasoning-start', 'reasoning-delta', 'reasoning-end']);
  }
});

test('decoder: how it ends', () => {
  const last = (body: JsonObject): NeutralEvent[] => decode(created, body).slice(1);
  const incomplete = {
    type: 'response.incomplete',
    response: { incomplete_details: { reason: 'max_output_tokens' }, usage: { input_tokens: 1, output_tokens: 2 } },
  };
  assert.deepEqual(last(incomplete).slice(1), [{ type: 'finish', ...at, finishReason: 'length' }, { type: 'end' }]);
  const failed = { type: 'response.failed', response: { error: { code: 'rate_limit_exceeded', message: 'Slow.' } } };
  const error = { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded', message: 'Slow.' };
  assert.deepEqual(last(failed), [{ type: 'error', error }]);
  assert.deepEqual(last({ type: 'error', code: 'rate_limit_exceeded', message: 'Slow.', param: null }), [
    { type: 'error', error },
  ]);
  const nested = last({ type: 'error', error: { type: 'server_error', code: 'server_error', message: 'Oh.' } })[0];
  assert.ok(nested?.type === 'error' && nested.error.status === 500 && nested.error.message === 'Oh.');
  const cut = decode(created, added(message(0))).at(-1);
  assert.ok(cut?.type === 'error' && cut.error.code === 'provider_stream_error');
  assert.deepEqual(decode(completed(), { type: 'response.output_text.delta', delta: 'late' }).at(-1), { type: 'end' });
  assert.throws(() => decodeFrames(openaiResponses, [{ event: '', data: 'nonsense' }]), {
    code: 'provider_bad_response',
  });
});

/** The bodies of a written stream. Checks what holds for every one: event names, numbering, order of each item's events. */
function check(text: string): JsonObject[] {
  const frames = parseSse(text).filter((frame) => frame.data !== '');
  const open = new Map<unknown, { done: boolean; parts: Map<unknown, boolean> }>();
  const bodies = frames.map(({ event, data }, position) => {
    const body = JSON.parse(data) as JsonObject;
    assert.equal(event, body['type']);
    assert.equal(body['sequence_number'], position, 'events are numbered without a gap');
    return body;
  });
  assert.deepEqual(
    bodies.slice(0, 2).map((body) => body['type']),
    ['response.created', 'response.in_progress'],
  );
  let next = 0;
  for (const body of bodies) {
    const type = String(body['type']);
    if (body['output_index'] === undefined) continue;
    const item = open.get(body['output_index']);
    if (type === 'response.output_item.added') {
      assert.equal(body['output_index'], next++, 'items are numbered as they appear');
      open.set(body['output_index'], { done: false, parts: new Map() });
      continue;
    }
    assert.ok(item !== undefined && !item.done, `${type} belongs to an open item`);
    const part = body['content_index'] ?? body['summary_index'];
    if (type === 'response.output_item.done') {
      assert.ok(
        [...item.parts.values()].every((ended) => ended),
        'an item is done after its parts',
      );
      item.done = true;
    } else if (type.endsWith('part.added')) {
      assert.equal(item.parts.has(part), false);
      item.parts.set(part, false);
    } else if (part !== undefined) {
      assert.equal(item.parts.get(part), false, `${type} belongs to an open part`);
      if (type.endsWith('part.done')) item.parts.set(part, true);
    }
  }
  const last = bodies.at(-1);
  if (last?.['type'] === 'response.completed' || last?.['type'] === 'response.incomplete') {
    const items = bodies
      .filter((body) => body['type'] === 'response.output_item.done')
      .sort((a, b) => Number(a['output_index']) - Number(b['output_index']))
      .map((body) => body['item']);
    assert.deepEqual((last['response'] as JsonObject)['output'], items, 'the last event repeats the finished items');
    assert.equal(items.length, next, 'every item is done');
  }
  return bodies;
}

const typesOf = (bodies: JsonObject[]): string[] => bodies.map((body) => String(body['type']).replace('response.', ''));
const encode = (...events: NeutralEvent[]): JsonObject[] => check(encodeEvents(openaiResponses, events));
const outputOf = (bodies: JsonObject[]): JsonObject[] => {
  const response = (bodies.at(-1)?.['response'] ?? {}) as JsonObject;
  return response['output'] as JsonObject[];
};

test('encoder: the whole sequence of a text', () => {
  const bodies = encode(
    start,
    { type: 'text-start', ...at, block: 0 },
    { type: 'text-delta', ...at, block: 0, text: 'Hi "you"' },
    { type: 'text-delta', ...at, block: 0, text: '!', logprobs: { content: [{ token: '!', logprob: -1 }] } },
    {
      type: 'text-end',
      ...at,
      block: 0,
      origin: {
        dialect: 'openai-chat',
        value: { annotations: [{ type: 'url_citation', url_citation: { url: 'u' } }] },
      },
    },
    ...ending('stop'),
  );
  assert.deepEqual(typesOf(bodies), [
    'created',
    'in_progress',
    'output_item.added',
    'content_part.added',
    'output_text.delta',
    'output_text.delta',
    'output_text.annotation.added',
    'output_text.done',
    'content_part.done',
    'output_item.done',
    'completed',
  ]);
  const annotations = [{ type: 'url_citation', url: 'u' }];
  const part = { type: 'output_text', text: 'Hi "you"!', annotations, logprobs: [{ token: '!', logprob: -1 }] };
  assert.deepEqual(outputOf(bodies), [
    { id: 'msg_new1', type: 'message', status: 'completed', role: 'assistant', content: [part] },
  ]);
  const final = bodies.at(-1)?.['response'] as JsonObject;
  assert.deepEqual(
    [
      final['id'],
      final['created_at'],
      final['status'],
      final['service_tier'],
      (final['usage'] as JsonObject)['total_tokens'],
    ],
    ['resp_1', 5, 'completed', 'default', 8],
  );
});

test('encoder: thoughts, with and without text and token', () => {
  const bodies = encode(
    start,
    { type: 'reasoning-start', ...at, block: 0 },
    { type: 'reasoning-delta', ...at, block: 0, text: 'h' },
    { type: 'reasoning-delta', ...at, block: 0, text: 'm' },
    { type: 'reasoning-end', ...at, block: 0, signature: 'c2ln' },
    { type: 'reasoning-start', ...at, block: 1 },
    { type: 'reasoning-end', ...at, block: 1, encrypted: 'cmVk' },
    ...ending('stop'),
  );
  assert.deepEqual(typesOf(bodies).slice(2, -1), [
    'output_item.added',
    'reasoning_summary_part.added',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.done',
    'reasoning_summary_part.done',
    'output_item.done',
    'output_item.added',
    'output_item.done',
  ]);
  assert.deepEqual(outputOf(bodies), [
    {
      id: 'rs_new1',
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: 'hm' }],
      encrypted_content: 'aigw1:{"s":"c2ln"}',
    },
    { id: 'rs_new2', type: 'reasoning', summary: [], encrypted_content: 'aigw1:{"e":"cmVk"}' },
  ]);
});

test('encoder: parallel calls may interleave; a signature comes before its call', () => {
  const bodies = encode(
    start,
    { type: 'text-start', ...at, block: 0 },
    { type: 'text-delta', ...at, block: 0, text: 'I look.' },
    { type: 'tool-call-start', ...at, block: 1, id: 'a', name: 'f', signature: 'Z2Vt' },
    { type: 'tool-call-delta', ...at, block: 1, arguments: '{"x"' },
    { type: 'text-delta', ...at, block: 0, text: ' Wait.' },
    { type: 'tool-call-start', ...at, block: 2, id: 'b', name: 'g' },
    { type: 'tool-call-delta', ...at, block: 2, arguments: '{"y":2}' },
    { type: 'text-end', ...at, block: 0 },
    { type: 'tool-call-delta', ...at, block: 1, arguments: ':1}' },
    { type: 'tool-call-end', ...at, block: 1 },
    { type: 'tool-call-start', ...at, block: 3, id: 'c', name: 'h' },
    { type: 'tool-call-end', ...at, block: 2 },
    { type: 'tool-call-end', ...at, block: 3 },
    ...ending('tool-calls'),
  );
  assert.deepEqual(
    outputOf(bodies).map((item) => item['arguments'] ?? item['encrypted_content'] ?? item['type']),
    ['message', 'aigw1:{"c":"Z2Vt"}', '{"x":1}', '{"y":2}', '{}'],
  );
  const types = typesOf(bodies);
  assert.equal(types[types.indexOf('content_part.done') + 1], 'output_item.done', 'a message ends with its last text');
  const [message] = outputOf(bodies);
  const content = (message?.['content'] ?? []) as JsonObject[];
  assert.equal(content[0]?.['text'], 'I look. Wait.');
});

test('encoder: texts and refusals that follow each other are parts of one message', () => {
  const bodies = encode(
    start,
    { type: 'text-start', ...at, block: 0 },
    { type: 'text-delta', ...at, block: 0, text: 'a' },
    { type: 'text-end', ...at, block: 0 },
    { type: 'refusal-delta', ...at, block: 1, text: 'N' },
    { type: 'refusal-delta', ...at, block: 1, text: 'o.' },
    { type: 'text-start', ...at, block: 2 },
    { type: 'text-delta', ...at, block: 2, text: 'b' },
    { type: 'text-end', ...at, block: 2 },
    { type: 'opaque', dialect: 'openai-responses', ...at, block: 3, value: { type: 'web_search_call', id: 'ws' } },
    { type: 'opaque', dialect: 'gemini', ...at, block: 4, value: {} },
    { type: 'refusal-delta', ...at, block: 5, text: 'Never.' },
    ...ending('stop'),
  );
  assert.deepEqual(
    outputOf(bodies).map((item) =>
      Array.isArray(item['content'])
        ? item['content'].map((part) => (part as JsonObject)['text'] ?? (part as JsonObject)['refusal'])
        : item['id'],
    ),
    [['a', 'No.', 'b'], 'ws', ['Never.']],
  );
  assert.equal(typesOf(bodies).filter((type) => type === 'refusal.done').length, 2);
});

test('encoder: blocks without their ends, deltas without their starts, an answer without a start', () => {
  const bodies = encode(
    { type: 'text-delta', ...at, block: 0, text: 'x' },
    { type: 'text-delta', candidate: 1, block: 0, text: 'other answer' },
    { type: 'reasoning-delta', ...at, block: 1, text: 'y' },
    { type: 'tool-call-delta', ...at, block: 9, arguments: 'lost' },
    { type: 'tool-call-start', ...at, block: 2, id: 'a', name: 'f' },
    { type: 'tool-call-delta', ...at, block: 2, arguments: '{"cut' },
    { type: 'finish', candidate: 1, finishReason: 'stop' },
    { type: 'finish', ...at, finishReason: 'length' },
    { type: 'text-delta', ...at, block: 3, text: 'too late' },
    usageEvent,
    { type: 'end' },
    { type: 'end' },
  );
  assert.equal(bodies.at(-1)?.['type'], 'response.incomplete');
  const final = bodies.at(-1)?.['response'] as JsonObject;
  assert.deepEqual(final['incomplete_details'], { reason: 'max_output_tokens' });
  assert.deepEqual(
    outputOf(bodies).map((item) => [item['type'], item['status']]),
    [
      ['message', 'completed'],
      ['reasoning', undefined],
      ['function_call', 'incomplete'],
    ],
  );
  assert.equal(outputOf(bodies)[2]?.['arguments'], '{"cut');
  assert.equal(JSON.stringify(bodies).includes('other answer'), false);
  assert.equal(JSON.stringify(bodies).includes('too late'), false);
  assert.deepEqual(typesOf(encode({ type: 'end' })), ['created', 'in_progress', 'completed']);
});

test('encoder: an answer cut in its text is incomplete there', () => {
  const bodies = encode(
    start,
    { type: 'text-start', ...at, block: 0 },
    { type: 'text-delta', ...at, block: 0, text: 'Once' },
    { type: 'text-end', ...at, block: 0 },
    { type: 'finish', ...at, finishReason: 'length' },
    { type: 'end' },
  );
  assert.equal(outputOf(bodies)[0]?.['status'], 'incomplete');
});

test('encoder: an error leaves open items open, and says so in both forms', () => {
  const bodies = encode(
    start,
    { type: 'text-start', ...at, block: 0 },
    { type: 'text-delta', ...at, block: 0, text: 'Hi' },
    { type: 'text-end', ...at, block: 0 },
    { type: 'tool-call-start', ...at, block: 1, id: 'a', name: 'rm' },
    { type: 'tool-call-delta', ...at, block: 1, arguments: '{"path":"/' },
    { type: 'error', error: { status: 529, type: 'overloaded_error', message: 'Busy.' } },
    { type: 'end' },
  );
  assert.deepEqual(typesOf(bodies).slice(-2), ['error', 'failed']);
  const error = bodies.at(-2);
  assert.deepEqual(error?.['error'], { type: 'overloaded_error', code: 'server_error', message: 'Busy.', param: null });
  assert.equal(error?.['message'], 'Busy.');
  const failed = bodies.at(-1)?.['response'] as JsonObject;
  assert.deepEqual([failed['status'], failed['error']], ['failed', { code: 'server_error', message: 'Busy.' }]);
  assert.deepEqual(
    outputOf(bodies).map((item) => item['type']),
    ['message'],
  );
});

test('encoder: keep-alives are comments', () => {
  assert.equal(encodeEvents(openaiResponses, [{ type: 'ping' }]), '');
  assert.match(encodeEvents(openaiResponses, [start, { type: 'ping' }]), /\n\n: keep-alive\n\n$/);
});

test('a stream written and read again tells the same', () => {
  const events: NeutralEvent[] = [
    start,
    { type: 'text-start', ...at, block: 0 },
    { type: 'text-delta', ...at, block: 0, text: 'Hi' },
    { type: 'text-end', ...at, block: 0 },
    { type: 'refusal-delta', ...at, block: 1, text: 'No.' },
    { type: 'tool-call-start', ...at, block: 2, id: 'a', name: 'f' },
    { type: 'tool-call-delta', ...at, block: 2, arguments: '{}' },
    { type: 'tool-call-end', ...at, block: 2 },
    { type: 'opaque', dialect: 'openai-responses', ...at, block: 3, value: { type: 'web_search_call', id: 'ws' } },
    ...ending('tool-calls'),
  ];
  const text = encodeEvents(openaiResponses, events);
  assert.deepEqual(decodeFrames(openaiResponses, parseSse(text)), events);
});
