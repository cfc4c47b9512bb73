import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatRows } from './print-rows.ts';

const ENTRY = fileURLToPath(new URL('../../test/support/run-aigw.ts', import.meta.url));

const CONFIG = `
static_cluster:
  openai: { provider: openai, api_key: any }
  llama: { provider: vllm, endpoint: "http://localhost:8000" }
virtual_services:
  - name: default
    virtual_routes:
      - name: mini
        match: [ { model: gpt-4o-mini }, { model: { exact: gpt-4o-mini-2024-07-18 } } ]
        split: [ { cluster: openai } ]
        fallback: [ { cluster: llama, model: llama3 } ]
      - match: { model: "gpt-*" }
        split: [ { cluster: openai } ]
`;

function aigw(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', ENTRY, ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function configFile(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'aigw-prices-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'aigw.yaml');
  writeFileSync(path, CONFIG);
  return path;
}

test('check shows the price of every model that a route sends requests for', (context) => {
  const path = configFile(context);
  const { status, stdout, stderr } = aigw('prices', 'check', path, '--format', 'json');
  assert.equal(status, 0, stderr);
  const rows = JSON.parse(stdout) as Record<string, string | number>[];
  assert.deepEqual(
    rows.map(({ route, cluster, model, price, input, output }) => [route, cluster, model, price, input, output]),
    [
      ['mini', 'openai', 'gpt-4o-mini', 'bundled', 0.15, 0.6],
      ['mini', 'openai', 'gpt-4o-mini-2024-07-18', 'bundled', 0.15, 0.6],
      ['mini', 'llama', 'llama3', 'none', '', ''],
      ['default[1]', 'openai', '*', 'by request', '', ''],
    ],
  );
  assert.ok(Number(rows[0]?.['age_days']) > 0);
  assert.match(stderr, /no price for llama\/llama3;/);
});

test('check --strict fails when a model has no price', (context) => {
  const { status, stdout } = aigw('prices', 'check', configFile(context), '--strict', '--format', 'csv');
  assert.equal(status, 1);
  assert.match(stdout, /^route,cluster,provider,model,price,.*\nmini,openai,openai,gpt-4o-mini,bundled,0\.15,/);
});

test('list shows one provider’s prices; what it cannot mean is a wrong command line', () => {
  const { status, stdout } = aigw('prices', 'list', '--provider', 'deepseek');
  assert.equal(status, 0);
  assert.match(stdout, /^PROVIDER +MODEL +INPUT .*\ndeepseek +deepseek-flash +0\.3 /);
  assert.equal(aigw('prices', 'list', '--provider', 'nobody').status, 2);
});

test('rows as a table leave out empty columns and align numbers to the right', () => {
  const rows = [
    { name: 'a', empty: '', count: 1 },
    { name: 'longer', empty: '', count: 100 },
  ];
  assert.equal(formatRows(rows, 'table'), 'NAME    COUNT\na           1\nlonger    100\n');
  assert.equal(formatRows([], 'table'), '');
});

test('CSV is quoted, and a text is no formula', () => {
  assert.equal(formatRows([{ a: 'x,"y"', b: '=1+1', c: -1 }], 'csv'), 'a,b,c\n"x,""y""",\'=1+1,-1\n');
});
