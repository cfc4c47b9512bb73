import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralMessage, NeutralPart, NeutralRequest } from '../neutral/request.ts';
import { encodeContext, onWire } from '../openai/support.test.ts';
import { encodeRequest } from './encode-request.ts';

const HI: NeutralMessage = { role: 'user', content: [{ type: 'text', text: 'Hi' }] };

function encode(fields: Partial<NeutralRequest>): { body: JsonObject; warnings: string[] } {
  const context = encodeContext();
  const request = { model: 'claude-sonnet-4-5', stream: false, messages: [HI], tools: [], ...fields };
  return { body: onWire(encodeRequest(request, context)), warnings: context.warnings };
}
const blocksOf = (...content: NeutralPart[]): JsonObject[] => {
  const messages = encode({ messages: [{ role: 'assistant', content }, HI] }).body['messages'] as JsonObject[];
  return messages[0]?.['content'] as JsonObject[];
};
const refused = (fields: Partial<NeutralRequest>, pattern: RegExp): void =>
  assert.throws(
    () => encode(fields),
    (error) => GatewayError.is(error) && error.code === 'unsupported_parameter' && pattern.test(error.publicMessage),
  );

test('a missing output limit gets the default, never 0', () => {
  assert.equal(encode({}).body['max_tokens'], 4096);
  assert.equal(encode({ maxOutputTokens: 7 }).body['max_tokens'], 7);
});

test('a temperature above 1 is lowered, not refused', () => {
  const { body, warnings } = encode({ temperature: 1.7 });
  assert.equal(body['temperature'], 1);
  assert.equal(warnings.length, 1);
});

test('thinking blocks go back byte for byte and in order with the calls', () => {
  const signature = 'EqQBCkYIBxgCKkD+/=';
  assert.deepEqual(
    blocksOf(
      { type: 'reasoning', text: 'a', signature },
      { type: 'reasoning', text: '', encrypted: 'ZW5j' },
      { type: 'text', text: 'b' },
      { type: 'tool-call', id: 't', name: 'f', arguments: '{"x":1}' },
    ),
    [
      { type: 'thinking', thinking: 'a', signature },
      { type: 'redacted_thinking', data: 'ZW5j' },
      { type: 'text', text: 'b' },
      { type: 'tool_use', id: 't', name: 'f', input: { x: 1 } },
    ],
  );
});

test('thoughts without a signature, or signed by another provider, stay out', () => {
  const foreign: NeutralPart = {
    type: 'reasoning',
    text: 'b',
    signature: 'x',
    origin: { dialect: 'gemini', value: {} },
  };
  assert.deepEqual(blocksOf({ type: 'reasoning', text: 'a' }, foreign, { type: 'text', text: 'c' }), [
    { type: 'text', text: 'c' },
  ]);
});

test('malformed arguments do not wedge the conversation', () => {
  const [call] = blocksOf({ type: 'tool-call', id: 't', name: 'f', arguments: '{"x":' });
  assert.deepEqual(call?.['input'], { arguments: '{"x":' });
});

test('call ids of other providers are made to fit, the same way on both sides', () => {
  const { body } = encode({
    messages: [
      HI,
      { role: 'assistant', content: [{ type: 'tool-call', id: 'functions.f:0', name: 'f', arguments: '' }] },
      {
        role: 'tool',
        content: [{ type: 'tool-result', callId: 'functions.f:0', content: [{ type: 'text', text: 'x' }] }],
      },
    ],
  });
  const messages = body['messages'] as JsonObject[];
  const ids = messages.slice(1).map((message) => (message['content'] as JsonObject[])[0]);
  assert.deepEqual([ids[0]?.['id'], ids[1]?.['tool_use_id']], ['functions_f_0', 'functions_f_0']);
});

test('turns of one role are merged, results first', () => {
  const { body } = encode({
    messages: [
      HI,
      { role: 'assistant', content: [{ type: 'tool-call', id: 'a', name: 'f', arguments: '{}' }] },
      { role: 'user', content: [{ type: 'text', text: 'wait' }] },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'a', content: [] }] },
    ],
  });
  const messages = body['messages'] as JsonObject[];
  assert.deepEqual(
    messages.map((message) => message['role']),
    ['user', 'assistant', 'user'],
  );
  assert.deepEqual(messages[2]?.['content'], [
    { type: 'tool_result', tool_use_id: 'a', is_error: false },
    { type: 'text', text: 'wait' },
  ]);
});

