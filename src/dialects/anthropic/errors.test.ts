import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import { anthropicErrors } from './errors.ts';

const typeOf = (status: number, type: string, source: 'gateway' | 'provider'): unknown =>
  (anthropicErrors.encode({ status, type, code: 'c', message: 'm', source })['error'] as JsonObject)['type'];

test('the type follows the status', () => {
  const expected: [number, string][] = [
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [402, 'billing_error'],
    [403, 'permission_error'],
    [404, 'not_found_error'],
    [413, 'request_too_large'],
    [415, 'invalid_request_error'],
    [429, 'rate_limit_error'],
    [500, 'api_error'],
    [502, 'api_error'],
    [503, 'overloaded_error'],
    [504, 'timeout_error'],
    [529, 'overloaded_error'],
  ];
  for (const [status, type] of expected) assert.equal(typeOf(status, 'invalid_request_error', 'gateway'), type);
});

test("a provider's own word of this API stays, a foreign one follows the status", () => {
  assert.equal(typeOf(400, 'billing_error', 'provider'), 'billing_error');
  assert.equal(typeOf(429, 'ThrottlingException', 'provider'), 'rate_limit_error');
});

test('bodies and stream events have the one shape', () => {
  const answer = { status: 400, type: 'x', code: 'c', message: 'bad', param: 'n', source: 'gateway' as const };
  const body = { type: 'error', error: { type: 'invalid_request_error', message: 'bad' } };
  assert.deepEqual(anthropicErrors.encode(answer), body);
  assert.equal(anthropicErrors.encodeInStream(answer), `event: error\ndata: ${JSON.stringify(body)}\n\n`);
});

test('error bodies are read: own, without a type, foreign, text', () => {
  const decode = (status: number, body: JsonObject | undefined, text = '') =>
    anthropicErrors.decode(status, (name) => (name === 'retry-after' ? '3' : undefined), body, text);
  const own = { type: 'error', error: { type: 'rate_limit_error', message: 'slow' }, request_id: 'req_1' };
  assert.deepEqual(decode(429, own), { status: 429, type: 'rate_limit_error', message: 'slow', retryAfterSeconds: 3 });
  assert.equal(decode(400, { error: { message: 'm' } }).type, 'invalid_request_error');
  assert.deepEqual(decode(403, { message: 'denied' }), {
    status: 403,
    type: 'permission_error',
    message: 'denied',
    retryAfterSeconds: 3,
  });
  assert.equal(decode(529, undefined, ' <html>busy</html> ').message, '<html>busy</html>');
  assert.equal(decode(529, undefined, 'x').type, 'overloaded_error');
});
