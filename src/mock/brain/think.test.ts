import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ask, addMedia, addText, addTool, addToolResult, createAsk } from './ask.ts';
import { isMockSignature, isSignatureOf, signText } from './signature.ts';
import { type AnswerCandidate, type ThinkOptions, think } from './think.ts';
import { countTokens, firstTokens, textPieces } from './tokens.ts';
import { embedText, relevance } from './vectors.ts';

/** `more` may be fields to set, or a function that adds to the ask. */
function asking(text: string, more: Partial<Ask> | ((ask: Ask) => void) = {}, fields: Partial<Ask> = {}): Ask {
  const ask = createAsk('m');
  addText(ask, text, 'user');
  if (typeof more === 'function') more(ask);
  else Object.assign(ask, more);
  return Object.assign(ask, fields);
}

function first(ask: Ask, options: Partial<ThinkOptions> = {}): AnswerCandidate {
  const candidate = think(ask, { newId: () => 'id', ...options }).candidates[0];
  assert.ok(candidate);
  return candidate;
}

function textOf(candidate: AnswerCandidate): string {
  return candidate.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

const weather = (ask: Ask): void => {
  addTool(ask, 'get_weather', { type: 'object', properties: { city: { type: 'string' } } });
};

test('a token is four characters', () => {
  assert.equal(countTokens(''), 0);
  assert.equal(countTokens('four'), 1);
  assert.equal(countTokens('fives'), 2);
});

test('pieces join to the text and never cut a surrogate pair', () => {
  const text = 'abc😀def😀😀g';
  const pieces = textPieces(text);
  assert.equal(pieces.join(''), text);
  for (const piece of pieces) assert.equal(Buffer.from(piece).toString(), piece);
  assert.equal(firstTokens('abc😀', 1), 'abc');
});

test('the answer speaks of the last user text and counts it', () => {
  const answer = think(asking('Where is Delft?'), { newId: () => 'id' });
  const candidate = answer.candidates[0];
  assert.ok(candidate);
  assert.match(textOf(candidate), /^You said: Where is Delft\? This is the demo model/);
  assert.equal(candidate.finish, 'stop');
  assert.equal(answer.usage.input, 4);
  assert.equal(answer.usage.output, countTokens(textOf(candidate)));
});

test('the same question gives the same answer', () => {
  assert.deepEqual(first(asking('Hi')), first(asking('Hi')));
});

test('a wanted length is met exactly', () => {
  assert.equal(countTokens(textOf(first(asking('Hi'), { tokens: 300 }))), 300);
  assert.equal(textOf(first(asking('Hi'), { tokens: 3 })).length, 12);
});

test('the token limit ends the text', () => {
  const candidate = first(asking('Hi', { maxTokens: 5 }));
  assert.equal(textOf(candidate).length, 20);
  assert.equal(candidate.finish, 'length');
});

test('a stop sequence ends the text and is named', () => {
  const candidate = first(asking('one two', { stop: ['never', ' two'] }));
  assert.equal(textOf(candidate), 'You said: one');
  assert.equal(candidate.finish, 'stop-sequence');
  assert.equal(candidate.stopSequence, ' two');
});

test('a tool is called when asked for in words, by name, by choice, or by force', () => {
  const names = (candidate: AnswerCandidate): string[] =>
    candidate.parts.flatMap((part) => (part.type === 'tool-call' ? [part.name] : []));
  assert.deepEqual(names(first(asking('hello', weather))), []);
  assert.deepEqual(names(first(asking('please call the tool', weather))), ['get_weather']);
  assert.deepEqual(names(first(asking('use get_weather', weather))), ['get_weather']);
  const required = first(asking('hello', weather, { toolChoice: { type: 'required' } }));
  assert.deepEqual(names(required), ['get_weather']);
  assert.equal(required.finish, 'tool-calls');
  const none = asking('call the tool', weather, { toolChoice: { type: 'none' } });
  assert.deepEqual(names(first(none)), []);
  assert.deepEqual(names(first(asking('hi', weather), { forcedTools: ['get_weather', 'other'] })), [
    'get_weather',
    'other',
  ]);
});

test('several tools are called at once unless that is forbidden', () => {
  const two = (ask: Ask): void => {
    weather(ask);
    addTool(ask, 'get_time', {});
  };
  assert.equal(first(asking('call all tools', two)).parts.length, 2);
  assert.equal(first(asking('call all tools', two, { parallelTools: false })).parts.length, 1);
});

test('the arguments fit the schema', () => {
  const part = first(asking('call the tool', weather)).parts[0];
  assert.ok(part?.type === 'tool-call');
  assert.deepEqual(JSON.parse(part.arguments), { city: 'example city' });
});

test('a tool result is used, and the tool not called again', () => {
  const ask = asking('call the tool', weather);
  addToolResult(ask, 'get_weather', '21 degrees');
  assert.match(textOf(first(ask)), /^The tool get_weather answered: 21 degrees\./);
});

test('images are acknowledged and counted', () => {
  const ask = asking('look', (one) => {
    addMedia(one, 'image');
    addMedia(one, 'image');
    addMedia(one, 'document');
  });
  assert.match(textOf(first(ask)), /I received 2 images and 1 document\./);
  assert.equal(ask.inputTokens, 301);
});

test('a JSON schema is fitted', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } } };
  const text = textOf(first(asking('hi', { format: { type: 'json-schema', schema } })));
  assert.deepEqual(JSON.parse(text), { n: 1 });
});

test('thoughts come first, are signed and counted as output', () => {
  const answer = think(asking('hi', { reasoning: true }), { newId: () => 'id' });
  const part = answer.candidates[0]?.parts[0];
  assert.ok(part?.type === 'reasoning');
  assert.ok(isSignatureOf(part.signature, part.text));
  assert.equal(answer.usage.reasoning, countTokens(part.text));
  assert.ok(answer.usage.output > answer.usage.reasoning);
});

test('signatures tell changed texts', () => {
  const signature = signText('a thought');
  assert.ok(isMockSignature(signature));
  assert.ok(!isSignatureOf(signature, 'another thought'));
  assert.ok(!isMockSignature('bm90IG91cnM='));
  assert.ok(!isMockSignature('%'));
});

test('cached tokens never exceed the input', () => {
  assert.equal(think(asking('12345678'), { newId: () => 'id', cachedTokens: 99 }).usage.cached, 2);
});

test('vectors have length one, and shared words bring texts near', () => {
  const dot = (one: number[], other: number[]): number =>
    one.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0);
  const cat = embedText('the cat sat on the mat', 256);
  const dog = embedText('the dog sat on the mat', 256);
  const tax = embedText('annual revenue statement', 256);
  assert.equal(cat.length, 256);
  assert.ok(Math.abs(dot(cat, cat) - 1) < 1e-5);
  assert.ok(dot(cat, dog) > dot(cat, tax) + 0.3);
  assert.equal(dot(embedText('', 8), embedText('', 8)), 1);
});

test('relevance follows common words', () => {
  assert.ok(relevance('capital of France', 'Paris is the capital of France') > 0.9);
  assert.ok(relevance('capital of France', 'bread recipe') < 0.01);
});
