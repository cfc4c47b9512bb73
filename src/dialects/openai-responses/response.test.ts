import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralPart, NeutralRequest } from '../neutral/request.ts';
import type { NeutralCandidate } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { answerContext, onWire, providerContext } from '../openai/support.test.ts';
import type { AnswerContext } from './answer-context.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponse } from './decode-response.ts';
import { encodeResponse } from './encode-response.ts';
import { packForeignToken, unpackOwnToken } from './reasoning-token.ts';

const context = (options: Partial<AnswerContext> = {}): AnswerContext => ({ ...answerContext(), ...options });

function encode(candidate: Partial<NeutralCandidate>, options: Partial<AnswerContext> = {}): JsonObject {
  const whole: NeutralCandidate = { index: 0, content: [], finishReason: 'stop', ...candidate };
  return onWire(encodeResponse({ id: '', model: '', candidates: [whole] }, context(options)));
}

const decode = (body: JsonObject) => decodeResponse(body, providerContext());

test('a whole answer of OpenAI is read', () => {
  const reasoning = {
    id: 'rs_1',
    type: 'reasoning',
    summary: [{ type: 'summary_text', text: 'a' }],
    encrypted_content: 'gA',
  };
  const annotation = { type: 'url_citation', url: 'https://example.com', title: 't', start_index: 0, end_index: 2 };
  const search = { id: 'ws_1', type: 'web_search_call', status: 'completed' };
  const read = decode({
    id: 'resp_1',
    object: 'response',
    created_at: 1_700_000_001,
    status: 'completed',
    error: null,
    incomplete_details: null,
    model: 'gpt-5-2025',
    service_tier: 'default',
    temperature: 1,
    output: [
      reasoning,
      search,
      {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [
          { type: 'output_text', text: 'Hi', annotations: [annotation], logprobs: [{ token: 'Hi', logprob: -0.1 }] },
          { type: 'refusal', refusal: 'No.' },
        ],
      },
      { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{"a":1}', status: 'completed' },
      { id: 'ctc_1', type: 'custom_tool_call', call_id: 'call_2', name: 'patch', input: 'a"b' },
    ],
    usage: {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
      output_tokens: 20,
      output_tokens_details: { reasoning_tokens: 5 },
      total_tokens: 120,
    },
  });
  const content = read.candidates[0]?.content ?? [];
  const [thought] = content;
  assert.ok(thought?.type === 'reasoning');
  assert.deepEqual(unpackOwnToken(thought.encrypted ?? ''), { id: 'rs_1', encryptedContent: 'gA' });
  assert.deepEqual(thought.origin, { dialect: 'openai-responses', value: reasoning });
  assert.deepEqual(content.slice(1), [
    { type: 'opaque', dialect: 'openai-responses', value: search },
    {
      type: 'text',
      text: 'Hi',
      citations: [{ url: 'https://example.com', title: 't', start: 0, end: 2 }],
      origin: { dialect: 'openai-responses', value: { annotations: [annotation] } },
    },
    { type: 'refusal', text: 'No.' },
    { type: 'tool-call', id: 'call_1', name: 'f', arguments: '{"a":1}' },
    {
      type: 'tool-call',
      id: 'call_2',
      name: 'patch',
      arguments: '{"input":"a\\"b"}',
      origin: {
        dialect: 'openai-responses',
        value: { id: 'ctc_1', type: 'custom_tool_call', call_id: 'call_2', name: 'patch', input: 'a"b' },
      },
    },
  ]);
  assert.equal(read.candidates[0]?.finishReason, 'tool-calls');
  assert.deepEqual(read.candidates[0]?.logprobs, { content: [{ token: 'Hi', logprob: -0.1 }] });
  assert.deepEqual(
    [read.id, read.model, read.created, read.serviceTier],
    ['resp_1', 'gpt-5-2025', 1_700_000_001, 'default'],
  );
  assert.deepEqual(read.extensions, { 'openai-responses': { temperature: 1 } });
  assert.deepEqual(read.usage, {
    ...emptyUsage(),
    input: 30,
    cacheRead: 60,
    cacheWrite: 10,
    output: 20,
    reasoning: 5,
  });
});

test('why it ended', () => {
  const ending = (fields: JsonObject) => {
    const { finishReason, rawFinishReason } = decode({ output: [], ...fields }).candidates[0] as NeutralCandidate;
    return [finishReason, rawFinishReason];
  };
  const incomplete = (reason: string): JsonObject => ({ status: 'incomplete', incomplete_details: { reason } });
  assert.deepEqual(ending({ status: 'completed' }), ['stop', undefined]);
  assert.deepEqual(ending({}), ['stop', undefined]);
  assert.deepEqual(ending(incomplete('max_output_tokens')), ['length', undefined]);
  assert.deepEqual(ending(incomplete('content_filter')), ['content-filter', undefined]);
  assert.deepEqual(ending(incomplete('tea_time')), ['other', 'tea_time']);
});

test('what holds no answer is a bad response', () => {
  const bad: [JsonObject, RegExp][] = [
    [{}, /no output/],
    [{ status: 'failed', error: { code: 'server_error', message: 'It broke.' }, output: [] }, /It broke/],
    [{ status: 'queued', output: [] }, /'queued'/],
  ];
  for (const [body, message] of bad) assert.throws(() => decode(body), { code: 'provider_bad_response', message });
});

test('every part is an item; texts that follow each other are one message', () => {
  const body = encode(
    {
      finishReason: 'tool-calls',
      content: [
        { type: 'reasoning', text: 'hm', signature: 'c2ln' },
        { type: 'reasoning', text: '', encrypted: 'cmVk' },
        { type: 'reasoning', text: 'bare' },
        { type: 'text', text: 'A' },
        {
          type: 'text',
          text: 'B',
          citations: [{ url: 'https://e.com', title: 'E' }],
          origin: { dialect: 'anthropic', value: { citations: [{ url: 'https://e.com', title: 'E' }] } },
        },
        { type: 'refusal', text: 'No.' },
        { type: 'tool-call', id: 'c1', name: 'f', arguments: '', signature: 'Z2Vt' },
        { type: 'opaque', dialect: 'anthropic', value: {} },
        { type: 'tool-call', id: 'c2', name: 'g', arguments: '{"a":1}' },
        { type: 'opaque', dialect: 'openai-responses', value: { type: 'web_search_call', id: 'ws' } },
        { type: 'text', text: 'C' },
      ],
    },
    { providerDialect: 'anthropic' },
  );
  const text = (value: string, annotations: JsonObject[] = []) => {
    return { type: 'output_text', text: value, annotations, logprobs: [] };
  };
  assert.deepEqual(body['output'], [
    {
      id: 'rs_new1',
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: 'hm' }],
      encrypted_content: packForeignToken({ dialect: 'anthropic', signature: 'c2ln' }),
    },
    {
      id: 'rs_new2',
      type: 'reasoning',
      summary: [],
      encrypted_content: packForeignToken({ dialect: 'anthropic', encrypted: 'cmVk' }),
    },
    {
      id: 'rs_new3',
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: 'bare' }],
      encrypted_content: packForeignToken({ dialect: 'anthropic' }),
    },
    {
      id: 'msg_new4',
      type: 'message',
      status: 'completed',
      role: 'assistant',
      content: [
        text('A'),
        text('B', [{ type: 'url_citation', url: 'https://e.com', title: 'E', start_index: 0, end_index: 1 }]),
        { type: 'refusal', refusal: 'No.' },
      ],
    },
    {
      id: 'rs_new5',
      type: 'reasoning',
      summary: [],
      encrypted_content: packForeignToken({ dialect: 'anthropic', callSignature: 'Z2Vt' }),
    },
    { id: 'fc_new6', type: 'function_call', status: 'completed', call_id: 'c1', name: 'f', arguments: '{}' },
    { id: 'fc_new7', type: 'function_call', status: 'completed', call_id: 'c2', name: 'g', arguments: '{"a":1}' },
    { type: 'web_search_call', id: 'ws' },
    { id: 'msg_new8', type: 'message', status: 'completed', role: 'assistant', content: [text('C')] },
  ]);
});

