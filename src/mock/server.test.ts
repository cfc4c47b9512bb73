import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { JsonObject } from '../json/types.ts';
import { at, joined, startMock } from './mock-fixture.test.ts';
import { createMockServer } from './server.ts';

const CHAT = '/v1/chat/completions';

function chat(content: string, more: JsonObject = {}): JsonObject {
  return { model: 'm', messages: [{ role: 'user', content }], ...more };
}

test('a mock listens on a free port of the loopback interface and can be closed', async (t) => {
  const { url, get } = await startMock(t);
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual((await get('/__mock/health')).json, { status: 'ok' });
});

test('listening on a port that is taken rejects', async (t) => {
  const { url } = await startMock(t);
  const second = createMockServer();
  await assert.rejects(second.listen(Number(new URL(url).port)), { code: 'EADDRINUSE' });
});

test('requests are recorded with path, headers, body and outcome', async (t) => {
  const { mock, post } = await startMock(t);
  await post(`${CHAT}?x=1`, chat('Hello'), { 'x-test': 'yes' });
  const [request] = mock.requests;
  assert.ok(request);
  assert.equal(await request.settled, 'answered');
  assert.equal(request.outcome, 'answered');
  assert.equal(request.method, 'POST');
  assert.equal(request.path, `${CHAT}?x=1`);
  assert.equal(request.headers['x-test'], 'yes');
  assert.deepEqual(JSON.parse(request.body), chat('Hello'));
  assert.equal(request.bodyBytes, request.body.length);
});

test('only the last requests are kept, and only the beginning of a long body', async (t) => {
  const { mock, post } = await startMock(t, { recordLimit: 2, recordBodyBytes: 10 });
  for (const text of ['one', 'two', 'three']) await post(CHAT, chat(text));
  assert.equal(mock.requests.length, 2);
  assert.equal(mock.requests[1]?.body, '{"model":"');
  assert.equal(mock.requests[1]?.bodyBytes, JSON.stringify(chat('three')).length);
  assert.equal(mock.stats.requests, 3);
});

test('statistics count answers, tokens and faults, also from outside', async (t) => {
  const { mock, post, get } = await startMock(t);
  await post(CHAT, chat('four'));
  await post(CHAT, chat('four'), { 'x-mock-fail': '429' });
  await mock.requests[1]?.settled;
  assert.equal(mock.stats.inputTokens, 1);
  assert.ok(mock.stats.outputTokens > 10);
  assert.deepEqual(mock.stats.byStatus, { 200: 1, 429: 1 });
  assert.deepEqual(mock.stats.faults, { 429: 1 });
  assert.equal((await get('/__mock/stats')).json['requests'], 2);
  const listed = JSON.parse((await get('/__mock/requests')).text) as { path: string }[];
  assert.deepEqual(
    listed.map((one) => one.path),
    [CHAT, CHAT],
  );
  await get('/__mock/requests', {}, 'DELETE');
  assert.equal(mock.requests.length, 0);
  assert.equal(mock.stats.requests, 0);
});

test('a client that leaves is noticed', async (t) => {
  const { mock, url } = await startMock(t, { tokensPerSecond: 50 });
  const abort = new AbortController();
  const response = await fetch(url + CHAT, {
    method: 'POST',
    body: JSON.stringify(chat('Hello', { stream: true })),
    signal: abort.signal,
  });
  await response.body?.getReader().read();
  abort.abort();
  assert.equal(await mock.requests[0]?.settled, 'client-gone');
  assert.equal(mock.stats.clientGone, 1);
  assert.equal(mock.stats.open, 0);
});

test('latency and pace are kept', async (t) => {
  const { post } = await startMock(t, { latencyMs: 40, tokensPerSecond: 200, tokens: 10 });
  const start = performance.now();
  const whole = await post(CHAT, chat('Hello'));
  assert.equal(at(whole.json, 'usage.completion_tokens'), 10);
  assert.ok(performance.now() - start >= 85, 'a whole answer takes latency and the time of its tokens');
  const streamStart = performance.now();
  await post(CHAT, chat('Hello', { stream: true }));
  assert.ok(performance.now() - streamStart >= 85, 'a streamed answer takes as long');
});

