import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialect } from '../registry.ts';

test('a transcript is counted in seconds where its answer says so', () => {
  const { usage } = dialect('openai-transcription');
  assert.deepEqual(usage.read({ usage: { type: 'duration', seconds: 7 } }).units, { audioSeconds: 7 });
  assert.deepEqual(usage.read({ duration: 2.5 }).units, { audioSeconds: 2.5 });
  assert.deepEqual(usage.read({ duration: '2.5' }).units, { audioSeconds: 2.5 });
  assert.equal(usage.read({ usage: { type: 'tokens', input_tokens: 3, output_tokens: 1 } }).units, undefined);
  assert.equal(usage.read({ duration: 'long' }).units, undefined);
});

test('a streamed transcript too', () => {
  const observer = dialect('openai-transcription').usage.createStreamObserver();
  observer.frame('', '{"type":"transcript.text.done","text":"Hi","usage":{"type":"duration","seconds":3}}');
  assert.deepEqual([observer.units, observer.complete], [{ audioSeconds: 3 }, true]);
});

test('a batch is work of its own once it has ended', () => {
  const { usage } = dialect('openai-files');
  const batch = { object: 'batch', id: 'batch_1', model: 'm', usage: { input_tokens: 5, output_tokens: 2 } };
  const ended = usage.read({ ...batch, status: 'completed' });
  assert.deepEqual([ended.workId, ended.usage?.input, ended.model], ['batch_1', 5, 'm']);
  assert.equal(usage.read({ ...batch, status: 'in_progress' }).workId, undefined);
  assert.equal(usage.read({ ...batch, object: 'file', status: 'completed' }).workId, undefined);
});
