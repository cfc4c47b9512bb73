import assert from 'node:assert/strict';
import test from 'node:test';
import { scanObject } from '../json/scan.ts';
import { estimatePromptTokens } from './prompt-tokens.ts';

const estimate = (body: unknown) =>
  estimatePromptTokens(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
const chat = (content: unknown) => ({ model: 'm', messages: [{ role: 'user', content }] });

/** What a request costs beside its content. */
const FRAME = estimate(chat(''));

function assertNear(actual: number, expected: number, share: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * share, `${actual} is not within ${share * 100} % of ${expected}`);
}

const PROSE =
  'The gateway reads each request once, decides which model provider should answer it, and passes the answer on as it arrives. ';

test('English prose is about four characters a token', () => {
  // One for each word and each punctuation mark: 24 a sentence in common vocabularies.
  assertNear(estimate(chat(PROSE.repeat(50))) - FRAME, 24 * 50, 0.35);
  assertNear(estimate(chat(PROSE.repeat(50))) - FRAME, (PROSE.length * 50) / 4, 0.01);
});

test('other scripts count by their bytes, however they are escaped', () => {
  const text = '人工智能网关把请求送到最合适的模型'.repeat(40);
  const plain = estimate(chat(text));
  assertNear(plain - FRAME, text.length, 0.05);
  const escaped = JSON.stringify(chat(text)).replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  assert.ok(!escaped.includes('人'));
  assertNear(estimate(escaped), plain, 0.01);
});

test('media count flat, as data URL and as bare base64', () => {
  for (const size of [2_000, 20_000, 2_000_000]) {
    const data = Buffer.alloc(size, 0xa7).toString('base64');
    for (const url of [`data:image/png;base64,${data}`, data, data.replaceAll('/', '\\/')]) {
      const tokens = estimate(`{"content":[{"type":"image_url","image_url":{"url":"${url}"}}]}`);
      assertNear(tokens, 1000, 0.05);
    }
  }
});

test('long text without spaces is no media', () => {
  assertNear(estimate(chat('a,b;c:d.'.repeat(500))) - FRAME, 1000, 0.01);
});

test('tools count, and so do lists of tokens', () => {
  const tools = [
    { type: 'function', function: { name: 'weather', description: PROSE, parameters: { type: 'object' } } },
  ];
  assert.ok(estimate({ ...chat('hi'), tools }) > estimate(chat('hi')) + 25);
  assertNear(estimate({ model: 'm', input: Array.from({ length: 1000 }, (_, index) => index) }), 1000, 0.02);
});

test('nothing is nothing, and what is no JSON does no harm', () => {
  assert.equal(estimate(''), 0);
  assert.equal(estimate('{}'), 0);
  for (const text of ['"', '"\\', '"\\u', '{"a":"b', '\\"\\"', '[[[["']) assert.ok(estimate(text) < 10, text);
});

test('a long string is judged by its beginning', () => {
  const text = PROSE.repeat(1000) + '模'.repeat(100_000);
  assertNear(estimate(chat(text)) - FRAME, Buffer.byteLength(text) / 4, 0.01);
});

test('much text is judged by its first megabyte', () => {
  const turn = { role: 'user', content: PROSE };
  const one = estimate({ messages: [turn] }) - estimate({ messages: [] });
  assertNear(estimate({ messages: Array.from({ length: 20_000 }, () => turn) }), one * 20_000, 0.02);
});

test('quotes within strings are text', () => {
  const text = '{"a":"b","c":"d"}'.repeat(20_000);
  assertNear(estimate(chat(text)), text.length / 4, 0.05);
});

test('knowing where long strings end changes no estimate', () => {
  const picture = `data:image/png;base64,${Buffer.alloc(200_000, 0xa7).toString('base64')}`;
  const prose = PROSE.repeat(1000).replaceAll('gateway', '"gateway"');
  for (const content of [picture, prose, [{ text: 'short' }, picture, { text: prose }, picture, 'end']]) {
    const body = Buffer.from(JSON.stringify(chat(content)));
    const { longStrings } = scanObject(body, []);
    assert.ok(longStrings.length > 0);
    assert.equal(estimatePromptTokens(body, longStrings), estimatePromptTokens(body));
  }
});
