import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { bedrockBetaFlags, parseAnthropicBeta, vertexBetaFlags } from './anthropic-beta.ts';
import { unwrapBedrockChunk, unwrapBedrockFrame, wrapRequest as wrapForBedrock } from './bedrock-invoke.ts';
import { wrapRequest as wrapForVertex } from './vertex-raw-predict.ts';

const MESSAGES = [{ role: 'user', content: [{ type: 'text', text: 'Hello from AWS!' }] }];

test('Bedrock: model and stream leave the body, the version joins it, the rest stays', () => {
  const body = { model: 'anthropic.claude-3', max_tokens: 100, messages: MESSAGES, stream: true, future: [1] };
  const before = structuredClone(body);
  assert.deepEqual(wrapForBedrock(body), {
    max_tokens: 100,
    messages: MESSAGES,
    future: [1],
    anthropic_version: 'bedrock-2023-05-31',
  });
  assert.deepEqual(body, before);
});

test('Vertex: model alone leaves the body, stream stays', () => {
  const body = { model: 'claude-3-sonnet', max_tokens: 100, messages: MESSAGES, stream: false };
  assert.deepEqual(wrapForVertex(body), {
    max_tokens: 100,
    messages: MESSAGES,
    stream: false,
    anthropic_version: 'vertex-2023-10-16',
  });
  assert.equal('stream' in wrapForVertex({ model: 'm', messages: [] }), false);
});

test("the version is the cluster's, else the body's own", () => {
  for (const wrap of [wrapForBedrock, wrapForVertex]) {
    const body = { anthropic_version: 'own' };
    assert.equal(wrap(body, { anthropicVersion: 'cluster' })['anthropic_version'], 'cluster');
    assert.equal(wrap(body, {})['anthropic_version'], 'own');
  }
});

test('reference quirk "unlisted betas silently dropped": they are dropped with a warning', () => {
  const warnings: string[] = [];
  const wrapped = wrapForBedrock(
    { anthropic_beta: ['own-flag'] },
    {
      beta: parseAnthropicBeta(
        'context-1m-2025-08-07, files-api-2025-04-14 ,,advanced-tool-use-2025-11-20,context-1m-2025-08-07',
      ),
      warn: (warning) => warnings.push(warning),
    },
  );
  assert.deepEqual(wrapped['anthropic_beta'], ['own-flag', 'context-1m-2025-08-07', 'tool-search-tool-2025-10-19']);
  assert.deepEqual(warnings, ['The anthropic-beta flag files-api-2025-04-14 was not sent: Bedrock does not take it.']);
  assert.equal('anthropic_beta' in wrapForBedrock({}, { beta: ['files-api-2025-04-14'] }), false);
});

test('beta flags: Vertex refuses those of the own platform; warnings stay one ASCII line', () => {
  const warnings: string[] = [];
  const warn = (warning: string) => warnings.push(warning);
  assert.deepEqual(vertexBetaFlags(['context-1m-2025-08-07', 'mcp-client-2025-11-20', 'new-2030-01-01'], warn), [
    'context-1m-2025-08-07',
    'new-2030-01-01',
  ]);
  assert.deepEqual(bedrockBetaFlags(['ü\r\nx'], warn), []);
  assert.deepEqual(parseAnthropicBeta(undefined), []);
  for (const warning of warnings) assert.match(warning, /^[ -~]+$/);
  assert.equal(warnings.length, 2);
});

const chunk = (event: JsonObject | string): string => {
  const text = typeof event === 'string' ? event : JSON.stringify(event);
  return JSON.stringify({ bytes: Buffer.from(text).toString('base64'), p: 'abcdef' });
};

test('a Bedrock chunk is the Anthropic event inside it, text unchanged, named by its type', () => {
  const text = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"👋 Zürich"}}';
  assert.deepEqual(unwrapBedrockChunk(chunk(text)), { event: 'content_block_delta', data: text });
  assert.equal(unwrapBedrockChunk(chunk({ index: 0, type: 'content_block_stop' })).event, 'content_block_stop');
  assert.equal(unwrapBedrockChunk(chunk('{"type":"\\u0070ing"}')).event, 'ping');
});

test('a chunk that holds no event is refused', () => {
  for (const payload of [
    '{',
    '{}',
    '{"bytes":1}',
    '{"bytes":"*"}',
    chunk('{}'),
    chunk('nothing'),
    chunk('{"type":"cut'),
  ]) {
    assert.throws(
      () => unwrapBedrockChunk(payload),
      (error) => GatewayError.is(error) && error.code === 'provider_bad_response',
      payload,
    );
  }
});

test('frames: chunks are unwrapped, exceptions become error events, others carry nothing', () => {
  assert.equal(unwrapBedrockFrame({ event: 'chunk', data: chunk({ type: 'ping' }) })?.event, 'ping');
  assert.equal(unwrapBedrockFrame({ event: '', data: 'this is no event' }), undefined);
  const error = (event: string, data: string): unknown => {
    const frame = unwrapBedrockFrame({ event, data });
    return [frame?.event, JSON.parse(frame?.data ?? '')];
  };
  assert.deepEqual(error('throttlingException', '{"message":"slow"}'), [
    'error',
    { type: 'error', error: { type: 'rate_limit_error', message: 'slow' } },
  ]);
  assert.deepEqual(error('internalServerException', ''), [
    'error',
    { type: 'error', error: { type: 'api_error', message: 'internalServerException' } },
  ]);
});
