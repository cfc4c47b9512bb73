import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamObserver } from '../dialect.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { chatUsage } from './usage.ts';

function watch(...frames: string[]): StreamObserver {
  const observer = chatUsage.createStreamObserver();
  for (const data of frames) observer.frame('', data);
  return observer;
}

const CHUNK =
  '{"id":"c","object":"chat.completion.chunk","model":"gpt-x","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":null}';
const LAST = '{"id":"c","model":"gpt-x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}';
const USAGE =
  '{"id":"c","model":"gpt-x","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}';

test('usage and model of a stream, complete with [DONE]', () => {
  const observer = watch(CHUNK, LAST, USAGE, '[DONE]');
  assert.deepEqual(observer.usage, { ...emptyUsage(), input: 3, output: 2 });
  assert.deepEqual([observer.model, observer.complete, observer.error], ['gpt-x', true, undefined]);
});

test('complete with a finish reason where no [DONE] comes, not before', () => {
  assert.equal(watch(CHUNK, LAST, USAGE).complete, true);
  assert.equal(watch(CHUNK, LAST).complete, true);
  assert.equal(watch(CHUNK, CHUNK).complete, false);
});

test('text of the model that looks like usage or an error is not taken for it', () => {
  const content = JSON.stringify('{"usage":{"prompt_tokens":9},"error":{"message":"x"},"finish_reason":"stop"}');
  const observer = watch(`{"model":"m","choices":[{"index":0,"delta":{"content":${content}},"finish_reason":null}]}`);
  assert.deepEqual([observer.usage, observer.error, observer.complete], [undefined, undefined, false]);
});

test('white space after the colon', () => {
  const observer = watch('{"model": "m", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}');
  assert.deepEqual([observer.model, observer.usage?.input], ['m', 1]);
  assert.equal(watch('{"model": "m", "choices": [], "usage": null}').usage, undefined);
});

test('error objects in the stream', () => {
  const openai = watch(CHUNK, '{"error":{"message":"boom","type":"server_error","code":null}}', '[DONE]');
  assert.deepEqual([openai.error?.message, openai.error?.status, openai.complete], ['boom', 500, false]);
  assert.equal(watch('{"object":"error","message":"gone","code":404}').error?.status, 404);
});

test('frames that are cut or no JSON are passed over', () => {
  const observer = watch('{"model":"m","usage":{"prompt_tok', '"usage":{', 'plain text that is long enough');
  assert.deepEqual([observer.usage, observer.model], [undefined, 'm']);
});

test('the fields of a whole answer', () => {
  const answer = chatUsage.read({ usage: { prompt_tokens: 3, completion_tokens: 2 }, model: 'm' });
  assert.deepEqual([answer.usage?.input, answer.usage?.output, answer.model], [3, 2, 'm']);
  assert.equal(chatUsage.read({ usage: null }).usage, undefined);
  assert.equal(chatUsage.read({ service_tier: 'flex' }).serviceTier, 'flex');
  assert.equal(watch('{"service_tier":"flex","choices":[],"usage":{"prompt_tokens":1}}').serviceTier, 'flex');
});
