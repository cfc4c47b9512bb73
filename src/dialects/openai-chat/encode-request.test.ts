import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralMessage, NeutralRequest } from '../neutral/request.ts';
import { encodeContext, onWire } from '../openai/support.test.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeRequest } from './encode-request.ts';

function encode(fields: Partial<NeutralRequest>, options = {}): { body: JsonObject; warnings: string[] } {
  const context = encodeContext(options);
  const body = encodeRequest({ model: 'm', stream: false, messages: [], tools: [], ...fields }, context);
  return { body: onWire(body), warnings: context.warnings };
}
const user = (...content: NeutralMessage['content']): NeutralMessage => ({ role: 'user', content });

test('a request decoded and encoded again loses nothing', () => {
  const golden = JSON.parse(readFileSync(new URL('testdata/request-round-trip.json', import.meta.url), 'utf8')) as {
    request: JsonObject;
  };
  const context = encodeContext();
  const sent = onWire(encodeRequest(decodeRequest(golden.request, {}), context));
  const expected = structuredClone(golden.request);
  // The gateway meters streams; a null content says what an absent one says.
  expected['stream_options'] = { include_obfuscation: false, include_usage: true };
  const last = (expected['messages'] as JsonObject[]).at(-1);
  delete last?.['content'];
  assert.deepEqual(sent, expected);
  assert.deepEqual(context.warnings, []);
});

test('a lone text is a plain string, several are parts', () => {
  const { body } = encode({
    messages: [user({ type: 'text', text: 'a' }), user({ type: 'text', text: 'a' }, { type: 'text', text: 'b' })],
  });
  assert.deepEqual(body['messages'], [
    { role: 'user', content: 'a' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
    },
  ]);
});

test('the output limit is spelled as the server wants it', () => {
  assert.equal(encode({ maxOutputTokens: 5 }).body['max_completion_tokens'], 5);
  const { body } = encode({ maxOutputTokens: 5 }, { maxTokensField: 'max_tokens' });
  assert.deepEqual([body['max_tokens'], body['max_completion_tokens']], [5, undefined]);
});

test('a stream always asks for usage', () => {
  assert.deepEqual(encode({ stream: true }).body['stream_options'], { include_usage: true });
  assert.equal('stream_options' in encode({}).body, false);
});

test('images of tool results reach the model in the user message that follows', () => {
  const { body, warnings } = encode({
    messages: [
      { role: 'assistant', content: [{ type: 'tool-call', id: 'c', name: 'f', arguments: '{}' }] },
      {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            callId: 'c',
            content: [{ type: 'image', source: { kind: 'url', url: 'https://p.test/a' } }],
          },
        ],
      },
      user({ type: 'text', text: 'Go on.' }),
    ],
  });
  assert.deepEqual((body['messages'] as JsonObject[]).slice(2), [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Attached to the result of tool call c:' },
        { type: 'image_url', image_url: { url: 'https://p.test/a' } },
        { type: 'text', text: 'Go on.' },
      ],
    },
  ]);
  assert.equal(warnings.length, 1);
});

test('what cannot be carried is refused: foreign file ids, documents by URL', () => {
  const sources = [
    { type: 'document', source: { kind: 'file', id: 'file_1' }, origin: { dialect: 'anthropic', value: {} } },
    { type: 'document', source: { kind: 'url', url: 'https://d.test/a.pdf' } },
    { type: 'image', source: { kind: 'file', id: 'file_1' } },
  ] as const;
  for (const part of sources) {
    assert.throws(
      () => encode({ messages: [user(part)] }),
      (error) => GatewayError.is(error) && error.code === 'unsupported_parameter',
    );
  }
});

test('each loss is named once', () => {
  const part = { type: 'text', text: 'a', cache: {} } as const;
  assert.equal(encode({ messages: [user(part, part), user(part)] }).warnings.length, 1);
});

test("thoughts sealed by another provider stay out, an OpenAI-compatible server's own go back", () => {
  const { body, warnings } = encode({
    messages: [
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'sealed', signature: 's' },
          { type: 'reasoning', text: 'own' },
          { type: 'text', text: 'x' },
        ],
      },
    ],
  });
  assert.deepEqual(body['messages'], [{ role: 'assistant', content: 'x', reasoning_content: 'own' }]);
  assert.equal(warnings.length, 1);
});

test('reasoning settings stay out for models that refuse them', () => {
  const reasoning = { enabled: true, budgetTokens: 20_000 };
  assert.equal(encode({ model: 'gpt-5-mini', reasoning }).body['reasoning_effort'], 'high');
  const { body, warnings } = encode({ model: 'openai/gpt-4o', reasoning });
  assert.equal(body['reasoning_effort'], undefined);
  assert.equal(warnings.length, 1);
});

test("Gemini's thought signature on a call is written in Google's own place", () => {
  const { body } = encode({
    messages: [
      { role: 'assistant', content: [{ type: 'tool-call', id: 'c', name: 'f', arguments: '{}', signature: 'AQ==' }] },
    ],
  });
  const [message] = body['messages'] as JsonObject[];
  const [call] = (message?.['tool_calls'] ?? []) as JsonObject[];
  assert.deepEqual(call?.['extra_content'], { google: { thought_signature: 'AQ==' } });
});
