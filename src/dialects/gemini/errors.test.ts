import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import { errors, statusWord } from './errors.ts';

const none = (): undefined => undefined;

test('a provider’s error keeps Google’s word as type', () => {
  const body = { error: { code: 400, message: 'Invalid request: missing required field', status: 'INVALID_ARGUMENT' } };
  assert.deepEqual(errors.decode(400, none, body, ''), {
    status: 400,
    type: 'INVALID_ARGUMENT',
    message: 'Invalid request: missing required field',
  });
});

test('details tell reason, field and delay', () => {
  const body = {
    error: {
      code: 429,
      message: 'quota',
      status: 'RESOURCE_EXHAUSTED',
      details: [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'RATE_LIMIT_EXCEEDED' },
        { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.07s' },
        { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: 'contents' }] },
      ],
    },
  };
  assert.deepEqual(errors.decode(429, none, body, ''), {
    status: 429,
    type: 'RESOURCE_EXHAUSTED',
    message: 'quota',
    code: 'RATE_LIMIT_EXCEEDED',
    param: 'contents',
    retryAfterSeconds: 35,
  });
});

test('retry-after in seconds; a date needs a clock and is left', () => {
  const decode = (value: string): number | undefined =>
    errors.decode(503, (name) => (name === 'retry-after' ? value : undefined), undefined, 'busy').retryAfterSeconds;
  assert.equal(decode('7'), 7);
  assert.equal(decode('Wed, 21 Oct 2026 07:28:00 GMT'), undefined);
});

test('other bodies', () => {
  assert.deepEqual(errors.decode(502, none, undefined, '<html>bad gateway</html>'), {
    status: 502,
    type: 'GCPVertexAIBackendError',
    message: '<html>bad gateway</html>',
  });
  assert.equal(errors.decode(500, none, undefined, '').message, 'The provider answered with status 500.');
  const list = '[{"error":{"code":404,"message":"no model","status":"NOT_FOUND"}}]';
  assert.deepEqual(errors.decode(404, none, undefined, list), { status: 404, type: 'NOT_FOUND', message: 'no model' });
  assert.equal(errors.decode(400, none, undefined, '[oops').message, '[oops');
  const oauth = { error: 'invalid_grant', error_description: 'expired' };
  assert.deepEqual(errors.decode(400, none, oauth, ''), {
    status: 400,
    type: 'GCPVertexAIBackendError',
    message: 'expired',
    code: 'invalid_grant',
  });
});

test('status words of every status', () => {
  const expected: [number, string][] = [
    [400, 'INVALID_ARGUMENT'],
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
    [404, 'NOT_FOUND'],
    [413, 'INVALID_ARGUMENT'],
    [429, 'RESOURCE_EXHAUSTED'],
    [500, 'INTERNAL'],
    [503, 'UNAVAILABLE'],
    [504, 'DEADLINE_EXCEEDED'],
    [599, 'INTERNAL'],
  ];
  for (const [status, word] of expected) assert.equal(statusWord(status), word);
});

test('the gateway’s own error carries its code, a provider’s keeps its word', () => {
  const gateway = { status: 404, type: 'invalid_request_error', code: 'model_not_found', message: 'No such model.' };
  assert.deepEqual(errors.encode({ ...gateway, source: 'gateway' }), {
    error: {
      code: 404,
      message: 'No such model.',
      status: 'NOT_FOUND',
      details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'MODEL_NOT_FOUND', domain: 'aigw' }],
    },
  });
  const provider = { status: 400, type: 'FAILED_PRECONDITION', code: '400', message: 'm', source: 'provider' } as const;
  assert.deepEqual(errors.encode(provider), { error: { code: 400, message: 'm', status: 'FAILED_PRECONDITION' } });
  const field = errors.encode({ ...gateway, status: 400, param: 'contents[0]', source: 'gateway' })['error'];
  assert.deepEqual(((field as JsonObject)['details'] as JsonObject[])[1], {
    '@type': 'type.googleapis.com/google.rpc.BadRequest',
    fieldViolations: [{ field: 'contents[0]', description: 'No such model.' }],
  });
});

test('an error in a stream is one event', () => {
  assert.equal(
    errors.encodeInStream({ status: 503, type: 'api_error', code: '503', message: 'm', source: 'provider' }),
    'data: {"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}\r\n\r\n',
  );
});