test('control headers steer one request', async (t) => {
  const { post } = await startMock(t);
  const long = await post(CHAT, chat('Hello'), { 'x-mock-tokens': '7', 'x-mock-cached-tokens': '1' });
  assert.equal(at(long.json, 'usage.completion_tokens'), 7);
  assert.equal(at(long.json, 'usage.prompt_tokens_details.cached_tokens'), 1);
  const teapot = await post(CHAT, chat('Hello'), {
    'x-mock-status': '418',
    'x-mock-body': Buffer.from('short and stout').toString('base64'),
    'x-mock-content-type': 'text/plain',
  });
  assert.deepEqual(
    [teapot.status, teapot.text, teapot.headers.get('content-type')],
    [418, 'short and stout', 'text/plain'],
  );
  const refused = await post(CHAT, chat('Hello'), { 'x-mock-status': '503' });
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.equal(at(refused.json, 'error.type'), 'server_error');
  const forced = await post(CHAT, chat('Hello'), { 'x-mock-tool': 'a,b' });
  assert.equal(at(forced.json, 'choices.0.message.tool_calls.1.function.name'), 'b');
  const bad = await post(CHAT, chat('Hello'), { 'x-mock-tokens': 'many' });
  assert.equal(bad.status, 400);
  assert.match(String(at(bad.json, 'error.message')), /x-mock-tokens must be a number/);
});

test('answers can be compressed', async (t) => {
  const { post } = await startMock(t);
  const plain = await post(CHAT, chat('Hello', { stream: true }));
  for (const coding of ['gzip', 'br']) {
    const whole = await post(CHAT, chat('Hello'), { 'x-mock-encoding': coding });
    assert.equal(whole.headers.get('content-encoding'), coding);
    assert.match(String(at(whole.json, 'choices.0.message.content')), /^You said: Hello\./);
  }
  const stream = await post(CHAT, chat('Hello', { stream: true }), { 'x-mock-encoding': 'gzip' });
  assert.equal(stream.headers.get('content-encoding'), 'gzip');
  assert.equal(joined(stream.events, 'choices.0.delta.content'), joined(plain.events, 'choices.0.delta.content'));
});

test('unknown paths and bad JSON are refused', async (t) => {
  const { get, url } = await startMock(t);
  const unknown = await get('/v1/unheard-of');
  assert.equal(unknown.status, 404);
  assert.equal(at(unknown.json, 'error.code'), 'unknown_url');
  const broken = await fetch(url + CHAT, { method: 'POST', body: '{"model":' });
  assert.equal(broken.status, 400);
});

test('a body beyond the limit is answered 413', async (t) => {
  const { post } = await startMock(t, { maxBodyBytes: 100 });
  assert.equal((await post(CHAT, chat('x'.repeat(200)))).status, 413);
});

test('fault: an error status in the shape of each API', async (t) => {
  const { post } = await startMock(t, { faults: [{ kind: '429', probability: 1 }] });
  assert.equal(at((await post(CHAT, chat('x'))).json, 'error.code'), 'rate_limit_exceeded');
  assert.equal(at((await post('/v1/messages', {})).json, 'error.type'), 'rate_limit_error');
  const bedrock = await post('/model/m/converse', {});
  assert.match(bedrock.headers.get('x-amzn-errortype') ?? '', /^ThrottlingException/);
  assert.equal(at((await post('/v1beta/models/m:generateContent', {})).json, 'error.status'), 'RESOURCE_EXHAUSTED');
  assert.equal(typeof (await post('/v2/chat', {})).json['message'], 'string');
  assert.equal(typeof (await post('/api/chat', {})).json['error'], 'string');
  assert.equal((await post('/generate', {})).json['error_type'], 'overloaded');
});

test('fault: reset', async (t) => {
  const { mock, post } = await startMock(t, { faults: [{ kind: 'reset', probability: 1 }] });
  await assert.rejects(post(CHAT, chat('x')));
  assert.equal(await mock.requests[0]?.settled, 'faulted');
});

test('fault: stall never answers', async (t) => {
  const { mock, url } = await startMock(t, { faults: [{ kind: 'stall', probability: 1 }] });
  const abort = new AbortController();
  const asked = fetch(url + CHAT, { method: 'POST', body: '{}', signal: abort.signal });
  const raced = await Promise.race([asked, waitForRequest(mock)]);
  assert.equal(raced, 'recorded');
  abort.abort();
  await assert.rejects(asked);
  assert.equal(await mock.requests[0]?.settled, 'faulted');
});

