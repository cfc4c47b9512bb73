import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { bodiesOf, decodeFrames, encodeEvents, namedFrames } from '../openai/support.test.ts';
import { answerOf, eventsOf, everyCut } from '../stream-support.test.ts';
import { cohereChat } from './dialect.ts';
import { chatUsage } from './usage.ts';

const CITATION = { start: 0, end: 2, text: 'Hi', sources: [], type: 'TEXT_CONTENT' };
const content = (index: number, value: JsonObject): JsonObject => ({ index, delta: { message: { content: value } } });
const call = (value: JsonObject): JsonObject => ({ delta: { message: { tool_calls: value } } });

const START = { type: 'message-start', id: 'c-1', delta: { message: { role: 'assistant' } } };
const END = {
  type: 'message-end',
  delta: {
    finish_reason: 'COMPLETE',
    usage: { billed_units: { input_tokens: 3, output_tokens: 2 }, tokens: { input_tokens: 9, output_tokens: 2 } },
  },
};
const TEXT: JsonObject[] = [
  START,
  { type: 'content-start', ...content(0, { type: 'text', text: '' }) },
  { type: 'content-delta', ...content(0, { text: 'Hi' }) },
  { type: 'content-delta', ...content(0, { text: ' – Zürich 👋' }) },
  { type: 'citation-start', index: 0, delta: { message: { citations: CITATION } } },
  { type: 'citation-end', index: 0 },
  { type: 'content-end', index: 0 },
  END,
];

const decode = (bodies: JsonObject[]): NeutralEvent[] => decodeFrames(cohereChat, namedFrames(bodies));

test('a text with citations is read as one block', () => {
  assert.deepEqual(decode(TEXT), [
    { type: 'start', id: 'c-1', model: '' },
    { type: 'text-start', candidate: 0, block: 0 },
    { type: 'text-delta', candidate: 0, block: 0, text: 'Hi' },
    { type: 'text-delta', candidate: 0, block: 0, text: ' – Zürich 👋' },
    { type: 'usage', usage: { ...emptyUsage(), input: 3, output: 2 } },
    {
      type: 'text-end',
      candidate: 0,
      block: 0,
      origin: { dialect: 'cohere-chat', value: { citations: [CITATION] } },
      citations: [{ start: 0, end: 2 }],
    },
    { type: 'finish', candidate: 0, finishReason: 'stop' },
    { type: 'end' },
  ]);
});

test('citations that come after the end of their content still belong to it', () => {
  const [start, open, first, second, cite, citeEnd, close, end] = TEXT;
  const late = [start, open, first, second, close, cite, citeEnd, end].filter((one) => one !== undefined);
  assert.deepEqual(decode(late), decode(TEXT));
});

test('plan, parallel calls and thoughts are blocks of their own', () => {
  const events = decode([
    START,
    { type: 'tool-plan-delta', delta: { message: { tool_plan: 'I will ' } } },
    { type: 'tool-plan-delta', delta: { message: { tool_plan: 'look.' } } },
    {
      type: 'tool-call-start',
      index: 0,
      ...call({ id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
    },
    { type: 'tool-call-delta', index: 0, ...call({ function: { arguments: '{"x"' } }) },
    {
      type: 'tool-call-start',
      index: 1,
      ...call({ id: 'b', type: 'function', function: { name: 'g', arguments: '' } }),
    },
    { type: 'tool-call-delta', index: 0, ...call({ function: { arguments: ':1}' } }) },
    { type: 'tool-call-delta', index: 1, ...call({ function: { arguments: '{}' } }) },
    { type: 'tool-call-end', index: 0 },
    { type: 'tool-call-end', index: 1 },
    { type: 'message-end', delta: { finish_reason: 'TOOL_CALL' } },
  ]);
  const answer = answerOf(events);
  assert.equal(answer.thought, 'I will look.');
  assert.deepEqual(answer.calls, [
    { id: 'a', name: 'f', arguments: '{"x":1}' },
    { id: 'b', name: 'g', arguments: '{}' },
  ]);
  assert.equal(answer.finishReason, 'tool-calls');
  const thinking = decode([
    START,
    { type: 'content-start', ...content(0, { type: 'thinking', thinking: '' }) },
    { type: 'content-delta', ...content(0, { thinking: 'hm' }) },
    { type: 'content-end', index: 0 },
    // Without its start.
    { type: 'content-delta', ...content(1, { text: 'Hi' }) },
    END,
  ]);
  assert.deepEqual([answerOf(thinking).thought, answerOf(thinking).text], ['hm', 'Hi']);
});

test('the stream is the same however its bytes are cut', () => {
  const text = `${TEXT.map((body) => `event: ${String(body['type'])}\ndata: ${JSON.stringify(body)}\n\n`).join('')}data: [DONE]\n\n`;
  const whole = decode(TEXT);
  for (const pieces of everyCut(text)) assert.deepEqual(eventsOf(cohereChat, pieces), whole);
});

test('errors: a message-end with one, an error object, a missing end', () => {
  const ended = decode([START, { type: 'message-end', delta: { finish_reason: 'ERROR', error: 'too slow' } }]);
  const last = ended.at(-1);
  assert.equal(last?.type === 'error' && last.error.message, 'too slow');
  const bare = decodeFrames(cohereChat, [{ event: '', data: '{"message":"overloaded"}' }]).at(-1);
  assert.equal(bare?.type === 'error' && bare.error.message, 'overloaded');
  assert.equal(decode(TEXT.slice(0, -1)).at(-1)?.type, 'error');
});

test('what is written has the events of the API', () => {
  const written = bodiesOf(encodeEvents(cohereChat, decode(TEXT)));
  const message = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };
  const counts = { input_tokens: 3, output_tokens: 2 };
  assert.deepEqual(written, [
    { ...START, delta: { message } },
    ...TEXT.slice(1, -1),
    { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: { billed_units: counts, tokens: counts } } },
    '[DONE]',
  ]);
});

test('streams that pass through are watched for usage, end and errors', () => {
  const observer = chatUsage.createStreamObserver();
  for (const frame of namedFrames(TEXT)) {
    assert.equal(observer.complete, false);
    observer.frame(frame.event, frame.data);
  }
  assert.equal(observer.complete, true);
  assert.equal(observer.usage?.input, 3);
  const failed = chatUsage.createStreamObserver();
  failed.frame('', '{"type":"message-end","delta":{"finish_reason":"ERROR","error":"no"}}');
  assert.deepEqual([failed.complete, failed.error?.message], [false, 'no']);
});
