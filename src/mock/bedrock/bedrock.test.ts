import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import { signText } from '../brain/signature.ts';
import { at, joined, type MockFixture, startMock } from '../mock-fixture.test.ts';

const MODEL = 'us.anthropic.claude-haiku-4-5-v1:0';
const PATH = `/model/${encodeURIComponent(MODEL)}`;
const USER = { role: 'user', content: [{ text: 'Hello' }] };
const TOOLS = {
  tools: [
    {
      toolSpec: {
        name: 'get_weather',
        inputSchema: { json: { type: 'object', properties: { city: { type: 'string' } } } },
      },
    },
  ],
};
const SIGNED = {
  'x-amz-date': '20260131T120000Z',
  authorization: `AWS4-HMAC-SHA256 Credential=AKID/20260131/us-east-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=${'0'.repeat(64)}`,
};

/** Reads binary messages by the published layout, independently of the code that writes them. */
function readEvents(bytes: Buffer): { headers: Record<string, string>; data: JsonObject }[] {
  const events: { headers: Record<string, string>; data: JsonObject }[] = [];
  for (let start = 0; start < bytes.length; ) {
    const total = bytes.readUInt32BE(start);
    const headerBytes = bytes.readUInt32BE(start + 4);
    assert.equal(bytes.readUInt32BE(start + 8), crc32(bytes.subarray(start, start + 8)), 'checksum of the prelude');
    const end = start + total - 4;
    assert.equal(bytes.readUInt32BE(end), crc32(bytes.subarray(start, end)), 'checksum of the message');
    const headers: Record<string, string> = {};
    for (let here = start + 12; here < start + 12 + headerBytes; ) {
      const nameEnd = here + 1 + (bytes[here] ?? 0);
      const name = bytes.toString('utf8', here + 1, nameEnd);
      assert.equal(bytes[nameEnd], 7, 'a header of type string');
      const valueEnd = nameEnd + 3 + bytes.readUInt16BE(nameEnd + 1);
      headers[name] = bytes.toString('utf8', nameEnd + 3, valueEnd);
      here = valueEnd;
    }
    const payload = bytes.toString('utf8', start + 12 + headerBytes, end);
    events.push({ headers, data: JSON.parse(payload) as JsonObject });
    start += total;
  }
  return events;
}

test('Converse has the documented shape', async (t) => {
  const { post } = await startMock(t);
  const { json, headers } = await post(`${PATH}/converse`, { messages: [USER] }, { 'x-mock-cached-tokens': '1' });
  assert.match(String(at(json, 'output.message.content.0.text')), /^You said: Hello\./);
  assert.equal(json['stopReason'], 'end_turn');
  assert.equal(at(json, 'usage.inputTokens'), 1);
  assert.equal(at(json, 'usage.cacheReadInputTokens'), 1);
  assert.equal(at(json, 'usage.totalTokens'), 2 + Number(at(json, 'usage.outputTokens')));
  assert.match(headers.get('x-amzn-requestid') ?? '', /^[0-9a-f-]{36}$/);
});

test('ConverseStream sends binary events with checksums', async (t) => {
  const { post } = await startMock(t);
  const whole = await post(`${PATH}/converse`, { messages: [USER] });
  const answer = await post(`${PATH}/converse-stream`, { messages: [USER] });
  assert.equal(answer.headers.get('content-type'), 'application/vnd.amazon.eventstream');
  const events = readEvents(answer.bytes);
  const types = events.map((event) => event.headers[':event-type']);
  assert.deepEqual(
    types.filter((type, index) => type !== types[index - 1]),
    ['messageStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata'],
  );
  assert.equal(events[0]?.headers[':message-type'], 'event');
  const data = events.map((event) => event.data);
  assert.equal(joined(data, 'delta.text'), at(whole.json, 'output.message.content.0.text'));
  assert.deepEqual(data.at(-1)?.['usage'], whole.json['usage']);
});

test('ConverseStream: a thought, then a tool call in pieces', async (t) => {
  const { post } = await startMock(t);
  const body = {
    messages: [{ role: 'user', content: [{ text: 'call the tool' }] }],
    toolConfig: TOOLS,
    additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } },
  };
  const data = readEvents((await post(`${PATH}/converse-stream`, body)).bytes).map((event) => event.data);
  const thought = joined(data, 'delta.reasoningContent.text');
  assert.equal(joined(data, 'delta.reasoningContent.signature'), signText(thought));
  const start = data.find((event) => event['start'] !== undefined);
  assert.equal(at(start, 'start.toolUse.name'), 'get_weather');
  assert.equal(start?.['contentBlockIndex'], 1);
  assert.deepEqual(JSON.parse(joined(data, 'delta.toolUse.input')), { city: 'example city' });
});

test('ConverseStream: an error inside is an exception message', async (t) => {
  const { post } = await startMock(t);
  const answer = await post(`${PATH}/converse-stream`, { messages: [USER] }, { 'x-mock-fail': 'error-event' });
  const last = readEvents(answer.bytes).at(-1);
  assert.equal(last?.headers[':message-type'], 'exception');
  assert.equal(last.headers[':exception-type'], 'modelStreamErrorException');
});

