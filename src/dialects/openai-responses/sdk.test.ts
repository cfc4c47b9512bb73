import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import OpenAI, { APIError } from 'openai';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralEvent, NeutralResponse } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { answerContext } from '../openai/support.test.ts';
import type { AnswerContext } from './answer-context.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { createStreamEncoder } from './encode-stream.ts';

/** OpenAI's SDK against a server that decodes its requests and answers with what the encoders write. */

const at = { candidate: 0 };
const usage = { ...emptyUsage(), input: 10, cacheRead: 4, output: 7, reasoning: 2 };

/** Everything at once: thoughts of three kinds, two texts, a refusal, interleaved calls, a signed call. */
const events: NeutralEvent[] = [
  { type: 'start', id: 'chatcmpl-1', model: 'claude' },
  { type: 'reasoning-start', ...at, block: 0 },
  { type: 'reasoning-delta', ...at, block: 0, text: 'I sho' },
  { type: 'reasoning-delta', ...at, block: 0, text: 'uld look.' },
  { type: 'reasoning-end', ...at, block: 0, signature: 'c2ln' },
  { type: 'reasoning-start', ...at, block: 1 },
  { type: 'reasoning-end', ...at, block: 1, encrypted: 'cmVk' },
  { type: 'text-start', ...at, block: 2 },
  { type: 'text-delta', ...at, block: 2, text: '{"answer":' },
  { type: 'ping' },
  { type: 'text-delta', ...at, block: 2, text: '42}' },
  {
    type: 'text-end',
    ...at,
    block: 2,
    origin: { dialect: 'anthropic', value: { citations: [{ url: 'https://example.com', title: 'T' }] } },
  },
  { type: 'tool-call-start', ...at, block: 3, id: 'call_a', name: 'look', signature: 'Z2Vt' },
  { type: 'tool-call-delta', ...at, block: 3, arguments: '{"at"' },
  { type: 'tool-call-start', ...at, block: 4, id: 'call_b', name: 'patch' },
  { type: 'tool-call-delta', ...at, block: 4, arguments: '{"input":"free \\"text\\""}' },
  { type: 'tool-call-delta', ...at, block: 3, arguments: ':"sky"}' },
  { type: 'tool-call-end', ...at, block: 3 },
  { type: 'tool-call-end', ...at, block: 4 },
  { type: 'refusal-delta', ...at, block: 5, text: 'No ' },
  { type: 'refusal-delta', ...at, block: 5, text: 'more.' },
  { type: 'finish', ...at, finishReason: 'tool-calls' },
  { type: 'usage', usage },
  { type: 'end' },
];

/** Answers by model name. */
const STREAMS: Record<string, NeutralEvent[]> = {
  everything: events,
  cut: [
    { type: 'text-delta', ...at, block: 0, text: 'Once upon' },
    { type: 'finish', ...at, finishReason: 'length' },
    { type: 'usage', usage },
    { type: 'end' },
  ],
  broken: [
    { type: 'text-delta', ...at, block: 0, text: 'Once upon' },
    { type: 'error', error: { status: 529, type: 'overloaded_error', message: 'Too busy.' } },
  ],
};

const WHOLE: NeutralResponse = {
  id: '',
  model: '',
  usage,
  candidates: [
    {
      index: 0,
      finishReason: 'tool-calls',
      content: [
        { type: 'text', text: 'Hi ' },
        { type: 'text', text: 'you.' },
        { type: 'tool-call', id: 'call_a', name: 'look', arguments: '{"at":"sky"}' },
      ],
    },
  ],
};

let server: Server;
let client: OpenAI;

before(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const decoded = decodeRequest(JSON.parse(Buffer.concat(chunks).toString()) as JsonObject, {});
      const context: AnswerContext = { ...answerContext(), request: decoded, providerDialect: 'anthropic' };
      if (!decoded.stream) {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(encodeResponse(WHOLE, context)));
        return;
      }
      response.setHeader('content-type', 'text/event-stream');
      const encoder = createStreamEncoder(context);
      for (const event of STREAMS[decoded.model] ?? []) response.write(encoder.push(event));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  client = new OpenAI({ apiKey: 'none', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 });
});