async function waitForRequest(mock: { requests: readonly unknown[] }): Promise<'recorded'> {
  while (mock.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  return 'recorded';
}

test('fault: cut ends the connection in the middle of streams and of whole answers', async (t) => {
  const { url, mock } = await startMock(t, { faults: [{ kind: 'cut', probability: 1 }] });
  for (const stream of [true, false]) {
    const response = await fetch(url + CHAT, { method: 'POST', body: JSON.stringify(chat('Hello', { stream })) });
    assert.equal(response.status, 200);
    const reader = response.body?.getReader();
    assert.ok(reader);
    let text = '';
    await assert.rejects(async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        text += Buffer.from(value).toString();
      }
    });
    assert.ok(text.length > 20 && !text.includes('[DONE]'), 'the beginning arrives, the end does not');
  }
  assert.equal(await mock.requests[1]?.settled, 'faulted');
});

test('fault: an error event in the middle, or in place of the first event', async (t) => {
  const { post } = await startMock(t);
  const middle = await post(CHAT, chat('Hello', { stream: true }), { 'x-mock-fail': 'error-event' });
  assert.equal(middle.status, 200);
  assert.match(joined(middle.events, 'choices.0.delta.content'), /^You said/);
  assert.equal(at(middle.events.at(-1), 'error.type'), 'server_error');
  assert.ok(!middle.text.includes('[DONE]'));
  const first = await post(
    '/v1/messages',
    { ...chat('Hello'), max_tokens: 9, stream: true },
    { 'x-mock-fail': 'error-first' },
  );
  assert.equal(first.events.length, 1);
  assert.match(first.text, /^event: error\n/);
});

test('fault: garbage and empty answers with status 200', async (t) => {
  const { post } = await startMock(t);
  const garbage = await post(CHAT, chat('Hello'), { 'x-mock-fail': 'garbage' });
  assert.equal(garbage.status, 200);
  assert.match(garbage.text, /^<!doctype html>/);
  const empty = await post(CHAT, chat('Hello'), { 'x-mock-fail': 'empty' });
  assert.deepEqual([empty.status, empty.bytes.length], [200, 0]);
});

test('fault: trickle sends the same bytes in small pieces', async (t) => {
  const { url, mock, post } = await startMock(t);
  const body = chat('Ünïcödé 😀', { stream: true });
  const plain = await post(CHAT, body, { 'x-mock-tokens': '5' });
  const response = await fetch(url + CHAT, {
    method: 'POST',
    headers: { 'x-mock-fail': 'trickle', 'x-mock-tokens': '5' },
    body: JSON.stringify(body),
  });
  assert.ok(response.body);
  const sizes: number[] = [];
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) {
    sizes.push(chunk.length);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  const contentOf = (all: string): string[] => all.match(/"delta":\{.*?\}/g) ?? [];
  assert.deepEqual(contentOf(text), contentOf(plain.text));
  assert.ok(sizes.length > 50, 'many small pieces');
  assert.equal(await mock.requests[1]?.settled, 'answered');
});

test('the same seed gives the same ids and faults', async (t) => {
  const faults = [{ kind: '500', probability: 0.5 }] as const;
  const first = await startMock(t, { seed: 42, faults });
  const second = await startMock(t, { seed: 42, faults });
  const seen: [number[], unknown[]][] = [];
  for (const { post } of [first, second]) {
    const answers = [];
    for (let round = 0; round < 8; round += 1) answers.push(await post(CHAT, chat('x')));
    seen.push([answers.map((one) => one.status), answers.map((one) => one.json['id'])]);
  }
  assert.deepEqual(seen[0], seen[1]);
  assert.ok(seen[0]?.[0].includes(200) && seen[0]?.[0].includes(500));
});

test('closing ends what is still open', async (t) => {
  const { mock, url } = await startMock(t, { tokensPerSecond: 1 });
  const response = await fetch(url + CHAT, { method: 'POST', body: JSON.stringify(chat('x', { stream: true })) });
  await mock.close();
  await assert.rejects(response.text());
});

test('a slow reader is not outrun', async (t) => {
  const { mock, url } = await startMock(t, { tokens: 200_000 });
  const { hostname, port } = new URL(url);
  const body = JSON.stringify(chat('x', { stream: true }));
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.pause();
  socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: mock\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await waitForRequest(mock);
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(mock.requests[0]?.outcome, 'open', 'the stream waits for its reader');
  socket.destroy();
  assert.equal(await mock.requests[0]?.settled, 'client-gone');
});