test('InvokeModel answers Claude bodies, whole and streamed', async (t) => {
  const { post } = await startMock(t);
  const body = {
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Hello' }],
  };
  const whole = await post(`${PATH}/invoke`, body);
  assert.match(String(whole.json['id']), /^msg_bdrk_/);
  assert.equal(whole.json['model'], 'claude-haiku-4-5-v1:0');
  assert.equal(whole.headers.get('x-amzn-bedrock-input-token-count'), '2');
  const streamed = await post(`${PATH}/invoke-with-response-stream`, body);
  const events = readEvents(streamed.bytes).map((event) => {
    assert.equal(event.headers[':event-type'], 'chunk');
    return JSON.parse(Buffer.from(String(event.data['bytes']), 'base64').toString()) as JsonObject;
  });
  assert.equal(joined(events, 'delta.text'), at(whole.json, 'content.0.text'));
  assert.equal(events.at(-1)?.['type'], 'message_stop');
  assert.equal(at(events.at(-1), 'amazon-bedrock-invocationMetrics.inputTokenCount'), 2);
});

test('InvokeModel embeds for Titan and Cohere', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const titan = await post(
    '/model/amazon.titan-embed-text-v2%3A0/invoke',
    { inputText: 'Hello', dimensions: 256 },
    SIGNED,
  );
  assert.equal((titan.json['embedding'] as JsonValue[]).length, 256);
  assert.equal(titan.json['inputTextTokenCount'], 2);
  const cohere = await post(
    '/model/cohere.embed-english-v3/invoke',
    { texts: ['a', 'b'], input_type: 'search_query' },
    SIGNED,
  );
  assert.equal((cohere.json['embeddings'] as JsonValue[]).length, 2);
  const odd = await post('/model/amazon.titan-embed-text-v2%3A0/invoke', { inputText: 'Hello', dimensions: 7 }, SIGNED);
  assert.equal(odd.status, 400);
});

test('CountTokens counts both kinds of input', async (t) => {
  const { post } = await startMock(t);
  const converse = await post(`${PATH}/count-tokens`, { input: { converse: { messages: [USER] } } });
  assert.deepEqual(converse.json, { inputTokens: 2 });
  const body = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }] })).toString('base64');
  assert.deepEqual((await post(`${PATH}/count-tokens`, { input: { invokeModel: { body } } })).json, { inputTokens: 2 });
});

const toolUse = { role: 'assistant', content: [{ toolUse: { toolUseId: 't1', name: 'get_weather', input: {} } }] };
const toolResult = { role: 'user', content: [{ toolResult: { toolUseId: 't1', content: [{ text: 'sunny' }] } }] };

const refused: [string, JsonObject, RegExp][] = [
  ['an unknown field', { messages: [USER], model: 'm' }, /extraneous key \[model\] is not permitted/],
  ['a temperature above 1', { messages: [USER], inferenceConfig: { temperature: 2 } }, /between 0 and 1/],
  [
    'an assistant first',
    { messages: [{ role: 'assistant', content: [{ text: 'x' }] }] },
    /must start with a user message/,
  ],
  ['roles that do not alternate', { messages: [USER, USER] }, /must alternate between user and assistant roles/],
  ['blank text', { messages: [{ role: 'user', content: [{ text: ' ' }] }] }, /is blank/],
  ['tool blocks without tools', { messages: [USER, toolUse, toolResult] }, /toolConfig field must be defined/],
  [
    'a call without a result',
    { messages: [USER, toolUse, USER], toolConfig: TOOLS },
    /Expected toolResult blocks at messages\.2\.content for the following Ids: t1/,
  ],
  ['a result without a call', { messages: [toolResult], toolConfig: TOOLS }, /exceeds the number of toolUse blocks/],
  [
    'a changed thought',
    {
      messages: [
        USER,
        { role: 'assistant', content: [{ reasoningContent: { reasoningText: { text: 'x', signature: 'AAAA' } } }] },
        USER,
      ],
    },
    /Invalid `signature`/,
  ],
];

for (const [name, body, expected] of refused) {
  test(`Bedrock refuses ${name}`, async (t) => {
    const { post } = await startMock(t, { strict: true });
    const { status, json, headers } = await post(`${PATH}/converse`, body, SIGNED);
    assert.equal(status, 400);
    assert.match(headers.get('x-amzn-errortype') ?? '', /^ValidationException/);
    assert.match(String(json['message']), expected);
  });
}

test('Bedrock uses a tool result', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const { json } = await post(`${PATH}/converse`, { messages: [USER, toolUse, toolResult], toolConfig: TOOLS }, SIGNED);
  assert.match(String(at(json, 'output.message.content.0.text')), /^The tool get_weather answered: sunny\./);
});

test('Bedrock wants a signature', async (t) => {
  const fixture: MockFixture = await startMock(t, { strict: true });
  const ask = async (headers: Record<string, string>): Promise<string> => {
    const answer = await fixture.post(`${PATH}/converse`, { messages: [USER] }, headers);
    return `${answer.status} ${(answer.headers.get('x-amzn-errortype') ?? '').split(':')[0]}`;
  };
  assert.equal(await ask({}), '403 MissingAuthenticationTokenException');
  assert.equal(await ask({ authorization: 'Bearer k' }), '403 IncompleteSignatureException');
  assert.equal(await ask({ authorization: SIGNED.authorization }), '403 IncompleteSignatureException');
  const s3 = SIGNED.authorization.replace('/bedrock/', '/s3/');
  assert.equal(await ask({ ...SIGNED, authorization: s3 }), '403 InvalidSignatureException');
  assert.equal(await ask({ authorization: 'Bearer bedrock-api-key-abc' }), '200 ');
});

test('Bedrock wants a content-length', async (t) => {
  const { url } = await startMock(t, { strict: true });
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from(JSON.stringify({ messages: [USER] })));
      controller.close();
    },
  });
  const init = { method: 'POST', headers: SIGNED, body: stream, duplex: 'half' } as RequestInit;
  assert.equal((await fetch(`${url}${PATH}/converse`, init)).status, 411);
});
