import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { ResponseContext } from '../dialect.ts';
import { callTokenForClient } from '../neutral/opaque-token.ts';
import type { NeutralPart, NeutralReasoning } from '../neutral/request.ts';
import type { NeutralCandidate, NeutralResponse } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { answerContext, onWire, providerContext } from '../openai/support.test.ts';
import { decodeResponse } from './decode-response.ts';
import { encodeResponse } from './encode-response.ts';

const decode = (body: JsonObject): NeutralResponse => decodeResponse(body, providerContext());
const encode = (candidate: Partial<NeutralCandidate>, fields: Partial<NeutralResponse> = {}): JsonObject => {
  const whole = { index: 0, content: [], finishReason: 'stop' as const, ...candidate };
  return onWire(encodeResponse({ id: 'x', model: 'gpt', candidates: [whole], ...fields }, answerContext()));
};

test('an answer decoded and encoded again loses nothing', () => {
  const body = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: [
      { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
      { type: 'redacted_thinking', data: 'ZW5j' },
      { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'q' } },
      { type: 'web_search_tool_result', tool_use_id: 's1', content: [] },
      { type: 'text', text: 'one', citations: [{ type: 'char_location', cited_text: 'x' }] },
      { type: 'text', text: 'two' },
      { type: 'tool_use', id: 't1', name: 'f', input: { a: 1 }, caller: { type: 'direct' } },
    ],
    stop_reason: 'tool_use',
    container: { id: 'c' },
    usage: {
      input_tokens: 1,
      cache_read_input_tokens: 2,
      cache_creation_input_tokens: 7,
      cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
      output_tokens: 5,
      output_tokens_details: { thinking_tokens: 2 },
      service_tier: 'standard',
    },
  };
  assert.deepEqual(onWire(encodeResponse(decode(body), answerContext())), body);
});

test('all text blocks and thoughts are kept in order', () => {
  const { candidates } = decode({
    content: [
      { type: 'thinking', thinking: 'a', signature: 's1' },
      { type: 'text', text: 'one' },
      { type: 'thinking', thinking: 'b', signature: 's2' },
      { type: 'text', text: 'two' },
    ],
    stop_reason: 'end_turn',
  });
  assert.deepEqual(candidates[0]?.content, [
    { type: 'reasoning', text: 'a', signature: 's1' },
    { type: 'text', text: 'one' },
    { type: 'reasoning', text: 'b', signature: 's2' },
    { type: 'text', text: 'two' },
  ]);
});

test('cached input is counted apart, by lifetime', () => {
  const usage = decode({
    content: [],
    usage: {
      input_tokens: 10,
      cache_read_input_tokens: 20,
      cache_creation_input_tokens: 35,
      cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 30 },
      output_tokens: 4,
    },
  }).usage;
  assert.deepEqual(usage, { ...emptyUsage(), input: 10, cacheRead: 20, cacheWrite: 5, cacheWrite1h: 30, output: 4 });
});

test('stop reasons both ways', () => {
  const pairs: [string, Partial<NeutralCandidate>][] = [
    ['end_turn', { finishReason: 'stop' }],
    ['max_tokens', { finishReason: 'length' }],
    ['tool_use', { finishReason: 'tool-calls' }],
    ['pause_turn', { finishReason: 'pause' }],
    ['refusal', { finishReason: 'content-filter' }],
    ['model_context_window_exceeded', { finishReason: 'length', rawFinishReason: 'model_context_window_exceeded' }],
  ];
  for (const [word, finish] of pairs) {
    const candidate = decode({ content: [], stop_reason: word }).candidates[0];
    assert.deepEqual(candidate, { index: 0, content: [], ...finish });
    assert.equal(encode(finish)['stop_reason'], word);
  }
  const stopped = decode({ content: [], stop_reason: 'stop_sequence', stop_sequence: 'END' }).candidates[0];
  assert.deepEqual(stopped, { index: 0, content: [], finishReason: 'stop-sequence', stopSequence: 'END' });
  const written = encode({ finishReason: 'stop-sequence', stopSequence: 'END' });
  assert.deepEqual([written['stop_reason'], written['stop_sequence']], ['stop_sequence', 'END']);
});

test('an answer of another API: zeros where no usage came, ids made up, refusals in words', () => {
  const body = encode(
    {
      content: [
        { type: 'reasoning', text: 'hm' },
        { type: 'refusal', text: 'I cannot.' },
      ],
    },
    { id: '', model: '' },
  );
  assert.deepEqual(body, {
    id: 'msg_new1',
    type: 'message',
    role: 'assistant',
    model: 'asked-model',
    content: [
      { type: 'thinking', thinking: 'hm', signature: '' },
      { type: 'text', text: 'I cannot.' },
    ],
    stop_reason: 'refusal',
    usage: { input_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 },
  });
});

test('a signature of a call stands on a thought before it, where the client has thinking on', () => {
  const call = (id: string, signature: string) => ({
    type: 'tool-call' as const,
    id,
    name: 'f',
    arguments: '{}',
    signature,
  });
  const use = (id: string) => ({ type: 'tool_use', id, name: 'f', input: {} });
  const proof = (signature: string) => ({
    type: 'thinking',
    thinking: '',
    signature: callTokenForClient(signature),
  });
  const content: NeutralPart[] = [{ type: 'reasoning', text: 'hm' }, call('a', 'sig-a'), call('b', 'sig-b')];
  const thought = { type: 'thinking', thinking: 'hm', signature: '' };
  const asked = (reasoning: NeutralReasoning) => ({
    request: { model: 'm', stream: false, messages: [], tools: [], reasoning },
  });
  const contentOf = (parts: NeutralPart[], context: Partial<ResponseContext>) =>
    encodeResponse(
      { id: 'x', model: 'gpt', candidates: [{ index: 0, content: parts, finishReason: 'tool-calls' }] },
      answerContext(context),
    )['content'];
  const both = [thought, proof('sig-a'), use('a'), proof('sig-b'), use('b')];
  assert.deepEqual(contentOf(content, asked({ enabled: true })), both);
  assert.deepEqual(contentOf(content, asked({ adaptive: true })), both);
  assert.deepEqual(contentOf(content, asked({ enabled: false })), [thought, use('a'), use('b')]);
  assert.deepEqual(contentOf(content, {}), [thought, use('a'), use('b')]);
  const signed: NeutralPart[] = [{ type: 'reasoning', text: 'hm', signature: 'own' }, call('a', 'sig-a')];
  assert.deepEqual(contentOf(signed, asked({ enabled: true })), [
    { ...thought, signature: 'own' },
    proof('sig-a'),
    use('a'),
  ]);
});

test('arguments: empty ones are an empty object, broken ones stay as text', () => {
  const call = (text: string) => ({ type: 'tool-call' as const, id: 'c', name: 'f', arguments: text });
  const body = encode({ content: [call(''), call('{"a":'), call('{"a":1}')] });
  assert.deepEqual(
    (body['content'] as JsonObject[]).map((block) => block['input']),
    [{}, { arguments: '{"a":' }, { a: 1 }],
  );
});

test('what is no message is refused', () => {
  assert.throws(
    () => decode({ type: 'error' }),
    (error) => GatewayError.is(error) && error.code === 'provider_bad_response',
  );
});
