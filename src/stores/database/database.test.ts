import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { type PostgresServer, postgresMissing, startPostgres } from '../../../test/support/postgres-server.ts';
import { within } from '../../../test/support/wait.ts';
import { DatabaseError } from './database-error.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { openDatabase, openStore } from './open-database.ts';
import type { SqlDatabase } from './sql-database.ts';

const folder = mkdtempSync(join(tmpdir(), 'aigw-database-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A failure of one kind, as assert.rejects takes it. */
function ofKind(kind: string) {
  return (error: unknown) => error instanceof DatabaseError && error.kind === kind;
}

async function version(database: SqlDatabase): Promise<unknown> {
  return (await database.query('SELECT COUNT(*) AS n, MAX(version) AS v FROM aigw_schema_version'))[0];
}

function cases(address: (name: string) => string): void {
  const newest = MIGRATIONS.length;

  test('migrations from empty, once more, and from many at once', async () => {
    const place = address('many');
    const opened = await Promise.all(Array.from({ length: 5 }, () => openStore(place)));
    for (const database of opened) {
      assert.deepEqual(await version(database), { n: newest, v: newest });
      await database.close();
    }
    const again = await openStore(place);
    assert.deepEqual(await version(again), { n: newest, v: newest });
    await again.close();
  });

  test('a database newer than the program is refused', async () => {
    const place = address('newer');
    const database = await openStore(place);
    await database.execute('INSERT INTO aigw_schema_version (version, name, applied_ms) VALUES ($1, $2, $3)', [
      99,
      'x',
      0,
    ]);
    await database.close();
    await assert.rejects(
      openStore(place),
      (error: Error) => ofKind('schema')(error) && /version 99.*newer aigw/.test(error.message),
    );
  });

  test('a step that fails leaves nothing behind', async () => {
    const database = await openDatabase(address('half'));
    const broken = [{ version: 1, name: 'half', statements: ['CREATE TABLE half (id {int})', 'CREATE NONSENSE'] }];
    await assert.rejects(migrate(database, broken), ofKind('internal'));
    await assert.rejects(database.query('SELECT * FROM half'), ofKind('internal'));
    await migrate(database, [{ version: 1, name: 'whole', statements: ['CREATE TABLE half (id {int})'] }]);
    assert.deepEqual(await database.query('SELECT * FROM half'), []);
    await database.close();
  });

  describe('statements', () => {
    let database: SqlDatabase;
    before(async () => {
      database = await openDatabase(address('statements'));
      const statements = ['CREATE TABLE thing (id {text} PRIMARY KEY, n {int} NOT NULL, r {real}) {strict}'];
      await migrate(database, [{ version: 1, name: 'thing', statements }]);
    });
    after(() => database.close());

    test('values come back as they went in', async () => {
      const big = Number.MAX_SAFE_INTEGER;
      const insert = 'INSERT INTO thing (id, n, r) VALUES ($1, $2, $3)';
      assert.equal(await database.execute(insert, ['big', big, 0.5]), 1);
      assert.equal(await database.execute(insert, ['none', 0, null]), 1);
      // Placeholders may repeat and come in any order.
      const rows = await database.query('SELECT * FROM thing WHERE id = $2 OR id = $1 OR id = $2 ORDER BY id', [
        'none',
        'big',
      ]);
      assert.deepEqual(
        rows.map((row) => ({ ...row })),
        [
          { id: 'big', n: big, r: 0.5 },
          { id: 'none', n: 0, r: null },
        ],
      );
      assert.deepEqual(await database.query('SELECT SUM(n) AS n FROM thing', [], { long: true }), [{ n: big }]);
    });

    test('text is data, whatever it holds', async () => {
      const texts = ["'; DROP TABLE thing; --", '$1', '?1', '" OR 1=1', '\\', '%', '🦆é\n', '{text}'];
      for (const text of texts) {
        await database.execute('INSERT INTO thing (id, n) VALUES ($1, $2)', [text, 1]);
        assert.deepEqual(await database.query('SELECT id FROM thing WHERE id = $1', [text]), [{ id: text }]);
      }
    });

    test('NUL and half characters are replaced: PostgreSQL cannot keep them', async () => {
      await database.execute('INSERT INTO thing (id, n) VALUES ($1, $2)', ['a\0b\ud800c', 1]);
      const rows = await database.query('SELECT id FROM thing WHERE id = $1', ['a\0b\ud800c']);
      assert.deepEqual(rows, [{ id: 'a\ufffdb\ufffdc' }]);
    });

    test('failures have a kind', async () => {
      await database.execute('INSERT INTO thing (id, n) VALUES ($1, $2)', ['twice', 1]);
      const insert = 'INSERT INTO thing (id, n) VALUES ($1, $2)';
      await assert.rejects(database.execute(insert, ['twice', 1]), ofKind('conflict'));
      await assert.rejects(database.execute(insert, ['null', null]), ofKind('refused'));
      await assert.rejects(database.execute(insert, ['text', 'no number']), ofKind('refused'));
      await assert.rejects(database.execute('NONSENSE'), ofKind('internal'));
      const odd = [true, undefined, Number.NaN, 5n, {}] as unknown as number[];
      for (const value of odd)
        await assert.rejects(async () => database.execute(insert, ['odd', value]), ofKind('refused'));
      await assert.rejects(
        database.batch([{ sql: insert, many: [['odd', true as unknown as number]] }]),
        ofKind('refused'),
      );
    });

    test('a batch happens whole or not at all', async () => {
      const insert = 'INSERT INTO thing (id, n) VALUES ($1, $2)';
      const many = [
        ['b1', 1],
        ['b2', 2],
        ['b3', 3],
      ];
      const changes = await database.batch([
        { sql: insert, many },
        { sql: 'UPDATE thing SET n = 9 WHERE id = $1', params: ['b1'] },
      ]);
      assert.deepEqual(changes, [3, 1]);
      await assert.rejects(
        database.batch([
          { sql: insert, params: ['b4', 4] },
          {
            sql: insert,
            many: [
              ['b5', 5],
              ['b1', 1],
            ],
          },
        ]),
        ofKind('conflict'),
      );
      assert.deepEqual(await database.query("SELECT id FROM thing WHERE id IN ('b4', 'b5')"), []);
    });

    test('a transaction is alone, and undone when it fails', async () => {
      const insert = 'INSERT INTO thing (id, n) VALUES ($1, $2)';
      const add = (id: string) =>
        database.transaction(async (session) => {
          const rows = await session.query('SELECT COUNT(*) AS n FROM thing WHERE id LIKE $1', ['t%']);
          await session.execute(insert, [id, Number(rows[0]?.['n'])]);
        });
      const failing = database.transaction(async (session) => {
        await session.execute(insert, ['undone', 1]);
        throw new DatabaseError('refused', 'on purpose');
      });
      await assert.rejects(failing, ofKind('refused'));
      await Promise.all([add('t-a'), add('t-b'), database.execute(insert, ['beside', 1])]);
      assert.deepEqual(await database.query("SELECT id FROM thing WHERE id = 'undone'"), []);
      assert.deepEqual(await database.query("SELECT COUNT(*) AS n FROM thing WHERE id IN ('t-a', 't-b', 'beside')"), [
        { n: 3 },
      ]);
    });
  });

  test('a closed database says so', async () => {
    const database = await openDatabase(address('closed'));
    await database.query('SELECT 1 AS one');
    await database.close();
    await database.close();
    await assert.rejects(async () => database.query('SELECT 1 AS one'), ofKind('unavailable'));
    await assert.rejects(async () => database.query('SELECT 1 AS one', [], { long: true }), ofKind('unavailable'));
    await assert.rejects(async () => database.batch([{ sql: 'SELECT 1' }]), ofKind('unavailable'));
    await assert.rejects(
      database.transaction(async () => 1),
      ofKind('unavailable'),
    );
  });
}

describe('SQLite', () => {
  cases((name) => join(folder, 'sqlite', `${name}.db`));

  test('the file belongs to its owner alone', async () => {
    const file = join(folder, 'private', 'a.db');
    await (await openStore(`sqlite:${file}`)).close();
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'private')).mode & 0o777, 0o700);
  });

  test('a database in memory', async () => {
    const database = await openStore(':memory:');
    assert.deepEqual(await database.query('SELECT COUNT(*) AS n FROM aigw_usage', [], { long: true }), [{ n: 0 }]);
    await database.close();
    assert.equal(existsSync(':memory:'), false);
  });

  test('a long query reads beside a transaction, one that is alone takes its turn after it', async () => {
    const database = await openStore(join(folder, 'turns.db'));
    await database.execute('CREATE TABLE turn (n INTEGER)');
    const count = (alone: boolean) => database.query('SELECT COUNT(*) AS n FROM turn', [], { long: true, alone });
    let after: Promise<unknown> | undefined;
    await database.transaction(async (session) => {
      await session.execute('INSERT INTO turn (n) VALUES (1)');
      after = count(true);
      assert.deepEqual(await count(false), [{ n: 0 }]);
    });
    assert.deepEqual(await after, [{ n: 1 }]);
    await database.close();
  });

  test('a path that cannot be opened, a file that is no database, an unknown address', async () => {
    await assert.rejects(openStore('/dev/null/a.db'), ofKind('unavailable'));
    await assert.rejects(openStore(join(import.meta.dirname, 'database.test.ts')), ofKind('unavailable'));
    await assert.rejects(openStore('mysql://x'), /postgres:\/\/…/);
  });

  test("another process's lock is waited for no longer than the deadline", async () => {
    const file = join(folder, 'locked.db');
    const holder = await openStore(file);
    const other = await openDatabase(file, { statementTimeoutMs: 50 });
    await holder.transaction(async (session) => {
      await session.execute("UPDATE aigw_counter SET value = 7 WHERE name = 'key_sequence'");
      await assert.rejects(
        other.execute("UPDATE aigw_counter SET value = 8 WHERE name = 'key_sequence'"),
        ofKind('unavailable'),
      );
      // Readers do not wait for writers.
      assert.deepEqual(await other.query("SELECT value FROM aigw_counter WHERE name = 'key_sequence'"), [{ value: 0 }]);
    });
    assert.equal(await other.execute("UPDATE aigw_counter SET value = 8 WHERE name = 'key_sequence'"), 1);
    await holder.close();
    await other.close();
  });
});

