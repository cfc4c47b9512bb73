import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GatewayError } from '../errors/gateway-error.ts';
import type { JsonObject } from '../json/types.ts';
import { createRouteExpressionCompiler } from './route-expression.ts';
import type { RouteInput } from './route-table.ts';

const compile = createRouteExpressionCompiler();

const BODY: JsonObject = {
  max_tokens: 500,
  temperature: 0.5,
  user: 'ada',
  flag: true,
  note: 'a+b',
  messages: [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: [{ type: 'text' }, { type: 'image_url' }] },
  ],
};

const INPUT: RouteInput = {
  model: 'gpt-4o',
  path: '/v1/chat/completions',
  method: 'POST',
  host: 'api.example.com',
  operation: 'chat',
  stream: true,
  sourceIp: '10.0.0.7',
  principal: { organization: 'acme', team: 'search', user: undefined, key: undefined },
  claims: { level: 3, roles: ['admin', 'dev'] },
  header: () => undefined,
  headers: () => new Map([['x-tier', 'gold']]),
  query: () => new Map([['beta', 'true']]),
  body: () => BODY,
  promptTokens: () => 1200,
  tools: () => false,
};

const holds = (text: string, input: RouteInput = INPUT) => compile(text).holds(input);

describe('every variable can be read', () => {
  const cases = [
    'model == "gpt-4o"',
    'model.startsWith("gpt-")',
    'path == "/v1/chat/completions"',
    'method == "POST"',
    'host.endsWith(".example.com")',
    'operation in ["chat", "messages"]',
    'stream && !tools',
    'prompt_tokens > 1000',
    'headers["x-tier"] == "gold"',
    'headers[?"x-other"].orValue("none") == "none"',
    '!("x-other" in headers)',
    'query.beta == "true"',
    'body.max_tokens == 500',
    'body.max_tokens > 100 && body.temperature < 1',
    'body.flag',
    'has(body.user) && !has(body.metadata)',
    'size(body.messages) == 2',
    'body.messages[0].role == "system"',
    'body.messages.exists(m, m.role == "user" && m.content.exists(part, part.type == "image_url"))',
    'body.messages.filter(m, m.role == "user").size() == 1',
    'principal.organization == "acme" && principal.user == ""',
    'claims.level >= 3',
    '"admin" in claims.roles',
    'source_ip.startsWith("10.")',
    'body.user.matches("^a")',
    'body.note.matches("a.b") && !body.note.matches("^b")',
  ];
  for (const text of cases) test(text, () => assert.equal(holds(text), true));
});

test('a request that shows little has empty values', () => {
  const little: RouteInput = { model: undefined, path: '/', header: () => undefined };
  assert.equal(holds('model == "" && host == "" && !stream && prompt_tokens == 0 && body == null', little), true);
  assert.equal(holds('size(headers) == 0 && principal.key == "" && size(claims) == 0', little), true);
});

test('an expression that names what is not there does not hold', () => {
  for (const text of ['headers["x-other"] == "gold"', 'body.nothing == 1', 'body.messages[7].role == "user"']) {
    assert.equal(holds(text), false, text);
    assert.match(compile(text).shown(INPUT), /^it has no answer: no such key/);
  }
  assert.equal(holds('body.x == 1', { ...INPUT, body: () => undefined }), false);
  assert.equal(compile('stream').shown(INPUT), 'it says true');
});

test('an expression that fails for another reason says so', () => {
  assert.throws(() => holds('body.user > 5'), /no such overload: .*string.* > int \(at character 1\)/);
  assert.throws(() => holds('body.user'), /neither true nor false/);
  assert.throws(() => holds('body.long.matches("(a|b)*c")', { ...INPUT, body: () => ({ long: 'a'.repeat(70_000) }) }), {
    message: /70000 characters/,
  });
});

test('a malformed body stays an error of the request', () => {
  const malformed = new GatewayError('malformed_request', 'no JSON');
  const input: RouteInput = {
    ...INPUT,
    body: () => {
      throw malformed;
    },
  };
  assert.throws(() => holds('body.x == 1', input), malformed);
  assert.equal(holds('model == "gpt-4o" || body.x == 1', input), true);
});

test('what is not read is not computed', () => {
  const input: RouteInput = {
    ...INPUT,
    body: () => assert.fail('the body was parsed'),
    promptTokens: () => assert.fail('tokens were counted'),
    headers: () => assert.fail('headers were collected'),
  };
  assert.equal(holds('model == "gpt-4o" && stream', input), true);
  assert.equal(holds('model == "other" && body.x == 1', input), false);
});

test('the fields of the body that it names are known', () => {
  assert.deepEqual(compile('body.a.b == 1 || body["c"] == 2 || has(body.d) || model == "x"').bodyFields, [
    'a',
    'c',
    'd',
  ]);
});

describe('what cannot be used is refused when it is compiled', () => {
  const cases: [text: string, message: RegExp][] = [
    ['model +', /unexpected token: EOF \(at character 8\)/],
    ['modl == "x"', /unknown variable: modl \(at character 1\)/],
    ['model == 5', /no such overload: string == int/],
    ['model', /of type string; it must be of type bool/],
    ['principal.name == "x"', /no such key: name/],
    ['nope(model)', /nope/],
    ['model.matches("(?=a)")', /matches\(\) takes RE2 syntax: .* \(at character 15\)/],
    ['model.matches(path)', /one pattern, written out as text/],
    ['prompt_tokens.matches("a")', /'int.matches\(string\)'/],
    ['model.matches_linear("a")', /no function matches_linear/],
    ['cel.bind(x, body, x.a == 1)', /cel.bind is not supported/],
    [`model == "${'a'.repeat(5000)}"`, /longer than 4096 characters/],
    [`${'('.repeat(200)}true${')'.repeat(200)}`, /exceeded|limit|depth/i],
  ];
  for (const [text, message] of cases) test(text.slice(0, 40), () => assert.throws(() => compile(text), { message }));
});

describe('so is what could take more than linear time', () => {
  const cases = [
    'body.a.exists(x, body.b.exists(y, x == y))',
    'body.a.exists(x, x in body.b)',
    'body.a.all(x, headers["x-list"].contains(x))',
    'body.a.exists(x, x.list.exists(y, x.text.size() > y))',
    'body.a.map(x, body.a).size() > 0',
    'headers[?"a"].optMap(v, body.a.size() > 1).orValue(false)',
    'body.text.contains(headers["x-word"])',
    'body.text.split(body.separator).size() > 3',
    'body.words.exists(x, model.contains(x))',
  ];
  for (const text of cases) {
    test(text, () => assert.throws(() => compile(text), /gone through again|takes no text that the request chooses/));
  }
});

test('loops over the parts of an element, and small values in a loop, are allowed', () => {
  for (const text of [
    'body.messages.exists(m, m.role == model)',
    'body.messages.exists(model, model.role == "user")',
    'body.messages.all(m, m.role in ["system", "user"])',
    'body.messages.exists(m, principal.team == "search" && m.role == "user")',
  ]) {
    assert.doesNotThrow(() => compile(text), text);
  }
});