after(() => {
  server.close();
  server.closeAllConnections();
});

const tools: OpenAI.Responses.Tool[] = [
  { type: 'function', name: 'look', parameters: { type: 'object' }, strict: false },
  { type: 'custom', name: 'patch' },
];

test('the stream helper puts everything together as the last event says', async () => {
  const stream = client.responses.stream({ model: 'everything', input: 'x', tools });
  const deltas = { text: '', reasoning: '', arguments: '' };
  stream.on('response.output_text.delta', (event) => {
    deltas.text += event.delta;
  });
  stream.on('response.reasoning_summary_text.delta', (event) => {
    deltas.reasoning += event.delta;
  });
  stream.on('response.function_call_arguments.delta', (event) => {
    deltas.arguments += event.delta;
  });
  const final = await stream.finalResponse();
  assert.deepEqual(deltas, { text: '{"answer":42}', reasoning: 'I should look.', arguments: '{"at":"sky"}' });
  assert.deepEqual(
    [final.id, final.status, final.model, final.output_text],
    ['resp_chatcmpl-1', 'completed', 'claude', '{"answer":42}'],
  );
  assert.deepEqual(
    final.output.map((item) => item.type),
    ['reasoning', 'reasoning', 'message', 'reasoning', 'function_call', 'custom_tool_call', 'message'],
  );
  const custom = final.output[5];
  assert.equal(custom?.type === 'custom_tool_call' && custom.input, 'free "text"');
  const refused = final.output[6];
  assert.ok(refused?.type === 'message');
  assert.deepEqual(
    refused.content.map((part) => part.type === 'refusal' && part.refusal),
    ['No more.'],
  );
  assert.deepEqual(
    [final.usage?.input_tokens, final.usage?.input_tokens_details.cached_tokens, final.usage?.output_tokens],
    [14, 4, 7],
  );
});

test('the items as they were done, one by one, are those of the last event', async () => {
  const seen: OpenAI.Responses.ResponseStreamEvent[] = [];
  const stream = await client.responses.create({ model: 'everything', input: 'x', tools, stream: true });
  for await (const event of stream) seen.push(event);
  const items = seen.flatMap((event) => (event.type === 'response.output_item.done' ? [event.item] : []));
  const last = seen.at(-1);
  assert.ok(last?.type === 'response.completed');
  const order = (item: { id?: string }): string => item.id ?? '';
  assert.deepEqual(
    items.sort((a, b) => order(a).localeCompare(order(b))),
    [...last.response.output].sort((a, b) => order(a as { id?: string }).localeCompare(order(b as { id?: string }))),
  );
  assert.deepEqual(
    seen.map((event) => event.sequence_number),
    seen.map((_, position) => position),
  );
});

test('structured outputs are parsed from the stream', async () => {
  const schema = { type: 'object', properties: { answer: { type: 'number' } } };
  const stream = client.responses.stream({
    model: 'everything',
    input: 'x',
    text: { format: { type: 'json_schema', name: 'answer', schema } },
  });
  const final = await stream.finalResponse();
  assert.deepEqual(JSON.parse(final.output_text), { answer: 42 });
  assert.deepEqual(final.text?.format, { type: 'json_schema', name: 'answer', schema });
});

test('an answer that was cut is incomplete', async () => {
  const final = await client.responses.stream({ model: 'cut', input: 'x' }).finalResponse();
  assert.deepEqual(
    [final.status, final.incomplete_details?.reason, final.output_text],
    ['incomplete', 'max_output_tokens', 'Once upon'],
  );
});

test('an error in the stream is thrown with its message', async () => {
  const stream = client.responses.stream({ model: 'broken', input: 'x' });
  await assert.rejects(stream.finalResponse(), (error: unknown) => {
    assert.ok(error instanceof APIError);
    assert.match(error.message, /Too busy\./);
    return true;
  });
});

test('a whole answer', async () => {
  const answer = await client.responses.create({ model: 'm', input: 'x', tools, temperature: 0.5 });
  assert.equal(answer.output_text, 'Hi you.');
  assert.deepEqual([answer.temperature, answer.tools.length, answer.usage?.total_tokens], [0.5, 2, 21]);
});