test('media: audio and video are refused, also office documents; text files become text', () => {
  const base64 = (mediaType: string) => ({ kind: 'base64' as const, mediaType, data: btoa('grün') });
  const send = (part: NeutralPart): Partial<NeutralRequest> => ({ messages: [{ role: 'user', content: [part] }] });
  refused(send({ type: 'audio', source: base64('audio/wav') }), /no audio/);
  refused(send({ type: 'video', source: base64('video/mp4') }), /no video/);
  refused(send({ type: 'document', source: base64('application/msword') }), /application\/msword/);
  refused(send({ type: 'image', source: { kind: 'file', id: 'file-1' } }), /another provider/);
  const text = Buffer.from('grün').toString('base64');
  const [block] = blocksOf({ type: 'document', source: { kind: 'base64', mediaType: 'text/csv', data: text } });
  assert.deepEqual(block?.['source'], { type: 'text', media_type: 'text/plain', data: 'grün' });
});

test('several answers are refused, a single one is not', () => {
  refused({ candidateCount: 2 }, /'n' must be 1/);
  assert.deepEqual(encode({ candidateCount: 1 }).warnings, []);
});

test('tool choice and parallel calls', () => {
  const tools: NeutralRequest['tools'] = [{ type: 'function', name: 'f' }];
  const choiceOf = (fields: Partial<NeutralRequest>) => encode({ tools, ...fields }).body['tool_choice'];
  assert.equal(choiceOf({}), undefined);
  assert.deepEqual(choiceOf({ toolChoice: { type: 'required' } }), { type: 'any' });
  assert.deepEqual(choiceOf({ toolChoice: { type: 'none' }, parallelToolCalls: false }), { type: 'none' });
  assert.deepEqual(choiceOf({ parallelToolCalls: false }), { type: 'auto', disable_parallel_tool_use: true });
  assert.deepEqual(choiceOf({ toolChoice: { type: 'tool', name: 'f' }, parallelToolCalls: false }), {
    type: 'tool',
    name: 'f',
    disable_parallel_tool_use: true,
  });
  assert.equal(encode({ toolChoice: { type: 'auto' } }).body['tool_choice'], undefined);
});

test('tools without parameters take none', () => {
  const { body } = encode({ tools: [{ type: 'function', name: 'f' }] });
  assert.deepEqual(body['tools'], [{ name: 'f', input_schema: { type: 'object', properties: {} } }]);
});

test("OpenAI's allowed_tools narrow the list", () => {
  const allowed = { mode: 'auto', tools: [{ type: 'function', function: { name: 'g' } }] };
  const { body, warnings } = encode({
    tools: [
      { type: 'function', name: 'f' },
      { type: 'function', name: 'g' },
    ],
    toolChoice: { type: 'auto' },
    extensions: { 'openai-chat': { tool_choice: { type: 'allowed_tools', allowed_tools: allowed } } },
  });
  assert.deepEqual(
    (body['tools'] as JsonObject[]).map((tool) => tool['name']),
    ['g'],
  );
  assert.equal(warnings.length, 1);
});

test('thinking by model: budgets where they are known, adaptive from 4.6 on', () => {
  const plan = (
    model: string,
    reasoning: NeutralRequest['reasoning'] & object,
    fields: Partial<NeutralRequest> = {},
  ) => {
    const { body, warnings } = encode({ model, reasoning, ...fields });
    return {
      thinking: body['thinking'],
      output: body['output_config'],
      max: body['max_tokens'],
      warned: warnings.length,
    };
  };
  const effort = { effort: 'high' as const };
  const enabled = (budget: number) => ({ type: 'enabled', budget_tokens: budget });
  // Without a limit of the client the default is raised silently.
  assert.deepEqual(plan('claude-sonnet-4-20250514', effort), {
    thinking: enabled(16_384),
    output: undefined,
    max: 16_384 + 4096,
    warned: 0,
  });
  // A limit of the client is kept: the budget takes half of it.
  assert.deepEqual(plan('claude-3-7-sonnet-20250219', effort, { maxOutputTokens: 5000 }), {
    thinking: enabled(2500),
    output: undefined,
    max: 5000,
    warned: 0,
  });
  // A budget of the client wins over its limit, and over the least there is.
  assert.deepEqual(plan('claude-sonnet-4-5', { enabled: true, budgetTokens: 500 }, { maxOutputTokens: 800 }), {
    thinking: enabled(1024),
    output: undefined,
    max: 1824,
    warned: 2,
  });
  const adaptive = { thinking: { type: 'adaptive' }, max: 4096 };
  assert.deepEqual(plan('us.anthropic.claude-opus-4-6-v1', effort), {
    ...adaptive,
    output: { effort: 'high' },
    warned: 0,
  });
  assert.deepEqual(plan('claude-sonnet-5', { enabled: true, budgetTokens: 2000 }), {
    ...adaptive,
    output: undefined,
    warned: 1,
  });
  assert.deepEqual(plan('claude-mythos-preview', { effort: 'minimal' }), {
    ...adaptive,
    output: { effort: 'low' },
    warned: 0,
  });
  assert.equal(plan('claude-sonnet-4-5', { adaptive: true }).warned, 1);
  assert.deepEqual(plan('claude-opus-4-8', { enabled: false }).thinking, { type: 'disabled' });
  assert.deepEqual(plan('claude-3-haiku-20240307', effort), {
    thinking: undefined,
    output: undefined,
    max: 4096,
    warned: 1,
  });
  assert.deepEqual(plan('kimi-k2', effort).thinking, enabled(16_384));
});

