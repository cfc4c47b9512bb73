import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { createMockServer } from '../src/mock/server.ts';
import { startAigw } from './support/aigw-process.ts';
import type { RawAnswer } from './support/answer-parser.ts';
import { BAD_REQUESTS, type BadRequest, type ErrorShape, SMALL_LIMITS } from './support/bad-requests.ts';
import { temporaryFolder } from './support/gateway.ts';
import { postJson, sendRaw } from './support/raw-client.ts';
import { inParallel } from './support/wait.ts';

const ROUNDS = 30;
const WARM_UP_ROUNDS = 5;
const WIDTH = 8;
/** What a collector may leave lying between two looks; a leak of one body per request would be ten times as much. */
const MAX_GROWTH = 48 * 1024 * 1024;

function config(provider: string): string {
  return `${SMALL_LIMITS}
static_cluster:
  openai: { provider: openai, endpoint: "${provider}", api_key: k }
  anthropic: { provider: anthropic, endpoint: "${provider}", api_key: k }
virtual_services:
  - name: main
    domains: [localhost, 127.0.0.1]
    virtual_routes:
      - { match: { model: "gpt-*" }, split: [{ cluster: openai }] }
      - { match: { model: "claude-*" }, split: [{ cluster: anthropic }] }
`;
}

function assertShape(shape: ErrorShape, answer: RawAnswer): Record<string, unknown> {
  const text = answer.body.toString('utf8');
  if (shape === 'text') {
    assert.match(answer.headers['content-type'] ?? '', /^text\/plain/);
    return {};
  }
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
  const body = JSON.parse(text) as Record<string, unknown> & { error?: Record<string, unknown> };
  if (shape === 'bedrock' || shape === 'cohere') {
    assert.ok(typeof body['message'] === 'string' && body['message'] !== '', text);
    return {};
  }
  const error = body.error ?? {};
  assert.ok(typeof error['message'] === 'string' && error['message'] !== '', text);
  if (shape === 'gemini') {
    assert.equal(error['code'], answer.status, text);
    assert.equal(typeof error['status'], 'string', text);
    return error;
  }
  assert.equal(typeof error['type'], 'string', text);
  if (shape === 'anthropic') {
    assert.equal(body['type'], 'error', text);
    assert.deepEqual(Object.keys(error).sort(), ['message', 'type'], text);
  } else {
    assert.ok('code' in error, text);
    // A provider's own refusal has its status as code; the gateway's has all of OpenAI's fields.
    assert.ok('param' in error || error['code'] === String(answer.status), text);
  }
  return error;
}

async function sendBad(port: number, bad: BadRequest): Promise<void> {
  const before = bad.before ?? 0;
  const result = await sendRaw(port, bad.pieces(), { count: before + 1 });
  const answer = result.answers[before];
  assert.ok(answer?.complete, `${bad.name}: no whole answer, but ${JSON.stringify(result.garbage)}`);
  assert.equal(answer.status, bad.status, `${bad.name}: ${answer.body.toString('utf8')}`);
  const error = assertShape(bad.shape, answer);
  if (bad.code !== undefined) assert.equal(error['code'], bad.code, `${bad.name}: ${answer.body.toString('utf8')}`);
  assert.equal(answer.headers['set-cookie'], undefined, bad.name);
  assert.equal(result.garbage, '', bad.name);
}

test('2,000 malformed requests of 40 kinds get a 4xx in the client’s dialect, and the gateway lives on', async (t) => {
  const provider = createMockServer({ strict: true, recordLimit: 0 });
  const { url } = await provider.listen();
  t.after(() => provider.close());
  const file = join(temporaryFolder(t), 'aigw.yaml');
  writeFileSync(file, config(url));
  const aigw = await startAigw(t, file);

  const wrong: string[] = [];
  const round = async () => {
    const failures = await inParallel(BAD_REQUESTS, WIDTH, (bad) =>
      sendBad(aigw.port, bad).then(
        () => undefined,
        (error: Error) => `${bad.name}: ${error.message}`,
      ),
    );
    wrong.push(...failures.filter((failure) => failure !== undefined));
  };
  await round();
  assert.deepEqual(wrong, []);
  for (let count = 1; count < WARM_UP_ROUNDS; count++) await round();
  const before = await aigw.metric('process_resident_memory_bytes');
  for (let count = WARM_UP_ROUNDS; count < ROUNDS; count++) await round();
  const grown = (await aigw.metric('process_resident_memory_bytes')) - before;

  assert.deepEqual(wrong, []);
  assert.ok(BAD_REQUESTS.length >= 40 && BAD_REQUESTS.length * ROUNDS >= 2000);
  assert.equal(new Set(BAD_REQUESTS.map((bad) => bad.name)).size, BAD_REQUESTS.length);
  assert.ok(grown < MAX_GROWTH, `memory has grown by ${Math.round(grown / 1024)} KiB`);
  assert.equal(aigw.over, false);
  assert.equal(await aigw.metric('aigw_active_requests'), 0);
  assert.doesNotMatch(aigw.stderr(), /failed inside the gateway/);

  const messages = [{ role: 'user', content: 'Hello' }];
  const chat = await postJson(aigw.port, '/v1/chat/completions', { body: { model: 'gpt-test', messages } });
  assert.equal(chat.status, 200, chat.body.toString());
  const crossed = await postJson(aigw.port, '/v1/messages', { body: { model: 'gpt-test', max_tokens: 9, messages } });
  assert.equal(crossed.status, 200, crossed.body.toString());
});
