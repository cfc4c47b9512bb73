import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../errors/gateway-error.ts';
import { multipartBoundary, readMultipart } from './multipart.ts';

const BOUNDARY = 'frontier';
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;
const END = `--${BOUNDARY}--\r\n`;

function part(disposition: string, value: string): string {
  return `--${BOUNDARY}\r\ncontent-disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`;
}

function read(text: string) {
  return readMultipart(Buffer.from(text), BOUNDARY);
}

function assertRefused(text: string, what: string): void {
  assert.throws(
    () => read(text),
    (error) => GatewayError.is(error) && error.code === 'malformed_request',
    what,
  );
}

test('the boundary is read from every proper spelling', () => {
  const spellings: Record<string, string | undefined> = {
    [TYPE]: BOUNDARY,
    'Multipart/Form-Data;boundary="with space and :"': 'with space and :',
    'multipart/form-data; charset=utf-8; BOUNDARY=x': 'x',
    'multipart/form-data; boundary="a\\"b"': undefined,
    'application/json': undefined,
    'multipart/mixed; boundary=x': undefined,
    'multipart/form-datax; boundary=x': undefined,
  };
  for (const [type, expected] of Object.entries(spellings)) {
    let found: string | undefined;
    try {
      found = multipartBoundary(type);
    } catch (error) {
      assert.ok(GatewayError.is(error));
    }
    assert.equal(found, expected, type);
  }
});

test('a content type without one clear boundary is refused', () => {
  for (const type of [
    'multipart/form-data',
    'multipart/form-data;',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=a; boundary=b',
    'multipart/form-data; boundary=a; boundary*=b',
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
    'multipart/form-data; boundary="a b "',
    'multipart/form-data; boundary=a b',
  ]) {
    assert.throws(() => multipartBoundary(type), GatewayError.is, type);
  }
});

test('the model is found wherever its part stands, and its span replaces cleanly', () => {
  const file = part('name="file"; filename="a.wav"', 'RIFF\0\r\n\r\n--front\r\n--\r\n');
  for (const text of [
    part('name="model"', 'whisper') + file + END,
    file + part('name="model"', 'whisper') + END,
    `preamble\r\n${file}${part('name=model', 'whisper')}${END}`,
    part('name="model"; filename=""', 'whisper') + END,
  ]) {
    const result = read(text);
    assert.equal(result.model, 'whisper');
    assert.ok(result.modelSpan);
    assert.equal(Buffer.from(text).toString('utf8', result.modelSpan.start, result.modelSpan.end), 'whisper');
  }
  assert.equal(read(part('name="stream"', 'true') + END).stream, true);
  assert.equal(read(part('name="stream"', 'false') + END).stream, false);
  assert.equal(read(part('name="model"', '') + END).model, '');
  assert.equal(read(part('name="other"', 'x') + END).model, undefined);
});

test('what two readers could read in two ways is refused', () => {
  const model = part('name="model"', 'cheap');
  const refused: Record<string, string> = {
    'no boundary': 'model=cheap',
    'no end': model,
    'two models': model + part('name="model"', 'dear') + END,
    'two models, one too long': model + part('name="model"', 'd'.repeat(5000)) + END,
    'text behind the boundary': `--${BOUNDARY}x\r\ncontent-disposition: form-data; name="model"\r\n\r\ncheap\r\n${END}`,
    'part behind the end': model + END + part('name="model"', 'dear') + END,
    'no header': `--${BOUNDARY}\r\ncheap\r\n${END}`,
    'two names': part('name="a"; name="model"', 'cheap') + END,
    'extended name': part("name*=utf-8''model", 'cheap') + END,
    'two dispositions': `--${BOUNDARY}\r\ncontent-disposition: form-data; name="a"\r\ncontent-disposition: form-data; name="model"\r\n\r\ncheap\r\n${END}`,
    'unreadable disposition': part('name="model', 'cheap') + END,
    'too many parts': `--${BOUNDARY}\r\n\r\n\r\n`.repeat(1002) + END,
  };
  for (const [what, text] of Object.entries(refused)) assertRefused(text, what);
});

test('cut anywhere it is refused', () => {
  const text = `${part('name="file"; filename="a"', 'x')}${part('name="model"', 'whisper')}--${BOUNDARY}--`;
  for (let at = 0; at < text.length; at++) assertRefused(text.slice(0, at), text.slice(0, at));
  assert.equal(read(text).model, 'whisper');
});

test('a quoted name is what it says, whatever else the header holds', () => {
  assert.equal(read(part('name="other"; note="; name=model "', 'cheap') + END).model, undefined);
  assert.equal(read(part('name="model"; note="; name=other "', 'dear') + END).model, 'dear');
  assert.equal(read(part('name="a\\"; name=\\"model"', 'cheap') + END).model, undefined);
  assert.equal(read(part('filename="; name=\\"model\\""; name="file"', 'cheap') + END).model, undefined);
});

test('what is accepted is what another reader of forms finds', async () => {
  const value = fc.oneof(
    fc.constantFrom('cheap', 'dear', '', '--frontier', '\r\n', '\r\n--frontie', '--', 'é😀', '--frontier--'),
    fc.string({ maxLength: 20 }),
  );
  const disposition = fc.constantFrom(
    'name="model"',
    'name=model',
    'name="file"; filename="a.wav"',
    'name="prompt"',
    'name="stream"',
    'name="Model"',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(disposition, value), { maxLength: 4 }), async (parts) => {
      const text = parts.map(([how, one]) => part(how, one)).join('') + END;
      const bytes = Buffer.from(text);
      let mine: ReturnType<typeof read>;
      try {
        mine = readMultipart(bytes, BOUNDARY);
      } catch (error) {
        assert.ok(GatewayError.is(error), String(error));
        return;
      }
      const other = await new Response(bytes, { headers: { 'content-type': TYPE } }).formData().catch(() => undefined);
      if (other === undefined) return;
      assert.deepEqual(mine.model === undefined ? [] : [mine.model], other.getAll('model'), text);
    }),
    { numRuns: 500 },
  );
});
