import assert from 'node:assert/strict';
import test from 'node:test';
import { checkBaseUrls, MAX_ENDPOINTS, parseEndpointList } from './endpoint-list.ts';

const TWO = ['http://10.0.0.1:8000', 'https://b.example/v1'];

test('lines, YAML and JSON say the same', () => {
  const texts = [
    `${TWO[0]}\n${TWO[1]}\n`,
    `# the first rack\r\n${TWO[0]}   # node 1\r\n\r\n  ${TWO[1]}\r\n`,
    `- ${TWO[0]}\n- "${TWO[1]}"\n`,
    `---\n- ${TWO[0]}\n- ${TWO[1]}\n`,
    `["${TWO[0]}",\n "${TWO[1]}"]`,
    `${TWO[0]}\n${TWO[1]}\n${TWO[0]}\n`,
  ];
  for (const text of texts) assert.deepEqual(parseEndpointList('list', text), TWO, text);
});

test('no endpoint is said in words: an empty file may be half written', () => {
  assert.deepEqual(parseEndpointList('list', '[]\n'), []);
  for (const text of ['', '\n\n', '# nothing yet\n']) {
    assert.throws(() => parseEndpointList('list', text), /names no endpoint; write \[\]/, JSON.stringify(text));
  }
});

test('every fault is told with its place', () => {
  const throwsOf = (text: string) => {
    try {
      parseEndpointList('eps', text);
    } catch (error) {
      return (error as Error).message;
    }
    return 'nothing is wrong';
  };
  assert.equal(
    throwsOf(`${TWO[0]}\n10.0.0.2:8000\nhttp://user:secret@c.example\n`),
    'eps:2: "10.0.0.2:8000" is not a URL; write one such as https://api.openai.com/v1; ' +
      'eps:3: must not carry credentials; use `api_key` or `credential`',
  );
  assert.equal(throwsOf('- http://a.example?x=1\n'), 'eps: entry 1: must not carry a query or a fragment');
  assert.equal(throwsOf('- 7\n'), 'eps: entry 1: must be a text, such as "http://10.0.0.7:8000"');
  assert.match(throwsOf('["http://a.example"'), /^eps:1:\d+: is not valid YAML/);
  assert.equal(throwsOf('- http://a.example\n---\n- http://b.example\n'), 'eps: must be one list of base URLs');
});

test('there is a bound', () => {
  const many = Array.from({ length: MAX_ENDPOINTS + 1 }, (_, index) => `http://10.0.0.1:${index + 1}`);
  assert.deepEqual(checkBaseUrls(many, String), { problems: ['there are more than 1000 endpoints'] });
  assert.equal(checkBaseUrls(many.slice(1), String).urls?.length, MAX_ENDPOINTS);
});
