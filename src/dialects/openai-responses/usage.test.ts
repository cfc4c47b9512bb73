import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../json/types.ts';
import { emptyUsage, inputTotal, type Usage } from '../neutral/usage.ts';
import { onWire } from '../openai/support.test.ts';
import { readResponsesUsage, writeResponsesUsage } from './token-counts.ts';
import { responsesUsage } from './usage.ts';

test('input tokens include what caches served and took; the classes do not overlap', () => {
  const usage = readResponsesUsage({
    input_tokens: 100,
    input_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
    output_tokens: 20,
    output_tokens_details: { reasoning_tokens: 5 },
    total_tokens: 125,
  });
  assert.deepEqual(usage, {
    ...emptyUsage(),
    input: 30,
    cacheRead: 60,
    cacheWrite: 10,
    output: 20,
    reasoning: 5,
    reportedTotal: 125,
  });
  assert.equal(readResponsesUsage(null), undefined);
  assert.deepEqual(readResponsesUsage({ input_tokens: 'x', input_tokens_details: { cached_tokens: 9 } }), emptyUsage());
});

test('the counts OpenAI documents are always written', () => {
  assert.deepEqual(writeResponsesUsage({ ...emptyUsage(), input: 5, cacheWrite: 1, cacheWrite1h: 2, output: 3 }), {
    input_tokens: 8,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 3 },
    output_tokens: 3,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 11,
  });
});

test('property: writing and reading conserves every class that the API has', () => {
  const count = fc.nat(1_000_000);
  fc.assert(
    fc.property(
      count,
      count,
      count,
      count,
      count,
      fc.nat(99),
      (input, cacheRead, cacheWrite, said, reasoning, sound) => {
        const usage: Usage = {
          ...emptyUsage(),
          input: input + sound,
          cacheRead,
          cacheWrite,
          output: said + reasoning + sound,
          reasoning,
          inputAudio: sound,
          outputAudio: sound,
        };
        const written = onWire(writeResponsesUsage(usage));
        assert.deepEqual(readResponsesUsage(written), usage);
        assert.equal(written['input_tokens'], inputTotal(usage));
      },
    ),
  );
});

const usage = { input_tokens: 7, output_tokens: 3, total_tokens: 10 };
const observe = (...frames: [event: string, data: string][]) => {
  const observer = responsesUsage.createStreamObserver();
  for (const [event, data] of frames) observer.frame(event, data);
  return observer;
};
const frame = (body: JsonObject): [string, string] => [String(body['type']), JSON.stringify(body)];
const created = frame({ type: 'response.created', response: { id: 'r', model: 'gpt-5', tools: [{ model: 'no' }] } });

test('the last event tells usage, model and that the answer is whole', () => {
  for (const type of ['response.completed', 'response.incomplete']) {
    const last = frame({ type, sequence_number: 9, response: { model: 'gpt-5-2025', usage } });
    for (const frames of [
      [created, last],
      // Servers that leave out the event lines, or write the type later.
      [
        ['', created[1]],
        ['', last[1]],
      ],
      [['', `{"response":{"model":"gpt-5-2025","usage":${JSON.stringify(usage)}},"type":"${type}"}`]],
    ] as [string, string][][]) {
      const seen = observe(...frames);
      assert.deepEqual(
        [seen.usage?.input, seen.usage?.output, seen.model, seen.complete, seen.error],
        [7, 3, 'gpt-5-2025', true, undefined],
      );
    }
  }
});

test('a stream cut short has its model and is not whole', () => {
  const seen = observe(created, frame({ type: 'response.output_text.delta', delta: '"response.completed"' }));
  assert.deepEqual([seen.usage, seen.model, seen.complete, seen.error], [undefined, 'gpt-5', false, undefined]);
});

test('deltas are not parsed, whatever they say', () => {
  const parse = JSON.parse;
  let parsed = 0;
  JSON.parse = (...given: Parameters<typeof parse>) => {
    parsed++;
    return parse(...given);
  };
  try {
    const delta = { type: 'response.output_text.delta', delta: '{"type":"error","usage":{}} "response.completed"' };
    observe(created, frame(delta), ['', JSON.stringify(delta)]);
  } finally {
    JSON.parse = parse;
  }
  assert.equal(parsed, 0);
});

test('errors: the event in both forms, and a response that failed, whose usage counts', () => {
  for (const body of [
    { type: 'error', code: 'rate_limit_exceeded', message: 'Slow down.', param: null, sequence_number: 3 },
    { type: 'error', error: { type: 'too_many_requests', code: 'rate_limit_exceeded', message: 'Slow down.' } },
    {
      type: 'response.failed',
      response: { model: 'm', usage, error: { code: 'rate_limit_exceeded', message: 'Slow down.' } },
    },
  ]) {
    const seen = observe(created, frame(body));
    assert.deepEqual([seen.error?.status, seen.error?.message, seen.complete], [429, 'Slow down.', false]);
    if (body.type === 'response.failed') assert.equal(seen.usage?.output, 3);
  }
  const bare = observe(['', '{"error":{"message":"Out.","type":"server_error"}}']);
  assert.deepEqual([bare.error?.status, bare.error?.message], [500, 'Out.']);
});

test('a whole answer', () => {
  assert.deepEqual(responsesUsage.read({ usage, model: 'm' }), {
    usage: { ...emptyUsage(), input: 7, output: 3 },
    model: 'm',
    serviceTier: undefined,
    workId: undefined,
  });
  for (const field of ['usage', 'model']) assert.ok(responsesUsage.fields.includes(field));
});

test('a background response is work of its own once it has ended', () => {
  const body = { usage, model: 'm', id: 'resp_1', background: true };
  const workId = (status: string, background = true) => responsesUsage.read({ ...body, status, background }).workId;
  assert.deepEqual([workId('completed'), workId('failed'), workId('in_progress')], ['resp_1', 'resp_1', undefined]);
  assert.equal(workId('completed', false), undefined);
});
