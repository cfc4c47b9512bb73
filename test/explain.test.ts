import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseRequest } from '../src/cli/explain-request.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'aigw-explain-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Runs `aigw explain`. */
function run(args: readonly string[], input = ''): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const entry = join(root, 'test/support/run-aigw.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', entry, 'explain', ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '' },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end(input);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

const CONFIG = file(
  'aigw.yaml',
  `static_cluster:
  fast: { provider: demo }
  large: { provider: demo }
virtual_services:
  - name: default
    virtual_routes:
      - { name: long, match: { prompt_tokens: { min: 1000 } }, split: [{ cluster: large }] }
      - { name: rest, split: [{ cluster: fast }] }
`,
);
const REQUEST = file(
  'request.json',
  JSON.stringify({
    path: '/v1/chat/completions',
    body: { model: 'demo', messages: [{ role: 'user', content: 'Hi' }] },
  }),
);

describe('aigw explain', () => {
  test('says which route takes a request, and why not another', async () => {
    const { code, stdout, stderr } = await run([CONFIG, REQUEST]);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /^served\n\nRequest\n {2}method: POST\n {2}path: \/v1\/chat\/completions\n/);
    assert.match(stdout, /\nVirtual route\n {2}rest, match 0\n {2}it takes every request\n/);
    assert.match(stdout, /\n {2}0\. fast \(demo\): 100 %, openai-chat, passed on, model "demo"\n/);
    assert.match(stdout, /\n {2}long, match 0: unmet: prompt_tokens is at least 1000 \(the request has \d+\)\n$/);
  });

  test('takes a bare body from standard input, and prints JSON', async () => {
    const body = JSON.stringify({
      model: 'demo',
      max_tokens: 5,
      messages: [{ role: 'user', content: 'x '.repeat(4000) }],
    });
    const { code, stdout } = await run([CONFIG, '-', '--path', '/v1/messages', '--format', 'json'], body);
    assert.equal(code, 0);
    const explanation = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
    assert.deepEqual(explanation['outcome'], { served: true });
    assert.equal(explanation['route']?.['name'], 'long');
    assert.equal(explanation['endpoint']?.['operation'], 'messages');
  });

  test('a request that would be refused is explained', async () => {
    const { code, stdout } = await run([CONFIG, '-', '--path', '/v1/nothing'], '{}');
    assert.equal(code, 0);
    assert.match(stdout, /^refused: 404 unknown_path: unsupported path: \/v1\/nothing\n/);
  });

  test('a wrong configuration or request ends with status 2', async () => {
    const route = '{ match: { cel: "(" }, split: [{ cluster: a }] }';
    const broken = file(
      'broken.yaml',
      `static_cluster: { a: { provider: demo } }\nvirtual_services: [{ name: s, virtual_routes: [${route}] }]\n`,
    );
    const cases: [args: string[], message: RegExp][] = [
      [[broken, REQUEST], /broken\.yaml:2:\d+: .*cel: is not an expression that can be used/],
      [[CONFIG, join(folder, 'none.json')], /none\.json cannot be read/],
      [[CONFIG, REQUEST, '--format', 'xml'], /Allowed choices are text, json/],
    ];
    const runs = await Promise.all(cases.map(([args]) => run(args)));
    for (const [index, { code, stdout, stderr }] of runs.entries()) {
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, cases[index]?.[1] ?? /^$/);
    }
  });
});

test('a described request is read with its defaults', () => {
  const request = parseRequest(
    JSON.stringify({
      path: '/v1/files',
      query: { limit: 5, after: 'a b' },
      headers: { 'X-Tier': 'gold', 'x-n': 1 },
      principal: { team: 'search' },
      claims: { sub: 'ada' },
    }),
    {},
  );
  assert.equal(request.method, 'GET');
  assert.equal(request.url, '/v1/files?limit=5&after=a+b');
  assert.deepEqual(
    [...request.headers],
    [
      ['x-tier', 'gold'],
      ['x-n', '1'],
      ['host', 'localhost'],
    ],
  );
  assert.deepEqual([request.principal, request.claims, request.body.length], [{ team: 'search' }, { sub: 'ada' }, 0]);
  const posted = parseRequest('{"path":"/x","query":"?a=1","host":"h","body":"raw","source_ip":"::1"}', {});
  assert.deepEqual(
    [posted.method, posted.url, posted.headers.get('host'), posted.sourceIp, String(posted.body)],
    ['POST', '/x?a=1', 'h', '::1', 'raw'],
  );
});

describe('a request that cannot be read is refused', () => {
  const cases: [text: string, message: RegExp][] = [
    ['{', /it is not JSON/],
    ['[]', /must be a map with `path`/],
    ['{}', /`path` is missing; write one such as/],
    ['{"path":"v1"}', /`path` must start with "\/"/],
    ['{"model":"m","messages":[]}', /`model` is unknown; known are .*; for the body of a request alone give --path/],
    ['{"path":"/","method":5}', /`method` must be text/],
    ['{"path":"/","headers":[]}', /`headers` must be a map/],
    ['{"path":"/","headers":{"a":[]}}', /`headers.a` must be text/],
    ['{"path":"/","principal":{"name":"x"}}', /`principal.name` is unknown; known are organization, team, user, key/],
    ['{"path":"/","claims":"x"}', /`claims` must be a map/],
  ];
  for (const [text, message] of cases) {
    test(text, () => assert.throws(() => parseRequest(text, {}), { message, status: 2 }));
  }
});