test('thinking forbids a temperature and a forced tool', () => {
  const { body, warnings } = encode({
    reasoning: { enabled: true, budgetTokens: 1024 },
    temperature: 0.2,
    topK: 5,
    topP: 0.5,
    tools: [{ type: 'function', name: 'f' }],
    toolChoice: { type: 'required' },
  });
  assert.deepEqual([body['temperature'], body['top_k'], body['top_p']], [undefined, undefined, undefined]);
  assert.deepEqual(body['tool_choice'], { type: 'auto' });
  assert.equal(warnings.length, 2);
});

test('a tool loop begun without signed thoughts, or with those of another provider, goes on without thinking', () => {
  const loop = (...thoughts: NeutralPart[]) =>
    encode({
      reasoning: { effort: 'low' },
      messages: [
        HI,
        { role: 'assistant', content: [...thoughts, { type: 'tool-call', id: 'a', name: 'f', arguments: '{}' }] },
        { role: 'tool', content: [{ type: 'tool-result', callId: 'a', content: [] }] },
      ],
    });
  const plain = loop();
  assert.equal(plain.body['thinking'], undefined);
  assert.equal(plain.warnings.length, 1);
  const foreign = loop({ type: 'reasoning', text: 'hm', signature: 'x', origin: { dialect: 'gemini', value: {} } });
  assert.equal(foreign.body['thinking'], undefined);
  assert.equal(foreign.warnings.length, 2);
  assert.notEqual(loop({ type: 'reasoning', text: 'hm', signature: 'x' }).body['thinking'], undefined);
});

test('sampling parameters by model: none from 4.7 on, one of two from 4.5 on', () => {
  const sampling = (model: string, temperature: number, topP: number) => {
    const { body, warnings } = encode({ model, temperature, topP });
    return [body['temperature'], body['top_p'], warnings.length];
  };
  assert.deepEqual(sampling('claude-opus-4-7', 0.5, 0.9), [undefined, undefined, 1]);
  assert.deepEqual(sampling('claude-haiku-4-5', 0.5, 0.9), [0.5, undefined, 1]);
  assert.deepEqual(sampling('claude-haiku-4-5', 0.5, 1), [0.5, undefined, 0]);
  assert.deepEqual(sampling('claude-haiku-4-5', 1, 0.9), [undefined, 0.9, 0]);
  assert.deepEqual(sampling('claude-3-haiku-20240307', 0.5, 0.9), [0.5, 0.9, 0]);
});

test('penalties of 0 are the default and no loss', () => {
  assert.deepEqual(encode({ frequencyPenalty: 0, presencePenalty: 0 }).warnings, []);
  assert.equal(encode({ seed: 1, presencePenalty: 1, logprobs: {} }).warnings.length, 3);
});

test('a user id that is too long is named as lost', () => {
  assert.equal(encode({ user: 'u'.repeat(300) }).warnings.length, 1);
  assert.deepEqual(encode({ user: 'u' }).body['metadata'], { user_id: 'u' });
});

test('the end of an answer to continue has no white space', () => {
  const { body } = encode({ messages: [HI, { role: 'assistant', content: [{ type: 'text', text: 'It is ' }] }] });
  assert.deepEqual((body['messages'] as JsonObject[])[1]?.['content'], [{ type: 'text', text: 'It is' }]);
});
