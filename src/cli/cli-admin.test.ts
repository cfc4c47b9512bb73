import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ROOT, readPages, tableRows } from '../../test/support/doc-pages.ts';
import { temporaryFolder } from '../../test/support/gateway.ts';
import { createPort, createStores, NOW, startAdmin } from '../admin/harness.test.ts';
import { openStore } from '../stores/database/open-database.ts';
import { sampleRecord } from '../stores/ledger/sample-records.test.ts';
import { createLedger } from '../stores/ledger/sql-ledger.ts';

const ENTRY = fileURLToPath(new URL('../../test/support/run-aigw.ts', import.meta.url));

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command beside this process, which serves the admin API that it calls. */
function aigw(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', ENTRY, ...args], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
    const outcome = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        outcome[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...outcome }));
  });
}

async function startServer(context: TestContext) {
  const stores = await createStores(context);
  const server = await startAdmin(context, stores);
  const env = { AIGW_ADMIN_URL: `http://127.0.0.1:${server.port}`, AIGW_ADMIN_TOKEN: 'secret-of-the-admin' };
  return { ...stores, ...server, run: (...args: string[]) => aigw(args, env), env };
}

test('a key is created, listed, shown, rotated and revoked', async (context) => {
  const { run, keys, hash } = await startServer(context);
  const created = await run(
    ...['keys', 'create', '--organization', 'acme', '--team', 'search', '--user', 'ada', '--name', 'laptop'],
    ...['--models', 'gpt-4o*', '--operations', 'chat,embeddings', '--expires', '90d', '--metadata', 'purpose=a=b'],
  );
  assert.equal(created.status, 0, created.stderr);
  assert.match(created.stdout, /^aigw-[0-9A-Za-z]{44}\n$/);
  assert.match(created.stderr, /issued for acme\/search\/ada; it expires 20.*shown this once/);
  const text = created.stdout.trim();
  const stored = await keys.findByHash(hash(text));
  assert.deepEqual(
    [stored?.allowedModels, stored?.allowedEndpoints, stored?.metadata],
    [['gpt-4o*'], ['chat', 'embeddings'], { purpose: 'a=b' }],
  );
  const id = stored?.id ?? '';
  const listed = await run('keys', 'list', '--team', 'search');
  assert.match(listed.stdout, new RegExp(`^ID +NAME +OWNER +STATE .*\\n${id} +laptop +acme/search/ada +active `));
  // By the key itself: only its id is sent.
  const shown = await run('keys', 'show', text, '--format', 'json');
  assert.deepEqual([JSON.parse(shown.stdout).id, JSON.parse(shown.stdout).state], [id, 'active']);
  const rotated = await run('keys', 'rotate', id, '--overlap', '1h', '--format', 'json');
  const successor = JSON.parse(rotated.stdout).key;
  assert.equal(successor.rotated_from, id);
  const revoked = await run('keys', 'revoke', `aigw-${successor.id}`, '--format', 'csv');
  assert.match(revoked.stdout, new RegExp(`^id,name,owner,state,.*\\n${successor.id},laptop,acme/search/ada,revoked,`));
});

test('what goes wrong is said, with the way out', async (context) => {
  const { run, env } = await startServer(context);
  const create = ['keys', 'create', '--organization', 'acme', '--name', 'k'];
  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const bare = await startAdmin(context, { port: createPort() });
  const text = 'aigw-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
  const runs: readonly [Promise<Outcome>, number, RegExp][] = [
    [run(...create, '--models', '*'), 1, /"\*" is more than the organization "acme" allows/],
    [run(...create, '--token', 'wrong'), 1, /none of `admin\.tokens`.*AIGW_ADMIN_TOKEN/],
    [aigw(create, { AIGW_ADMIN_URL: env.AIGW_ADMIN_URL }), 1, /Send a token.*AIGW_ADMIN_TOKEN/],
    [
      run(...create, '--admin-url', `http://127.0.0.1:${port}`),
      1,
      /no gateway answers at http:.*aigw run.*--admin-url/,
    ],
    [run(...create, '--admin-url', `http://127.0.0.1:${bare.port}`), 1, /`issued_keys` and `stores\.ledger`/],
    [run('usage', '--admin-url', `http://127.0.0.1:${bare.port}`), 1, /`stores\.ledger`/],
    [run('keys', 'show', text), 2, /wrong checksum/],
    [run('keys', 'show', '../config'), 2, /not the id of a key/],
    [run(...create, '--admin-url', 'localhost:9901'), 2, /is not a URL/],
    [run(...create, '--models', 'a,,b'), 2, /empty entry/],
    [run('usage', '--by', 'colour'), 1, /by: "colour" is unknown/],
    [run('usage', '--limit', '0'), 2, /--limit 0/],
    [run('keys', 'create', '--name', 'k'), 2, /--organization/],
  ];
  for (const [outcome, status, message] of runs) {
    const { status: actual, stderr, stdout } = await outcome;
    assert.match(stderr, message);
    assert.equal(actual, status, stderr);
    assert.equal(stdout, '');
  }
});

