import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../errors/gateway-error.ts';
import { LONG_STRING, scanObject } from './scan.ts';
import { spliceObject } from './splice.ts';

const wanted = ['model', 'stream', 'user'];
const bytes = (text: string) => Buffer.from(text);

function isRefused(text: string): boolean {
  try {
    scanObject(bytes(text), wanted);
    return false;
  } catch (error) {
    assert.ok(GatewayError.is(error));
    assert.equal(error.code, 'malformed_request');
    return true;
  }
}

test('a scan gives the span of wanted fields and ignores those inside', () => {
  const text = ' {"a":{"model":"no"},"model" : "gpt" , "stream":true, "z":["stream"]}\n';
  const scanned = scanObject(bytes(text), wanted);
  const model = scanned.fields['model'];
  assert.ok(model);
  assert.equal(text.slice(model.start, model.end), '"gpt"');
  const stream = scanned.fields['stream'];
  assert.ok(stream);
  assert.equal(text.slice(stream.start, stream.end), 'true');
  assert.equal(Object.keys(scanned.fields).length, 2);
});

test('every object that JSON.stringify writes is accepted, with its own values', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 6 })), fc.string(), (rest, model) => {
      const object = { ...rest, model };
      const text = JSON.stringify(object, null, (jsonLength(rest) % 3) * 2);
      const span = scanObject(bytes(text), wanted).fields['model'];
      assert.ok(span);
      assert.equal(JSON.parse(bytes(text).subarray(span.start, span.end).toString()), model);
    }),
  );
});

function jsonLength(value: unknown): number {
  return JSON.stringify(value).length;
}

test('what JSON.parse refuses is refused, but for the inside of long strings', () => {
  const cases = [
    '',
    ' ',
    'null',
    '[]',
    '"x"',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{,}',
    '{"a" 1}',
    '{a:1}',
    "{'a':1}",
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":nul}',
    '{"a":NaN}',
    '{"a":undefined}',
    '{"a":1}}',
    '{"a":1} x',
    '{"a":[1,]}',
    '{"a":[1 2]}',
    '{"a":[}',
    '{"a":{]}',
    '{"a":"\n"}',
    '{"a":"x}',
    '{"a":"x\\"}',
    '{"a":tru}',
    '{"a":1}{"b":2}',
    '{"a":{"b"}}',
    '{"a":{"b":}}',
    '{"a":{1:2}}',
    '{"a"::1}',
    '{"a":1;}',
    '// c\n{}',
    '{"a":0x10}',
  ];
  for (const text of cases) assert.ok(isRefused(text), text);
});

test('a cut anywhere is refused', () => {
  const text = '{"model":"m","messages":[{"role":"user","content":"hi \\"there\\" \\\\"}],"n":1.5e3}';
  for (let at = 0; at < text.length; at++) assert.ok(isRefused(text.slice(0, at)), text.slice(0, at));
  assert.equal(isRefused(text), false);
});

test('nesting deeper than 256 is refused without a stack overflow', () => {
  assert.ok(isRefused(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`));
  assert.equal(isRefused(`{"a":${'['.repeat(250)}${']'.repeat(250)}}`), false);
});

test('a wanted field in another case is refused where readers that ignore case are feared', () => {
  const refused = (text: string) => {
    try {
      scanObject(bytes(text), ['model', 'stream'], { exactCase: true });
      return undefined;
    } catch (error) {
      assert.ok(GatewayError.is(error) && error.code === 'malformed_request', `${error}`);
      return error.param;
    }
  };
  assert.equal(refused('{"model":"a","Model":"b"}'), 'model');
  assert.equal(refused('{"STREAM":true}'), 'stream');
  assert.equal(refused('{"\\u004dodel":"b"}'), 'model');
  assert.equal(refused('{"\u017ftream":true}'), 'stream');
  assert.equal(refused('{"model":"a","stream":true,"models":[],"mode":1,"x":{"Model":1},"\u00dc":1}'), undefined);
  assert.equal(isRefused('{"model":"a","Model":"b"}'), false);
});

test('a wanted field there twice is refused, also when one is spelled with escapes', () => {
  assert.ok(isRefused('{"model":"a","model":"b"}'));
  assert.ok(isRefused('{"model":"a","mod\\u0065l":"b"}'));
  assert.equal(isRefused('{"other":1,"other":2}'), false);
});

test('long strings with escapes end where they end', () => {
  for (const tail of ['\\\\', '\\"', '\\\\\\"', 'x']) {
    const text = JSON.stringify({ long: `${'y'.repeat(200)}`, model: 'm' }).replace('yyy"', `yyy${tail}"`);
    const span = scanObject(bytes(text), wanted).fields['model'];
    assert.ok(span, text);
  }
});

test('splices change what they should and nothing else', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.jsonValue({ maxDepth: 2 })),
      fc.constantFrom('model', 'stream', 'user'),
      fc.array(fc.constantFrom('model', 'stream', 'user'), { maxLength: 3 }),
      fc.array(fc.constantFrom('model', 'stream', 'user'), { maxLength: 3 }),
      fc.constantFrom(0, 2),
      (rest, first, sets, removes, indent) => {
        const object: Record<string, unknown> = { [first]: 1, ...rest, model: 'old', user: { id: [1] } };
        const source = bytes(JSON.stringify(object, null, indent));
        const touched = new Set(sets);
        const dropped = [...new Set(removes)].filter((field) => !touched.has(field));
        // Through JSON: it has no negative zero.
        const expected = JSON.parse(JSON.stringify(object)) as Record<string, unknown>;
        for (const field of touched) expected[field] = 'new';
        for (const field of dropped) delete expected[field];
        const edits = [
          ...dropped.map((field) => ({ field, json: undefined })),
          ...[...touched].map((field) => ({ field, json: '"new"' })),
        ];
        const result = Buffer.concat(spliceObject(source, scanObject(source, wanted), edits)).toString();
        assert.deepEqual(JSON.parse(result), expected, result);
      },
    ),
    { numRuns: 500 },
  );
});

test('a scan notes where long strings stand, however deep, and no shorter ones', () => {
  const long = `${'x'.repeat(LONG_STRING - 2)}\\"`;
  const text = `{"a":["${long.slice(1)}",{"b":"${long}"}],"c":"${long}"}`;
  const { longStrings } = scanObject(bytes(text), wanted);
  const inner = text.indexOf('"b":') + 4;
  const outer = text.indexOf('"c":') + 4;
  assert.deepEqual(longStrings, [inner, inner + LONG_STRING + 1, outer, outer + LONG_STRING + 1]);
});
