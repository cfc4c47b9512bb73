import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import { openaiErrors } from './errors.ts';

const noHeader = (): undefined => undefined;
const decode = (status: number, body: JsonObject | undefined, text = '') =>
  openaiErrors.decode(status, noHeader, body, text);

test("the gateway's own errors have OpenAI's four fields and the outer type", () => {
  const answer = { status: 404, type: 'invalid_request_error', code: 'model_not_found', message: 'No such model.' };
  assert.deepEqual(openaiErrors.encode({ ...answer, source: 'gateway' }), {
    error: { message: 'No such model.', type: 'invalid_request_error', param: null, code: 'model_not_found' },
    type: 'error',
  });
  const named = openaiErrors.encode({ ...answer, param: 'model', source: 'gateway' });
  assert.equal((named['error'] as JsonObject)['param'], 'model');
});

test("a provider's error keeps its type and says its status as code; a param only when known", () => {
  const answer = {
    status: 429,
    type: 'ThrottlingException',
    code: 'x',
    message: 'Slow down.',
    source: 'provider',
  } as const;
  assert.deepEqual(openaiErrors.encode(answer), {
    type: 'error',
    error: { type: 'ThrottlingException', code: '429', message: 'Slow down.' },
  });
  const named = openaiErrors.encode({ ...answer, param: 'n' });
  assert.deepEqual(named['error'], { type: 'ThrottlingException', code: '429', message: 'Slow down.', param: 'n' });
});

test('an error ends a stream without [DONE]', () => {
  const text = openaiErrors.encodeInStream({ status: 500, type: 't', code: 'c', message: 'm', source: 'provider' });
  assert.equal(text, 'data: {"type":"error","error":{"type":"t","code":"500","message":"m"}}\n\n');
});

test('every error shape of OpenAI-compatible servers is read', () => {
  const shapes: [JsonObject, { type: string; message: string; code?: string; param?: string }][] = [
    [
      { error: { message: 'bad', type: 'invalid_request_error', code: 'c', param: 'n' } },
      { type: 'invalid_request_error', message: 'bad', code: 'c', param: 'n' },
    ],
    [
      { error: { message: 'bad', type: null, code: 400 } },
      { type: 'invalid_request_error', message: 'bad', code: '400' },
    ],
    [{ error: 'model is loading' }, { type: 'invalid_request_error', message: 'model is loading' }],
    [
      { object: 'error', message: 'no model', type: 'NotFoundError', code: 404 },
      { type: 'NotFoundError', message: 'no model', code: '404' },
    ],
    [{ detail: 'Unauthorized' }, { type: 'invalid_request_error', message: 'Unauthorized' }],
    [
      { detail: [{ loc: ['body', 'messages', 0], msg: 'field required', type: 'missing' }] },
      { type: 'invalid_request_error', message: 'body.messages.0: field required' },
    ],
    [{ strange: true }, { type: 'invalid_request_error', message: '{"strange":true}' }],
  ];
  for (const [body, expected] of shapes) assert.deepEqual(decode(400, body), { status: 400, ...expected });
});

test('an error list, as the OpenAI endpoint of Gemini answers, is read by its first element', () => {
  const error = decode(400, undefined, '[{"error":{"code":400,"message":"bad key","status":"INVALID_ARGUMENT"}}]');
  assert.equal(error.message, 'bad key');
});

test('text that is no JSON is passed on, trimmed and bounded', () => {
  assert.deepEqual(decode(503, undefined, '  backend timeout\n'), {
    status: 503,
    type: 'OpenAIBackendError',
    message: 'backend timeout',
  });
  assert.equal(decode(502, undefined, 'x'.repeat(100_000)).message.length, 2000);
});

test('types default by status where the server gives none', () => {
  const types = [401, 403, 404, 429, 500].map((status) => decode(status, { error: { message: 'm' } }).type);
  assert.deepEqual(types, [
    'authentication_error',
    'permission_error',
    'not_found_error',
    'rate_limit_error',
    'server_error',
  ]);
});

test('the wait is read from retry-after in seconds, milliseconds and dates', () => {
  const wait = (headers: Record<string, string>): number | undefined =>
    openaiErrors.decode(429, (name) => headers[name], {}, '').retryAfterSeconds;
  assert.equal(wait({ 'retry-after': '7' }), 7);
  assert.equal(wait({ 'retry-after': '7', 'retry-after-ms': '1500' }), 1.5);
  const dates = { 'retry-after': 'Tue, 01 Sep 2026 10:00:30 GMT', date: 'Tue, 01 Sep 2026 10:00:00 GMT' };
  assert.equal(wait(dates), 30);
  assert.equal(wait({ 'retry-after': dates['retry-after'] }), undefined);
  assert.equal(wait({}), undefined);
});