test('all fields that OpenAI documents are there, with its defaults', () => {
  assert.deepEqual(encode({}), {
    id: 'resp_new1',
    object: 'response',
    created_at: 1_700_000_000,
    status: 'completed',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    max_tool_calls: null,
    model: 'asked-model',
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_logprobs: 0,
    top_p: 1,
    truncation: 'disabled',
    usage: null,
    user: null,
    metadata: {},
  });
});

test('where the request is known its settings are repeated, and custom tools get their own calls', () => {
  const custom = { type: 'custom', name: 'patch' };
  const request: NeutralRequest = decodeRequest(
    {
      model: 'm',
      input: 'x',
      tools: [custom, { type: 'function', name: 'f', parameters: { type: 'object' }, strict: true }],
      tool_choice: { type: 'custom', name: 'patch' },
      parallel_tool_calls: false,
      max_output_tokens: 99,
      temperature: 0.1,
      text: { format: { type: 'json_object' } },
      reasoning: { effort: 'low' },
      metadata: { a: 'b' },
    },
    {},
  );
  const body = encode(
    { content: [{ type: 'tool-call', id: 'c', name: 'patch', arguments: '{"input":"*** \\"x\\""}' }] },
    { request },
  );
  assert.deepEqual(body['output'], [
    { id: 'ctc_new1', type: 'custom_tool_call', status: 'completed', call_id: 'c', name: 'patch', input: '*** "x"' },
  ]);
  assert.deepEqual(body['tools'], [
    custom,
    { type: 'function', name: 'f', parameters: { type: 'object' }, strict: true },
  ]);
  assert.deepEqual(
    ['tool_choice', 'parallel_tool_calls', 'max_output_tokens', 'temperature', 'text', 'reasoning', 'metadata'].map(
      (name) => body[name],
    ),
    [
      { type: 'custom', name: 'patch' },
      false,
      99,
      0.1,
      { format: { type: 'json_object' } },
      { effort: 'low', summary: null },
      { a: 'b' },
    ],
  );
});

