import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAwsEventStreamFramer } from '../../streams/aws-event-stream.ts';
import { frameOfAwsEventStreamMessage } from '../../streams/aws-event-stream-frame.ts';
import { bedrockConverseErrors as errors } from './errors.ts';

const headers = (all: Record<string, string>) => (name: string) => all[name];

test('an error names its type in the header, up to a colon', () => {
  const header = headers({ 'x-amzn-errortype': 'ThrottlingException:http://internal.amazon.com/', 'retry-after': '3' });
  assert.deepEqual(errors.decode(429, header, { message: 'slow down' }, ''), {
    status: 429,
    type: 'ThrottlingException',
    message: 'slow down',
    retryAfterSeconds: 3,
  });
});

test('or in the body, or by its status', () => {
  const none = headers({});
  const typed = { __type: 'com.amazon.coral.service#UnrecognizedClientException', Message: 'bad token' };
  assert.deepEqual(errors.decode(403, none, typed, ''), {
    status: 403,
    type: 'UnrecognizedClientException',
    message: 'bad token',
  });
  assert.equal(errors.decode(400, none, { message: 'x' }, '').type, 'ValidationException');
});

test('an error that is not JSON keeps its text', () => {
  assert.deepEqual(errors.decode(503, headers({ 'retry-after': 'soon' }), undefined, 'upstream gone\n'), {
    status: 503,
    type: 'AWSBedrockBackendError',
    message: 'upstream gone\n',
  });
});

test('an error is written with the type AWS SDKs look for', () => {
  const error = { type: 'invalid_request_error', code: 'invalid_request', message: 'no', source: 'gateway' } as const;
  assert.deepEqual(errors.encode({ ...error, status: 400 }), { __type: 'ValidationException', message: 'no' });
  assert.deepEqual(errors.encode({ ...error, status: 413 }), { __type: 'ValidationException', message: 'no' });
  assert.deepEqual(errors.encode({ ...error, status: 401 }), { __type: 'UnrecognizedClientException', message: 'no' });
  assert.deepEqual(errors.encode({ ...error, status: 502 }), { __type: 'InternalServerException', message: 'no' });
  assert.deepEqual(errors.encode({ ...error, status: 429, type: 'ModelNotReadyException', source: 'provider' }), {
    __type: 'ModelNotReadyException',
    message: 'no',
  });
});

test('inside a stream only exceptions of ConverseStream are written', () => {
  const written = (status: number, type: string): string => {
    const bytes = errors.encodeInStream({ status, type, code: type, message: 'no', source: 'provider' });
    const events: string[] = [];
    const framer = createAwsEventStreamFramer((message) => {
      assert.equal(message.headers[':message-type'], 'exception');
      events.push(frameOfAwsEventStreamMessage(message).event);
    });
    framer.push(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    framer.end();
    return events.join();
  };
  assert.equal(written(429, 'rate_limit_error'), 'throttlingException');
  assert.equal(written(403, 'AccessDeniedException'), 'validationException');
  assert.equal(written(408, 'ModelTimeoutException'), 'modelStreamErrorException');
  assert.equal(written(503, 'x'), 'serviceUnavailableException');
  assert.equal(written(504, 'x'), 'internalServerException');
});
