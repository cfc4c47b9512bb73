import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gatewayConfig } from '../config/model.ts';
import type { JsonObject } from '../json/types.ts';
import { createRouteExpressionCompiler } from '../routing/route-expression.ts';
import { createRouteTable, type RouteInput } from '../routing/route-table.ts';
import { compileCondition, exactModel, isAnyModel, isOpenMatch } from './compile-match.ts';
import type { RouteMatchConfig } from './config-types.ts';

const compileExpression = createRouteExpressionCompiler();

/** A match as the loader reads it. */
function parse(match: unknown): RouteMatchConfig {
  const config = gatewayConfig.parse({
    static_cluster: { a: { provider: 'demo' } },
    virtual_services: [{ name: 's', virtual_routes: [{ match, split: [{ cluster: 'a' }] }] }],
  });
  const parsed = config.virtual_services[0]?.virtual_routes[0]?.match;
  assert.ok(parsed !== undefined && !Array.isArray(parsed));
  return parsed;
}

const BODY: JsonObject = {
  metadata: { tier: 'gold', 'a/b': 1, none: null },
  temperature: 0,
  user: 'ada',
  messages: [{ content: 'first' }, { content: 'last\nline' }],
};

const INPUT: RouteInput = {
  model: 'gpt-4o-mini',
  path: '/v1/chat/completions',
  method: 'POST',
  host: 'eu.api.example.com',
  operation: 'chat',
  stream: true,
  sourceIp: '10.0.0.7',
  principal: { organization: 'acme', team: 'search', user: undefined, key: 'ada-laptop' },
  claims: {
    sub: 'ada',
    realm: { roles: ['dev', 'admin'], level: 2 },
    scope: 'read write',
    'https://x.example/y.z': true,
  },
  header: (name) => (name === 'x-tier' ? 'gold-eu' : undefined),
  query: () => new Map([['region', 'eu']]),
  body: () => BODY,
  promptTokens: () => 1000,
  tools: () => false,
};

function verdict(match: unknown, input: RouteInput = INPUT) {
  const table = createRouteTable([{ condition: compileCondition(parse(match), compileExpression), route: 'r' }]);
  const [explained] = table.explain(input);
  assert.equal(table.find(input) !== undefined, explained?.holds, 'explained otherwise than found');
  return explained;
}

