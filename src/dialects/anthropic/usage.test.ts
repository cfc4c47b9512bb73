import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamObserver } from '../dialect.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { anthropicUsage } from './usage.ts';

const START =
  '{"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":5,"cache_read_input_tokens":7,"output_tokens":1}}}';
const TEXT = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"message_stop"}}';
const DELTA = '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}';
const STOP = '{"type":"message_stop"}';

function watch(named: boolean, ...frames: string[]): StreamObserver {
  const observer = anthropicUsage.createStreamObserver();
  for (const data of frames) {
    const { type } = JSON.parse(data) as { type: string };
    observer.frame(named ? type : '', data);
  }
  return observer;
}

test('usage, model and completeness, with and without event names', () => {
  for (const named of [true, false]) {
    const observer = watch(named, START, TEXT, DELTA, STOP);
    assert.deepEqual(observer.usage, { ...emptyUsage(), input: 5, cacheRead: 7, output: 9 });
    assert.deepEqual([observer.model, observer.complete, observer.error], ['claude-x', true, undefined]);
  }
});

test('partial usage of a stream that was cut', () => {
  const observer = watch(true, START, TEXT);
  assert.deepEqual([observer.usage?.input, observer.complete], [5, false]);
});

test('an error event', () => {
  const observer = watch(false, START, '{"type":"error","error":{"type":"overloaded_error","message":"busy"}}');
  assert.deepEqual([observer.error?.status, observer.error?.message, observer.complete], [529, 'busy', false]);
});

test('frames that are no JSON are passed over', () => {
  const observer = anthropicUsage.createStreamObserver();
  observer.frame('message_start', '{"type":"message_start","mess');
  observer.frame('', 'garbage');
  assert.deepEqual([observer.usage, observer.model], [undefined, undefined]);
});

test('the fields of a whole answer', () => {
  const usage = { input_tokens: 1, output_tokens: 2, service_tier: 'priority' };
  const answer = anthropicUsage.read({ usage, model: 'm' });
  assert.deepEqual(answer, {
    usage: { ...emptyUsage(), input: 1, output: 2 },
    model: 'm',
    serviceTier: 'priority',
  });
});