test('an answer cut short is incomplete, and so is its last item', () => {
  const content: NeutralPart[] = [{ type: 'text', text: 'Once upon' }];
  const cut = encode({ content, finishReason: 'length' });
  assert.deepEqual([cut['status'], cut['incomplete_details']], ['incomplete', { reason: 'max_output_tokens' }]);
  assert.equal((cut['output'] as JsonObject[])[0]?.['status'], 'incomplete');
  const filtered = encode({ finishReason: 'content-filter' });
  assert.deepEqual([filtered['status'], filtered['incomplete_details']], ['incomplete', { reason: 'content_filter' }]);
  for (const finishReason of ['stop', 'tool-calls', 'stop-sequence', 'pause', 'other'] as const) {
    assert.equal(encode({ content, finishReason })['status'], 'completed');
  }
});

test("ids keep the provider's under this API's prefix; tiers of other APIs are left out", () => {
  const id = (given: string) => {
    const response = { id: given, model: 'm', created: 5, serviceTier: 'standard', candidates: [] };
    const body = encodeResponse(response, context());
    return [body['id'], body['created_at'], body['service_tier'], body['model']];
  };
  assert.deepEqual(id('chatcmpl-1'), ['resp_chatcmpl-1', 5, 'default', 'm']);
  assert.deepEqual(id('resp_1')[0], 'resp_1');
});

test('log probabilities stand on the first text', () => {
  const body = encode({
    content: [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ],
    logprobs: { content: [{ token: 'a', logprob: -1, bytes: [97], top_logprobs: [] }] },
  });
  const parts = ((body['output'] as JsonObject[])[0]?.['content'] ?? []) as JsonObject[];
  assert.deepEqual(
    parts.map((part) => (part['logprobs'] as JsonObject[]).length),
    [1, 0],
  );
});

test("a thought of OpenAI's keeps its content as it was", () => {
  const value = { id: 'rs_9', type: 'reasoning', summary: [], encrypted_content: 'gAAA' };
  const read = decode({ output: [value] }).candidates[0]?.content ?? [];
  const written = (encode({ content: read })['output'] as JsonObject[])[0];
  assert.deepEqual(written, { ...value, id: 'rs_new1' });
  // Without the origin, as another API in between gives it back.
  const bare = read.map(({ origin: _, ...part }) => part as NeutralPart);
  assert.equal((encode({ content: bare })['output'] as JsonObject[])[0]?.['encrypted_content'], 'gAAA');
});