describe('PostgreSQL', { skip: postgresMissing() }, () => {
  let server: PostgresServer | undefined;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.close());
  const address = (name?: string) => server?.database(name) ?? '';
  cases(address);

  test('a statement that takes too long is given up', async () => {
    const database = await openDatabase(address(), { statementTimeoutMs: 50, longTimeoutMs: 80 });
    await assert.rejects(database.query('SELECT pg_sleep(20)'), ofKind('timeout'));
    await assert.rejects(database.query('SELECT pg_sleep(20)', [], { long: true }), ofKind('timeout'));
    assert.deepEqual(await database.query('SELECT 1 AS one'), [{ one: 1 }]);
    await within('the pool to end', database.close());
  });

  test('a server that goes and comes back', async () => {
    const database = await openDatabase(address(), { connectTimeoutMs: 1000 });
    assert.deepEqual(await database.query('SELECT 1 AS one'), [{ one: 1 }]);
    await server?.stop();
    await assert.rejects(database.query('SELECT 1 AS one'), ofKind('unavailable'));
    await assert.rejects(database.batch([{ sql: 'SELECT 1' }]), ofKind('unavailable'));
    await server?.start();
    assert.deepEqual(await database.query('SELECT 1 AS one'), [{ one: 1 }]);
    await database.close();
  });

  test('a wrong password or database is unavailable, and the message holds no password', async () => {
    const url = address().replace('/postgres', '/nowhere').replace('aigw@', 'aigw:s3cret@');
    await assert.rejects(
      openStore(url),
      (error: Error) => ofKind('unavailable')(error) && !error.message.includes('s3cret'),
    );
  });

  test('without prepared statements behind a pooler', async () => {
    const database = await openDatabase(address(), { pooler: true });
    assert.deepEqual(await database.query('SELECT $1::int AS one', [1]), [{ one: 1 }]);
    assert.deepEqual(await database.query('SELECT COUNT(*) AS n FROM pg_prepared_statements'), [{ n: 0 }]);
    await database.close();
  });
});
