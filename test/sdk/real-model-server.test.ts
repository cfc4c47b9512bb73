import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startGateway } from '../support/gateway.ts';
import { waitFor } from '../support/wait.ts';
import { findModelServer, startModelServer } from './support/model-server.ts';

const source = findModelServer();
const skip = 'missing' in source ? source.missing : false;
const server =
  'missing' in source ? { url: 'http://127.0.0.1:9', key: 'none' } : await startModelServer({ after }, source);
const gateway = await startGateway(
  { after },
  `static_cluster:
  chat: { provider: openai-compatible, endpoint: "${server.url}/v1", api_key: "${server.key}" }
  messages: { provider: anthropic, endpoint: "${server.url}", api_key: "${server.key}" }
  wrong-key: { provider: openai-compatible, endpoint: "${server.url}/v1", api_key: wrong }
virtual_services:
  - name: default
    virtual_routes:
      - { match: { model: "tiny" }, split: [ { cluster: chat } ] }
      - { match: { model: "tiny-messages" }, split: [ { cluster: messages, model: tiny } ] }
      - { match: { model: "locked" }, split: [ { cluster: wrong-key, model: tiny } ] }
`,
);
const base = `http://127.0.0.1:${gateway.port}`;
const openai = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'application', maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: base, apiKey: 'application', maxRetries: 0 });

/** Both ways to the server: its chat completions, and its messages. */
const MODELS = ['tiny', 'tiny-messages'];
const HELLO = [{ role: 'user' as const, content: 'The wind is' }];
const LENGTH = 24;

test('OpenAI SDK: chat, whole and streamed, says the same', { skip }, async (t) => {
  for (const model of MODELS) {
    await t.test(model, async () => {
      const request = { model, messages: HELLO, max_tokens: LENGTH, temperature: 0 };
      const whole = await openai.chat.completions.create(request);
      const said = whole.choices[0]?.message.content ?? '';
      assert.ok(said.length > 0);
      assert.equal(whole.choices[0]?.finish_reason, 'length');
      assert.equal(whole.usage?.completion_tokens, LENGTH);
      const stream = openai.chat.completions.stream({ ...request, stream_options: { include_usage: true } });
      let pieces = 0;
      stream.on('content', () => {
        pieces += 1;
      });
      const final = await stream.finalChatCompletion();
      assert.equal(final.choices[0]?.message.content, said);
      assert.equal(final.choices[0]?.finish_reason, 'length');
      assert.deepEqual(
        [final.usage?.prompt_tokens, final.usage?.completion_tokens],
        [whole.usage?.prompt_tokens, LENGTH],
      );
      assert.ok(pieces > 5, `it came in ${pieces} pieces`);
    });
  }
});

test('Anthropic SDK: messages, whole and streamed, say the same', { skip }, async (t) => {
  for (const model of MODELS) {
    await t.test(model, async () => {
      // Applications of earlier SDKs set a temperature, which the types of the present one no longer name.
      const request = { model, messages: HELLO, max_tokens: LENGTH, system: 'Be brief.', temperature: 0 };
      const whole = await anthropic.messages.create(request);
      const [block] = whole.content;
      assert.ok(block?.type === 'text' && block.text.length > 0);
      assert.equal(whole.stop_reason, 'max_tokens');
      assert.equal(whole.usage.output_tokens, LENGTH);
      const final = await anthropic.messages.stream(request).finalMessage();
      assert.deepEqual(
        final.content.map((part) => (part.type === 'text' ? part.text : part.type)),
        [block.text],
      );
      assert.equal(final.stop_reason, 'max_tokens');
      assert.equal(final.usage.output_tokens, LENGTH);
    });
  }
});

test('OpenAI SDK: a schema holds even a model of random weights', { skip }, async () => {
  const schema = {
    type: 'object',
    properties: { color: { type: 'string', enum: ['red', 'green'] }, count: { type: 'integer', enum: [1, 2] } },
    required: ['color', 'count'],
    additionalProperties: false,
  };
  const answer = await openai.chat.completions.create({
    model: 'tiny',
    messages: HELLO,
    max_tokens: 200,
    temperature: 0,
    response_format: { type: 'json_schema', json_schema: { name: 'thing', strict: true, schema } },
  });
  const thing = JSON.parse(answer.choices[0]?.message.content ?? '') as { color: string; count: number };
  assert.match(thing.color, /^(?:red|green)$/);
});

test('OpenAI SDK: several answers, log probabilities, completions, responses', { skip }, async () => {
  const many = await openai.chat.completions.create({
    model: 'tiny',
    messages: HELLO,
    max_tokens: 5,
    n: 2,
    logprobs: true,
    top_logprobs: 2,
  });
  assert.equal(many.choices.length, 2);
  assert.equal(many.choices[0]?.logprobs?.content?.[0]?.top_logprobs.length, 2);
  const text = await openai.completions.create({ model: 'tiny', prompt: 'The river', max_tokens: 5 });
  assert.ok((text.choices[0]?.text.length ?? 0) > 0);
  const request = { model: 'tiny', input: 'The river', max_output_tokens: LENGTH, temperature: 0 };
  const response = await openai.responses.create(request);
  assert.ok(response.output_text.length > 0);
  // The server leaves fields of the events out that the SDK's helper needs, not those that are read here.
  let streamed = '';
  let last = '';
  for await (const event of await openai.responses.create({ ...request, stream: true })) {
    if (event.type === 'response.output_text.delta') streamed += event.delta;
    last = event.type;
  }
  assert.equal(streamed, response.output_text);
  assert.match(last, /^response\.(?:completed|incomplete)$/);
});

test('the server’s own refusals are errors of both SDKs', { skip }, async () => {
  const request = { model: 'locked', messages: HELLO, max_tokens: 5 };
  await assert.rejects(openai.chat.completions.create(request), OpenAI.AuthenticationError);
  await assert.rejects(anthropic.messages.create(request), Anthropic.AuthenticationError);
  const bad = openai.chat.completions.create({ ...request, model: 'tiny', n: -1 });
  await assert.rejects(bad, OpenAI.APIError);
});

async function busySlots(): Promise<number> {
  const answer = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${server.key}` } });
  return Number(/^llamacpp:requests_processing (\d+)/m.exec(await answer.text())?.[1] ?? Number.NaN);
}

test('a client that leaves frees the server', { skip }, async () => {
  const stream = await openai.chat.completions.create({
    model: 'tiny',
    messages: HELLO,
    max_tokens: 100_000,
    stream: true,
  });
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
  await waitFor('the server to be idle', async () => (await busySlots()) === 0);
});