describe('conditions that hold, and what they are in words', () => {
  const cases: [match: unknown, words: string][] = [
    [{ model: 'gpt-4o-mini' }, 'model is "gpt-4o-mini"'],
    [{ model: 'gpt-*' }, 'model looks like "gpt-*"'],
    [{ model: { glob: '*-mini' } }, 'model looks like "*-mini"'],
    [{ model: { prefix: 'gpt' } }, 'model begins with "gpt"'],
    [{ model: { regex: 'gpt-[0-9]o.*' } }, 'model matches /gpt-[0-9]o.*/'],
    [{ hosts: ['*.example.com'] }, 'host looks like "*.example.com"'],
    [{ hosts: ['other', 'EU.api.example.com'] }, 'host is "other" or is "eu.api.example.com"'],
    [{ paths: ['/v1/chat/completions'] }, 'path is "/v1/chat/completions"'],
    [{ paths: ['/x', { prefix: '/v1/' }] }, 'path is "/x" or begins with "/v1/"'],
    [{ paths: [{ regex: '/v[0-9]+/.*' }] }, 'path matches /\\/v[0-9]+\\/.*/'.replaceAll('\\/', '/')],
    [{ paths: [{ glob: '/v1/*/completions' }] }, 'path looks like "/v1/*/completions"'],
    [{ methods: ['GET', 'POST'] }, 'method is "GET" or "POST"'],
    [{ operations: ['chat', 'messages'] }, 'operation is "chat" or "messages"'],
    [{ headers: { 'X-Tier': 'gold-eu' } }, 'header x-tier is "gold-eu"'],
    [{ headers: { 'x-tier': { glob: 'gold*' } } }, 'header x-tier looks like "gold*"'],
    [{ headers: { 'x-tier': { present: true } } }, 'header x-tier is there'],
    [{ headers: { 'x-other': { present: false } } }, 'header x-other is not there'],
    [{ query: { region: 'eu' } }, 'query region is "eu"'],
    [{ query: { region: { regex: 'eu|us' } } }, 'query region matches /eu|us/'],
    [{ body: { '/metadata/tier': 'gold' } }, 'body /metadata/tier is "gold"'],
    [{ body: { '/metadata/a~1b': 1 } }, 'body /metadata/a~1b is 1'],
    [{ body: { '/metadata/none': null } }, 'body /metadata/none is null'],
    [{ body: { '/temperature': { exact: 0 } } }, 'body /temperature is 0'],
    [{ body: { '/messages/-1/content': { regex: 'last.*' } } }, 'body /messages/-1/content matches /last.*/'],
    [{ body: { '/tools': { present: false } } }, 'body /tools is not there'],
    [{ stream: true }, 'stream is true'],
    [{ tools: false }, 'tools is false'],
    [{ prompt_tokens: { min: 1000 } }, 'prompt_tokens is at least 1000'],
    [{ prompt_tokens: { min: 1, max: 1000 } }, 'prompt_tokens is at least 1 and at most 1000'],
    [{ keys: ['x', 'ada-laptop'] }, 'key is "x" or "ada-laptop"'],
    [{ teams: ['search'] }, 'team is "search"'],
    [{ organizations: ['acme'] }, 'organization is "acme"'],
    [{ claims: { sub: 'ada' } }, 'claim sub is "ada"'],
    [{ claims: { 'realm.level': 2 } }, 'claim realm.level is 2'],
    [{ claims: { 'realm.roles': 'admin' } }, 'claim realm.roles is "admin"'],
    [{ claims: { '/realm/roles': { contains: 'dev' } } }, 'claim /realm/roles contains "dev"'],
    [{ claims: { scope: { contains: 'write' } } }, 'claim scope contains "write"'],
    [{ claims: { 'https://x.example/y.z': true } }, 'claim https://x.example/y.z is true'],
    [{ claims: { other: { present: false } } }, 'claim other is not there'],
    [{ cel: 'prompt_tokens < 2000 && stream' }, 'cel prompt_tokens < 2000 && stream'],
  ];
  for (const [match, words] of cases) {
    test(words, () => {
      const explained = verdict(match);
      assert.deepEqual(
        explained?.checks.map((check) => check.words),
        [words],
      );
      assert.equal(explained?.holds, true);
    });
  }
});

describe('conditions that do not hold, and what the request has', () => {
  const cases: [match: unknown, shown: string][] = [
    [{ model: 'gpt-4o' }, 'the request has "gpt-4o-mini"'],
    [{ hosts: ['example.com'] }, 'the request has "eu.api.example.com"'],
    [{ methods: ['GET'] }, 'the request has "POST"'],
    [{ operations: ['embeddings'] }, 'the request has "chat"'],
    [{ headers: { 'x-other': 'a' } }, 'the request has nothing'],
    [{ headers: { 'x-tier': { present: false } } }, 'the request has "gold-eu"'],
    [{ query: { region: { prefix: 'us' } } }, 'the request has "eu"'],
    [{ body: { '/temperature': '0' } }, 'the request has 0'],
    [{ body: { '/temperature': false } }, 'the request has 0'],
    [{ body: { '/metadata': { prefix: 'g' } } }, 'the request has {"tier":"gold","a/b":1,"none":null}'],
    [{ body: { '/messages/2/content': { present: true } } }, 'the request has nothing'],
    [{ stream: false }, 'the request has true'],
    [{ tools: true }, 'the request has false'],
    [{ prompt_tokens: { max: 999 } }, 'the request has 1000'],
    [{ users: ['ada'] }, 'the request has nothing'],
    [{ claims: { 'realm.roles': 'root' } }, 'the request has ["dev","admin"]'],
    [{ claims: { scope: { contains: 'rea' } } }, 'the request has "read write"'],
    [{ claims: { 'realm.roles': { present: false } } }, 'the request has ["dev","admin"]'],
    [{ cel: 'tools' }, 'it says false'],
    [{ cel: 'body.x == 1' }, 'it has no answer: no such key: x (at character 6)'],
    [{ cel: 'body.user > 1' }, 'it cannot be evaluated: no such overload: dyn<string> > int (at character 1)'],
  ];
  for (const [match, shown] of cases) {
    test(JSON.stringify(match), () => {
      const explained = verdict(match);
      assert.equal(explained?.holds, false);
      assert.deepEqual(
        explained?.checks.map((check) => check.shown),
        [shown],
      );
    });
  }
});