test('usage: table, JSON and CSV; texts of clients steer neither terminal nor spreadsheet', async (context) => {
  const { run, ledger } = await startServer(context);
  const timeMs = NOW - 60_000;
  await ledger.append([
    sampleRecord('a', { timeMs, team: 'search', costNanoUsd: 12_345_678_900 }),
    sampleRecord('b', { timeMs, team: 'ads', endUser: '\u001b[31mred', sentModel: '=1+1' }),
  ]);
  const json = await run('usage', '--by', 'team,model', '--from', 'now-1d', '--to', 'now', '--format', 'json');
  assert.equal(json.status, 0, json.stderr);
  assert.deepEqual(
    JSON.parse(json.stdout).map((row: Record<string, unknown>) => [
      row['team'],
      row['model'],
      row['requests'],
      row['cost_usd'],
    ]),
    [
      ['ads', '=1+1', 1, '0.000004500'],
      ['search', 'gpt-4o-mini', 1, '12.345678900'],
    ],
  );
  const csv = await run('usage', '--by', 'model', '--filter', 'team=ads', '--format', 'csv');
  assert.match(csv.stdout, /^model,requests,.*\n'=1\+1,1,/);
  const table = await run('usage', '--by', 'end_user', '--filter', 'team=ads');
  assert.ok(table.stdout.includes('\ufffd[31mred') && !table.stdout.includes('\u001b'), JSON.stringify(table.stdout));
  const cut = await run('usage', '--by', 'team', '--order', 'cost', '--limit', '1');
  assert.equal(cut.stdout.split('\n').length, 3);
  assert.match(cut.stdout, /search/);
  assert.match(cut.stderr, /more than 1 rows/);
});

test('usage of a configuration’s ledger, without a gateway', async (context) => {
  const folder = temporaryFolder(context);
  const file = join(folder, 'usage.db');
  const config = join(folder, 'aigw.yaml');
  const write = (stores: string) =>
    writeFileSync(
      config,
      `${stores}static_cluster: { demo: { provider: demo } }\nvirtual_services: [{ name: default, virtual_routes: [{ split: [{ cluster: demo }] }] }]\n`,
    );
  write('');
  const none = await aigw(['usage', '--config', config]);
  assert.equal(none.status, 2);
  assert.match(none.stderr, /stores\.ledger/);
  write(`stores: { ledger: { sqlite: ${JSON.stringify(file)} } }\n`);
  const early = await aigw(['usage', '--config', config]);
  assert.equal(early.status, 1, early.stderr);
  assert.match(early.stderr, /no ledger at .* yet/);
  const database = await openStore(file);
  await createLedger(database).append([sampleRecord('a', { timeMs: Date.now() - 1000 })]);
  await database.close();
  const shown = await aigw(['usage', '--config', config, '--by', 'provider', '--format', 'json']);
  assert.equal(shown.status, 0, shown.stderr);
  assert.deepEqual(
    JSON.parse(shown.stdout).map((row: { provider: string; requests: number }) => [row.provider, row.requests]),
    [['openai', 1]],
  );
  const wrong = await aigw(['usage', '--config', config, '--by', 'colour']);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /colour/);
  writeFileSync(file, 'no database');
  const broken = await aigw(['usage', '--config', config]);
  assert.equal(broken.status, 1, broken.stderr);
  assert.match(broken.stderr, /the ledger cannot be read/);
});

test('docs/cli.md has every flag of the verbs of aigw keys', async () => {
  const page = readPages().find(({ name }) => name === 'docs/cli.md')?.text ?? '';
  for (const verb of ['create', 'list', 'show', 'rotate', 'revoke']) {
    const { stdout } = await aigw(['keys', verb, '--help']);
    const options = stdout.split('\nOptions:\n')[1]?.split('\n\n')[0] ?? '';
    const flags = [...options.matchAll(/^ {2}(--\S+(?: <\S+>)?)/gm)].map(([, flag]) => flag);
    assert.ok(flags.length >= 3);
    const rows = tableRows(page, `keys ${verb}`).map(([cell]) => /`([^`]+)`/.exec(cell ?? '')?.[1]);
    assert.deepEqual(rows, flags, verb);
  }
});
