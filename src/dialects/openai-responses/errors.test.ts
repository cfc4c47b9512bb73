import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import { errorEvent, failedResponseError, readAnswerError, responsesErrors } from './errors.ts';

const answer = {
  status: 429,
  type: 'tokens',
  code: 'rate_limit_exceeded',
  message: 'Slow.',
  source: 'provider',
} as const;

test('whole errors are those of all OpenAI APIs', () => {
  assert.deepEqual(responsesErrors.encode({ ...answer, source: 'gateway', param: 'input' }), {
    error: { message: 'Slow.', type: 'tokens', param: 'input', code: 'rate_limit_exceeded' },
    type: 'error',
  });
});

test('the error event has its fields where the reference puts them, and where OpenAI does', () => {
  const fields = { code: 'rate_limit_exceeded', message: 'Slow.', param: null };
  const body = { type: 'error', ...fields, error: { type: 'tokens', ...fields } };
  assert.equal(responsesErrors.encodeInStream(answer), `event: error\ndata: ${JSON.stringify(body)}\n\n`);
  assert.match(errorEvent(answer, 7), /^event: error\ndata: \{"type":"error","sequence_number":7,/);
});

test('every form of an error inside an answer is read', () => {
  const forms: [JsonObject, { status: number; type: string; message: string; code?: string }][] = [
    [
      { type: 'error', code: 'server_error', message: 'm', param: null },
      { status: 500, type: 'server_error', message: 'm', code: 'server_error' },
    ],
    [
      { type: 'error', error: { type: 'invalid_request_error', code: null, message: 'm', param: null } },
      { status: 400, type: 'invalid_request_error', message: 'm' },
    ],
    [
      { code: 'rate_limit_exceeded', message: 'm' },
      { status: 429, type: 'rate_limit_error', message: 'm', code: 'rate_limit_exceeded' },
    ],
    [
      { code: 503, message: 'm' },
      { status: 503, type: 'server_error', message: 'm', code: '503' },
    ],
    [{ message: 'm' }, { status: 502, type: 'server_error', message: 'm' }],
  ];
  for (const [body, expected] of forms) assert.deepEqual(readAnswerError(body), expected);
});

test("a failed response's code is one that clients know", () => {
  const code = (status: number, given?: string): unknown => {
    const error = { status, type: 't', message: 'm', ...(given === undefined ? {} : { code: given }) };
    return failedResponseError(error)['code'];
  };
  assert.equal(code(400, 'context_length_exceeded'), 'context_length_exceeded');
  assert.equal(code(429, 'tokens'), 'rate_limit_exceeded');
  assert.equal(code(422), 'invalid_prompt');
  assert.equal(code(529, 'overloaded_error'), 'server_error');
});