test('a request that shows nothing meets no condition but that of an absence', () => {
  const bare: RouteInput = { model: undefined, path: '/', header: () => undefined };
  for (const match of [
    { hosts: ['*'] },
    { methods: ['POST'] },
    { operations: ['chat'] },
    { query: { a: { glob: '*' } } },
    { body: { '/a': { glob: '*' } } },
    { stream: false },
    { tools: false },
    { prompt_tokens: { max: 5 } },
    { keys: ['a'] },
    { claims: { a: { glob: '*' } } },
  ]) {
    assert.equal(verdict(match, bare)?.holds, false, JSON.stringify(match));
  }
  assert.equal(verdict({ body: { '/a': { present: false } }, claims: { b: { present: false } } }, bare)?.holds, true);
});

test('all conditions of a match must hold', () => {
  assert.equal(verdict({ model: 'gpt-*', headers: { 'x-tier': 'gold-eu' }, stream: true })?.holds, true);
  assert.equal(verdict({ model: 'gpt-*', headers: { 'x-tier': 'silver' }, stream: true })?.holds, false);
  assert.deepEqual(verdict({})?.checks, []);
});

test('values longer than a slow pattern is tried on do not match', () => {
  const input: RouteInput = { ...INPUT, body: () => ({ text: 'ab'.repeat(40_000) }) };
  const explained = verdict({ body: { '/text': { regex: '(a|b)*' } } }, input);
  assert.match(explained?.checks[0]?.shown ?? '', /^it cannot be evaluated: the text has 80000 characters/);
});

test('a body is read only where a condition asks for it', () => {
  const input: RouteInput = { ...INPUT, body: () => assert.fail('the body was parsed') };
  assert.equal(verdictOf({ headers: { 'x-tier': 'silver' }, body: { '/user': 'ada' } }, input), undefined);
  const condition = compileCondition(parse({ body: { '/a/b': 1 }, cel: 'body.c == 1' }), compileExpression);
  assert.deepEqual(condition.bodyFields, ['a', 'c']);
});

function verdictOf(match: unknown, input: RouteInput): string | undefined {
  return createRouteTable([{ condition: compileCondition(parse(match), compileExpression), route: 'r' }]).find(input);
}

test('what a match says of the model', () => {
  assert.equal(exactModel(parse({ model: 'a' })), 'a');
  assert.equal(exactModel(parse({ model: { exact: 'a*' } })), 'a*');
  for (const model of ['a*', { glob: 'a*' }, { prefix: 'a' }, { regex: 'a' }]) {
    assert.equal(exactModel(parse({ model })), undefined);
    assert.equal(isAnyModel(parse({ model })), false);
  }
  for (const match of [{}, { model: '*' }, { model: { glob: '*' } }]) {
    assert.equal(exactModel(parse(match)), undefined);
    assert.equal(isAnyModel(parse(match)), true);
  }
});

test('a match is open unless it asks who sends a request or what it carries', () => {
  for (const match of [{}, { model: 'a' }, { paths: ['/x'] }, { stream: true }])
    assert.equal(isOpenMatch(parse(match)), true);
  for (const match of [{ headers: { a: 'b' } }, { teams: ['a'] }, { claims: { a: 'b' } }, { cel: 'stream' }]) {
    assert.equal(isOpenMatch(parse(match)), false, JSON.stringify(match));
  }
});
