import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { type PostgresServer, postgresMissing, startPostgres } from '../../../test/support/postgres-server.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { DatabaseError } from '../database/database-error.ts';
import { openStore } from '../database/open-database.ts';
import type { SqlDatabase } from '../database/sql-database.ts';
import type { AuditEntry, AuditLog } from './audit-log.ts';
import { appendAudit, createAuditLog } from './sql-audit-log.ts';

function entry(id: string, change: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id,
    timeMs: 1000,
    actor: 'ada',
    role: 'admin',
    action: 'key.update',
    target: 'key:k1',
    before: { name: 'old', limits: [1, null] },
    after: { name: 'new' },
    requestId: 'r1',
    sourceIp: '127.0.0.1',
    ...change,
  };
}

function cases(address: () => string): void {
  let database: SqlDatabase;
  let log: AuditLog;
  before(async () => {
    database = await openStore(address());
    log = createAuditLog(database);
  });
  after(() => database.close());

  test('entries come back whole, newest first, by page and filter', async () => {
    const entries = Array.from({ length: 12 }, (_, index) =>
      entry(`e${String(index).padStart(2, '0')}`, {
        timeMs: 1000 + (index % 4),
        actor: index % 2 === 0 ? 'ada' : 'bob',
        before: index === 0 ? null : { index },
        target: `key:${index % 3}`,
      }),
    );
    for (const each of entries) await log.append(each);
    const newestFirst = [...entries].sort((a, b) => b.timeMs - a.timeMs || (a.id < b.id ? 1 : -1));
    const seen: AuditEntry[] = [];
    let after: string | undefined;
    do {
      const page = await log.list({ limit: 5, after });
      seen.push(...page.entries);
      after = page.next;
    } while (after !== undefined);
    assert.deepEqual(seen, newestFirst);
    const some = await log.list({ actor: 'bob', target: 'key:1', fromMs: 1001, toMs: 1004 });
    assert.deepEqual(
      some.entries,
      newestFirst.filter((each) => each.actor === 'bob' && each.target === 'key:1' && each.timeMs >= 1001),
    );
    assert.ok(some.entries.length > 0);
    assert.equal((await log.list({ action: 'key.revoke' })).entries.length, 0);
    await assert.rejects(log.list({ after: 'x' }), GatewayError.is);
    await assert.rejects(log.list({ limit: -1 }), GatewayError.is);
  });

  test('an entry counts once, and can neither be changed nor removed', async () => {
    await log.append(entry('once', { target: 'key:once' }));
    await log.append(entry('once', { target: 'key:once', actor: 'mallory' }));
    const refused = (error: unknown) => error instanceof DatabaseError && /append-only/.test(error.message);
    await assert.rejects(database.execute("UPDATE aigw_audit SET actor = 'mallory'"), refused);
    await assert.rejects(database.execute('DELETE FROM aigw_audit'), refused);
    assert.deepEqual((await log.list({ target: 'key:once' })).entries, [entry('once', { target: 'key:once' })]);
  });

  test('an entry goes with its change or not at all', async () => {
    const failing = database.transaction(async (session) => {
      await appendAudit(session, entry('undone', { target: 'key:undone' }));
      throw new Error('the change failed');
    });
    await assert.rejects(failing, /^Error: the change failed$/);
    assert.deepEqual((await log.list({ target: 'key:undone' })).entries, []);
  });

  test('hostile texts in every field and filter', async () => {
    for (const text of ["'; DROP TABLE aigw_audit; --", "x' OR '1'='1", '$1', '?1', '\\', '🦆"']) {
      const hostile = entry(`h-${text}`, {
        actor: text,
        role: text,
        action: text,
        target: text,
        before: { [text]: text },
        after: [text],
        requestId: text,
        sourceIp: text,
      });
      await log.append(hostile);
      assert.deepEqual((await log.list({ actor: text, action: text, target: text })).entries, [hostile]);
    }
  });
}

describe('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aigw-audit-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  cases(() => join(folder, 'audit.db'));
});

describe('PostgreSQL', { skip: postgresMissing() }, () => {
  let server: PostgresServer | undefined;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.close());
  cases(() => server?.database('audit') ?? '');
});
