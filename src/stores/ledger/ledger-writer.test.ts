import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { type PostgresServer, postgresMissing, startPostgres } from '../../../test/support/postgres-server.ts';
import { nextTurn, waitFor, within } from '../../../test/support/wait.ts';
import { DatabaseError } from '../database/database-error.ts';
import { openStore } from '../database/open-database.ts';
import type { AppendResult, Ledger } from './ledger.ts';
import { LedgerWriter } from './ledger-writer.ts';
import type { LedgerProblem, LedgerWriterOptions } from './ledger-writer-types.ts';
import { sampleRecord } from './sample-records.test.ts';
import { createLedger } from './sql-ledger.ts';
import type { UsageRecords } from './usage-batch.ts';
import type { UsageRecord } from './usage-record.ts';

const root = mkdtempSync(join(tmpdir(), 'aigw-writer-'));
after(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
const newFolder = () => join(root, `spool-${folders++}`);
const record = (index: number, change: Partial<UsageRecord> = {}) => sampleRecord(`id-${index}`, change);
const range = (count: number, from = 0) => Array.from({ length: count }, (_, index) => record(from + index));

/** A ledger in memory that can be told to fail, to hang, and to refuse single records. */
class FakeLedger implements Pick<Ledger, 'append'> {
  readonly ids = new Set<string>();
  readonly sizes: number[] = [];
  mode: 'fine' | 'away' | 'hang' = 'fine';
  poison = '';
  hanging: (() => void)[] = [];

  async append(given: UsageRecords): Promise<AppendResult> {
    const records = [...given];
    await nextTurn();
    if (this.mode === 'hang') await new Promise<void>((resolve) => this.hanging.push(resolve));
    if (this.mode === 'away') throw new DatabaseError('unavailable', 'gone fishing');
    if (records.some(({ id }) => id === this.poison)) throw new DatabaseError('refused', 'bad record');
    this.sizes.push(records.length);
    const size = this.ids.size;
    for (const { id } of records) this.ids.add(id);
    return { inserted: this.ids.size - size, ignored: records.length - (this.ids.size - size) };
  }
}

function makeWriter(ledger: Pick<Ledger, 'append'>, options: Partial<LedgerWriterOptions> = {}) {
  const problems: LedgerProblem[] = [];
  const writer = new LedgerWriter({
    ledger,
    flushIntervalMs: 5,
    slowAfterMs: 5,
    retryMinMs: 1,
    retryMaxMs: 10,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  return { writer, problems, kinds: () => problems.map(({ kind }) => kind) };
}

function spoolFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.endsWith('.spool'))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('in memory', () => {
  test('records go in batches, by time and by number', async () => {
    const ledger = new FakeLedger();
    const { writer } = makeWriter(ledger, { batchSize: 10 });
    writer.record(record(0));
    assert.equal(writer.status().queued, 1);
    assert.equal(ledger.ids.size, 0);
    await waitFor('the first record', () => ledger.ids.size === 1);
    for (const each of range(25, 1)) writer.record(each);
    await waitFor('all records', () => ledger.ids.size === 26);
    assert.ok(ledger.sizes.every((size) => size <= 10));
    const status = await writer.close();
    assert.deepEqual([status.written, status.queued, status.dropped, status.lagMs], [26, 0, 0, 0]);
  });

  test('a full queue drops the newest, counts them and says so once', async () => {
    const ledger = new FakeLedger();
    ledger.mode = 'away';
    const { writer, problems } = makeWriter(ledger, { maxQueued: 20, batchSize: 5 });
    for (const each of range(100)) writer.record(each);
    await waitFor('the failure', () => writer.status().lastError !== undefined);
    assert.equal(writer.status().dropped, 80);
    assert.match(writer.status().lastError ?? '', /gone fishing/);
    assert.equal(problems.filter(({ kind }) => kind === 'dropped').length, 1);
    assert.equal(problems.filter(({ kind }) => kind === 'away').length, 1);
    ledger.mode = 'fine';
    await waitFor('the oldest', () => ledger.ids.size === 20);
    assert.deepEqual(
      [...ledger.ids],
      range(20).map(({ id }) => id),
    );
    await waitFor('the good news', () => problems.some(({ kind }) => kind === 'back'));
    await writer.close();
  });

  test('large bodies count', async () => {
    const ledger = new FakeLedger();
    ledger.mode = 'hang';
    const { writer } = makeWriter(ledger, { maxQueuedBytes: 100_000 });
    const bodies = { request: 'q'.repeat(10_000), response: 'a'.repeat(5000) };
    for (let index = 0; index < 10; index++) writer.record(record(index, { bodies }));
    assert.equal(writer.status().queued, 3);
    assert.equal(writer.status().dropped, 7);
    await writer.close(1);
  });

  test('one bad record does not hold up the others', async () => {
    const ledger = new FakeLedger();
    ledger.poison = 'id-13';
    const { writer, problems } = makeWriter(ledger);
    for (const each of range(40)) writer.record(each);
    const status = await writer.close();
    assert.equal(ledger.ids.size, 39);
    assert.deepEqual([status.written, status.refused, status.dropped], [39, 1, 0]);
    assert.deepEqual(
      problems.map((problem) => problem.kind === 'refused' && problem.id),
      ['id-13'],
    );
  });

  test('closing gives up at the deadline and counts what is lost', async () => {
    const ledger = new FakeLedger();
    ledger.mode = 'hang';
    const { writer, problems } = makeWriter(ledger, { batchSize: 10 });
    for (const each of range(30)) writer.record(each);
    const status = await within('the end', writer.close(20));
    assert.equal(status.dropped, 30);
    assert.deepEqual(
      problems.filter(({ kind }) => kind === 'dropped'),
      [{ kind: 'dropped', count: 30, reason: 'closed' }],
    );
    writer.record(record(99));
    assert.equal(writer.status().dropped, 31);
  });

  test('a database that hangs is not asked without end', async () => {
    const ledger = new FakeLedger();
    ledger.mode = 'hang';
    const { writer } = makeWriter(ledger, { appendTimeoutMs: 2, batchSize: 5 });
    for (const each of range(50)) writer.record(each);
    await waitFor('several tries', () => ledger.hanging.length === 4);
    await waitFor('a refusal to try again', () => /earlier batches/.test(writer.status().lastError ?? ''));
    assert.equal(ledger.hanging.length, 4);
    ledger.mode = 'fine';
    for (const wake of ledger.hanging) wake();
    await waitFor('everything', () => ledger.ids.size === 50);
    assert.equal((await writer.close()).dropped, 0);
  });
});

describe('with a spool', () => {
  test('away: records go to disk within the interval, and back when it returns', async () => {
    const ledger = new FakeLedger();
    ledger.mode = 'away';
    const spoolFolder = newFolder();
    const { writer, kinds } = makeWriter(ledger, { spoolFolder, batchSize: 10 });
    for (const each of range(700)) writer.record(each);
    await waitFor('memory to be empty', () => writer.status().queued === 0);
    const { spooled, spooledBytes, dropped, lagMs } = writer.status();
    assert.deepEqual([spooled, dropped], [700, 0]);
    assert.ok(spooledBytes > 700 * 500 && lagMs >= 0);
    for (const file of spoolFiles(spoolFolder)) assert.equal(statSync(file).mode & 0o777, 0o600);
    ledger.mode = 'fine';
    await waitFor('everything', () => ledger.ids.size === 700);
    await waitFor('an empty spool', () => writer.status().spooledBytes === 0);
    const status = await writer.close();
    assert.deepEqual([status.written, status.repeated, status.dropped], [700, 0, 0]);
    assert.deepEqual(kinds(), ['away', 'back']);
    assert.deepEqual(readdirSync(spoolFolder), []);
  });

  test('hanging: what is under way is saved too, and counts once', async () => {
    const ledger = new FakeLedger();
    ledger.mode = 'hang';
    const spoolFolder = newFolder();
    const { writer } = makeWriter(ledger, { spoolFolder, batchSize: 10 });
    for (const each of range(35)) writer.record(each);
    await waitFor('all on disk', () => writer.status().spooled === 35);
    ledger.mode = 'fine';
    for (const wake of ledger.hanging) wake();
    await waitFor('everything', () => ledger.ids.size === 35 && writer.status().spooled === 0);
    const status = await writer.close();
    assert.deepEqual([status.written, status.repeated, status.dropped], [35, 10, 0]);
  });

  test('closing while away leaves the rest to the next process', async () => {
    const ledger = new FakeLedger();
    ledger.mode = 'hang';
    const spoolFolder = newFolder();
    const first = makeWriter(ledger, { spoolFolder, flushIntervalMs: 1000, batchSize: 10 });
    for (const each of range(25)) first.writer.record(each);
    const status = await first.writer.close(10);
    assert.equal(status.dropped, 0);
    assert.equal(status.spooled, 25);
    const next = new FakeLedger();
    const second = makeWriter(next, { spoolFolder });
    await waitFor('everything', () => next.ids.size === 25);
    await second.writer.close();
    assert.deepEqual(readdirSync(spoolFolder), []);
    // Waking late changes nothing.
    for (const wake of ledger.hanging) wake();
    await nextTurn();
    assert.deepEqual(readdirSync(spoolFolder), []);
  });

  test('a full disk: the oldest stay, memory holds what it can, the rest is counted', async () => {
    const ledger = new FakeLedger();
    ledger.mode = 'away';
    const lineBytes = 900;
    const { writer, kinds } = makeWriter(ledger, {
      spoolFolder: newFolder(),
      maxSpoolBytes: 50 * lineBytes,
      maxQueued: 30,
      batchSize: 10,
    });
    for (const each of range(20)) writer.record(each);
    await waitFor('the first on disk', () => writer.status().spooled === 20);
    for (const each of range(180, 20)) writer.record(each);
    await waitFor('a full spool', () => kinds().includes('spool-full'));
    const { dropped, queued, spooled, spooledBytes } = writer.status();
    assert.ok(spooledBytes <= 50 * lineBytes && spooled >= 40, `${spooled} records in ${spooledBytes} bytes`);
    assert.equal(dropped + queued + spooled, 200);
    assert.ok(dropped > 0);
    assert.ok(kinds().includes('dropped'));
    ledger.mode = 'fine';
    await waitFor('what was kept', () => ledger.ids.size === 200 - dropped);
    assert.ok(range(20).every(({ id }) => ledger.ids.has(id)));
    await writer.close();
  });

  test('a torn last line and damaged ones are told and skipped', async () => {
    const ledger = new FakeLedger();
    ledger.mode = 'away';
    const spoolFolder = newFolder();
    const first = makeWriter(ledger, { spoolFolder });
    for (const each of range(10)) first.writer.record(each);
    await first.writer.close(10);
    const [file = ''] = spoolFiles(spoolFolder);
    const lines = readFileSync(file, 'utf8').split('\n');
    lines[3] = (lines[3] ?? '').replace('"chat"', '"chit"');
    lines[5] = 'not even a line';
    writeFileSync(file, lines.join('\n'));
    appendFileSync(file, (lines[0] ?? '').replace('id-0', 'id-x').slice(0, 300));
    const next = new FakeLedger();
    const second = makeWriter(next, { spoolFolder });
    await waitFor('what can be read', () => next.ids.size === 8);
    await waitFor('the damage to be told', () => second.writer.status().damaged === 3);
    assert.deepEqual(second.problems, [{ kind: 'damaged', count: 3 }]);
    assert.deepEqual(
      [...next.ids].sort(),
      [0, 1, 2, 4, 6, 7, 8, 9].map((index) => `id-${index}`),
    );
    await second.writer.close();
  });

  test('a folder that cannot be written is told at the start, or when it goes', async () => {
    const ledger = new FakeLedger();
    assert.throws(
      () => makeWriter(ledger, { spoolFolder: '/dev/null/spool' }),
      /spool folder \/dev\/null\/spool cannot be used/,
    );
    assert.throws(() => makeWriter(ledger, { durability: 'spool' }), /needs a spool folder/);
    ledger.mode = 'away';
    const spoolFolder = newFolder();
    const { writer, kinds } = makeWriter(ledger, { spoolFolder });
    rmSync(spoolFolder, { recursive: true });
    for (const each of range(5)) writer.record(each);
    await waitFor('the failure', () => kinds().includes('spool-failed'));
    ledger.mode = 'fine';
    await waitFor('the records', () => ledger.ids.size === 5);
    assert.equal((await writer.close()).dropped, 0);
  });

  test('two writers share a folder without touching each other, and one adopts a dead one once', async () => {
    const spoolFolder = newFolder();
    const ledger = new FakeLedger();
    ledger.mode = 'away';
    const living = makeWriter(ledger, { spoolFolder });
    for (const each of range(5)) living.writer.record(each);
    await waitFor('its spool', () => living.writer.status().spooled === 5);
    // A folder of a process that is no more.
    const dead = join(spoolFolder, 'dead');
    mkdirSync(dead);
    const [file = ''] = spoolFiles(spoolFolder);
    writeFileSync(
      join(dead, '00000001.spool'),
      readFileSync(file, 'utf8').split('\n').slice(0, 2).join('\n').concat('\n'),
    );
    const other = new FakeLedger();
    const others = [
      makeWriter(other, { spoolFolder }),
      makeWriter(other, { spoolFolder }),
      makeWriter(other, { spoolFolder }),
    ];
    await waitFor('the orphan', () => other.ids.size === 2);
    await Promise.all(others.map(({ writer }) => writer.close()));
    assert.equal(
      others.reduce((sum, { writer }) => sum + writer.status().written + writer.status().repeated, 0),
      2,
    );
    assert.equal(living.writer.status().spooled, 5);
    ledger.mode = 'fine';
    await waitFor('its own', () => ledger.ids.size === 5);
    await living.writer.close();
    assert.deepEqual(readdirSync(spoolFolder), []);
  });

  test('a process that finds its folder taken begins a new one', async () => {
    const ledger = new FakeLedger();
    ledger.mode = 'away';
    const spoolFolder = newFolder();
    const startMs = Date.now();
    let nowMs = startMs;
    const { writer } = makeWriter(ledger, { spoolFolder, now: () => nowMs, retryMinMs: 1e9, retryMaxMs: 1e9 });
    writer.record(record(1));
    await waitFor('its spool', () => writer.status().spooled === 1);
    const other = new FakeLedger();
    const thief = makeWriter(other, { spoolFolder, now: () => startMs + 120_000 });
    await waitFor('the theft', () => other.ids.has('id-1'));
    await thief.writer.close();
    nowMs += 120_000;
    writer.record(record(2));
    await waitFor('the new folder', () => writer.status().spooled === 1 && writer.status().queued === 0);
    ledger.mode = 'fine';
    await writer.close();
    assert.deepEqual([...ledger.ids], ['id-2']);
  });
});

describe('durability "spool"', () => {
  test('a record is on disk before it is sent, and gone when it is stored', async () => {
    const ledger = new FakeLedger();
    const spoolFolder = newFolder();
    const { writer } = makeWriter(ledger, { spoolFolder, durability: 'spool' });
    for (const each of range(20)) writer.record(each);
    const text = spoolFiles(spoolFolder)
      .map((file) => readFileSync(file, 'utf8'))
      .join('');
    assert.equal(text.split('\n').length, 21);
    await waitFor('all', () => ledger.ids.size === 20 && writer.status().spooledBytes === 0);
    assert.deepEqual((await writer.close()).repeated, 0);
    assert.deepEqual(readdirSync(spoolFolder), []);
  });

  test('away: memory overflows to the disk alone, and all is stored once', async () => {
    const ledger = new FakeLedger();
    ledger.mode = 'away';
    const spoolFolder = newFolder();
    const { writer } = makeWriter(ledger, { spoolFolder, durability: 'spool', maxQueued: 30, batchSize: 10 });
    for (const each of range(100)) writer.record(each);
    assert.equal(writer.status().dropped, 0);
    await waitFor('a failure', () => writer.status().lastError !== undefined);
    ledger.mode = 'fine';
    await waitFor('everything', () => ledger.ids.size === 100 && writer.status().spooledBytes === 0);
    const status = await writer.close();
    assert.deepEqual([status.written, status.dropped], [100, 0]);
  });
});

/** Runs a child that records until it is killed and prints each id after `record` has returned. */
function recorder(database: string, spoolFolder: string, durability: string): ChildProcess {
  const program = `
    import { openStore } from ${JSON.stringify(import.meta.resolve('../database/open-database.ts'))};
    import { createLedger } from ${JSON.stringify(import.meta.resolve('./sql-ledger.ts'))};
    import { LedgerWriter } from ${JSON.stringify(import.meta.resolve('./ledger-writer.ts'))};
    import { sampleRecord } from ${JSON.stringify(import.meta.resolve('./sample-records.test.ts'))};
    import { writeSync } from 'node:fs';
    const ledger = createLedger(await openStore(${JSON.stringify(database)}));
    const writer = new LedgerWriter({ ledger, spoolFolder: ${JSON.stringify(spoolFolder)}, durability: ${JSON.stringify(durability)}, flushIntervalMs: 20 });
    let count = 0;
    const step = () => {
      for (let index = 0; index < 20; index++) {
        const id = process.pid + '-' + count++;
        writer.record(sampleRecord(id, { timeMs: Date.now() }));
        writeSync(1, id + '\\n');
      }
      setTimeout(step, 1);
    };
    step();`;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function killWhileRecording(child: ChildProcess, lines: number): Promise<string[]> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await waitFor('the child to record', () => text.split('\n').length > lines, 30_000);
  child.kill('SIGKILL');
  await within('the child to end', ended);
  return text.slice(0, text.lastIndexOf('\n')).split('\n');
}

describe('kill -9 while recording', () => {
  for (const durability of ['memory', 'spool'] as const) {
    test(`durability "${durability}"`, async () => {
      const file = join(root, `killed-${durability}.db`);
      const spoolFolder = newFolder();
      const ids = await killWhileRecording(recorder(file, spoolFolder, durability), 2000);
      const database = await openStore(file);
      const ledger = createLedger(database);
      const { writer } = makeWriter(ledger, { spoolFolder });
      await waitFor('the spool to be read', () => writer.status().spooledBytes === 0 && writer.status().queued === 0);
      await writer.flush();
      const rows = await database.query('SELECT id FROM aigw_usage', []);
      const stored = new Set(rows.map(({ id }) => id));
      const firstLost = ids.findIndex((id) => !stored.has(id));
      if (durability === 'spool') assert.equal(firstLost, -1);
      // Only the newest may be missing, and not all.
      else if (firstLost !== -1) assert.ok(firstLost > 0 && ids.slice(firstLost).every((id) => !stored.has(id)));
      assert.equal((await ledger.total()).requests, stored.size);
      await writer.close();
      await database.close();
      assert.deepEqual(readdirSync(spoolFolder), []);
    });
  }
});

describe('a real server that goes and comes back', { skip: postgresMissing() }, () => {
  let server: PostgresServer | undefined;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.close());

  test('nothing is lost and nothing counts twice', async () => {
    const database = await openStore(server?.database('returning') ?? '', { connectTimeoutMs: 1000 });
    const ledger = createLedger(database);
    const { writer, kinds } = makeWriter(ledger, { spoolFolder: newFolder(), retryMaxMs: 50 });
    const some = (from: number) => {
      for (const each of range(300, from)) writer.record(each);
    };
    some(0);
    await waitFor('the first', () => writer.status().written === 300);
    some(300);
    await server?.stop();
    some(600);
    await waitFor('the records on disk', () => writer.status().lastError !== undefined && writer.status().queued === 0);
    assert.ok(kinds().includes('away'));
    await server?.start();
    some(900);
    await waitFor('all of them', async () => (await ledger.total().catch(() => undefined))?.requests === 1200, 30_000);
    const status = await writer.close();
    assert.equal(status.dropped, 0);
    assert.equal((await ledger.total()).costNanoUsd, 1200 * 4500);
    await database.close();
  });
});
