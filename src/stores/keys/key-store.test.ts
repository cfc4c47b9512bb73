import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { type PostgresServer, postgresMissing, startPostgres } from '../../../test/support/postgres-server.ts';
import { waitFor } from '../../../test/support/wait.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { DatabaseError } from '../database/database-error.ts';
import { openStore } from '../database/open-database.ts';
import type { SqlDatabase } from '../database/sql-database.ts';
import type { IssuedKey, NewKey, NewOverride } from './issued-key.ts';
import type { KeyChanges, KeyStore } from './key-store.ts';
import { createKeyStore } from './sql-key-store.ts';

const HOSTILE = ["'; DROP TABLE aigw_key; --", "x' OR '1'='1", '$1', '?1', '" --', '\\', '%', '{text}', '🦆'];

function newKey(id: string, change: Partial<NewKey> = {}): NewKey {
  return {
    id,
    hash: `hash-of-${id}`,
    prefix: 'aigw-abc',
    name: `name of ${id}`,
    organization: 'acme',
    team: '',
    user: '',
    createdMs: 1000,
    expiresMs: null,
    allowedModels: [],
    allowedEndpoints: [],
    allowedRoutes: [],
    allowedIps: [],
    limits: {},
    budget: {},
    metadata: {},
    ...change,
  };
}

function newOverride(id: string, change: Partial<NewOverride> = {}): NewOverride {
  const times = { fromMs: 100, untilMs: 200, createdMs: 50 };
  return {
    id,
    scope: 'team:acme/search',
    unit: 'usd_nano',
    amount: 5e9,
    reason: 'launch',
    createdBy: 'ada',
    ...times,
    ...change,
  };
}

/** Follows the changes as a process does that keeps an index. */
async function follow(store: KeyStore, from: number, limit = 1000): Promise<KeyChanges & { order: number[] }> {
  const all: KeyChanges & { order: number[] } = {
    keys: [],
    overrides: [],
    sequence: from,
    more: true,
    reset: false,
    order: [],
  };
  while (all.more) {
    const changes = await store.changesSince(all.sequence, limit);
    assert.ok(changes.sequence >= all.sequence && (!changes.more || changes.sequence > all.sequence));
    all.keys.push(...changes.keys);
    all.overrides.push(...changes.overrides);
    all.order.push(...[...changes.keys, ...changes.overrides].map(({ sequence }) => sequence).sort((a, b) => a - b));
    all.sequence = changes.sequence;
    all.more = changes.more;
  }
  return all;
}

const conflict = (error: unknown) => error instanceof DatabaseError && error.kind === 'conflict';

function cases(address: (name: string) => string): void {
  let database: SqlDatabase;
  let store: KeyStore;
  before(async () => {
    database = await openStore(address('keys'));
    store = createKeyStore(database);
  });
  after(() => database.close());

  test('a key comes back whole, by id and by hash', async () => {
    const key = newKey('whole', {
      team: 'search',
      user: 'ada',
      expiresMs: 9e12,
      allowedModels: ['gpt-4o', 'claude-*'],
      allowedEndpoints: ['/v1/chat/completions'],
      allowedRoutes: ['chat'],
      allowedIps: ['10.0.0.0/8', '::1'],
      limits: { requests: [{ limit: 5, per: 'minute' }] },
      budget: { usd: 12.5, nested: { deep: [1, null, true] } },
      metadata: { 'cost center': '42' },
    });
    const stored = await store.insert(key);
    const { version, sequence, revokedMs, rotatedFrom, overlapUntilMs, ...same } = stored;
    assert.deepEqual(same, key);
    assert.deepEqual([version, revokedMs, rotatedFrom, overlapUntilMs], [1, null, null, null]);
    assert.ok(sequence > 0);
    assert.deepEqual(await store.get('whole'), stored);
    assert.deepEqual(await store.findByHash('hash-of-whole'), stored);
    assert.equal(await store.get('nobody'), undefined);
    assert.equal(await store.findByHash('hash-of-nobody'), undefined);
  });

  test('an id or hash that exists is refused, and changes nothing', async () => {
    await store.insert(newKey('first'));
    await assert.rejects(store.insert(newKey('first', { hash: 'other' })), conflict);
    await assert.rejects(store.insert(newKey('second', { hash: 'hash-of-first' })), conflict);
    assert.equal(await store.get('second'), undefined);
    assert.equal((await store.get('first'))?.hash, 'hash-of-first');
  });

  test('only who knows the newest version changes a key', async () => {
    const { version } = await store.insert(newKey('shared'));
    const changes = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        store.update('shared', version, { name: `by ${index}`, expiresMs: index }),
      ),
    );
    const won = changes.filter(({ ok }) => ok);
    assert.equal(won.length, 1);
    const now = await store.get('shared');
    assert.deepEqual(won[0], { ok: true, key: now });
    assert.equal(now?.version, 2);
    for (const lost of changes.filter(({ ok }) => !ok))
      assert.deepEqual(lost, { ok: false, reason: 'version', key: now });
    // Fields that nobody may change are left alone.
    const sneaky = { hash: 'stolen', organization: 'evil', version: 77, revokedMs: 5, budget: { usd: 1 } };
    const changed = await store.update('shared', 2, sneaky);
    assert.ok(changed.ok);
    const { hash, organization, revokedMs, budget, expiresMs } = changed.key;
    assert.deepEqual([hash, organization, revokedMs, budget], ['hash-of-shared', 'acme', null, { usd: 1 }]);
    assert.equal(expiresMs, now?.expiresMs);
    assert.equal((await store.update('shared', 3, { expiresMs: null })).ok, true);
    assert.equal((await store.get('shared'))?.expiresMs, null);
    assert.deepEqual(await store.update('nobody', 1, {}), { ok: false, reason: 'not-found' });
  });

  test('revoked once and for all', async () => {
    await store.insert(newKey('gone'));
    const first = await store.revoke('gone', 5000);
    assert.ok(first.ok && first.key.revokedMs === 5000);
    const second = await store.revoke('gone', 6000);
    assert.deepEqual(second, first);
    assert.deepEqual(await store.revoke('nobody', 1), { ok: false, reason: 'not-found' });
  });

  test('rotation replaces a key in one step', async () => {
    const old = await store.insert(newKey('old'));
    await assert.rejects(store.rotate(old, newKey('successor', { hash: 'hash-of-old' }), 7000), conflict);
    assert.deepEqual(await store.get('old'), old);
    const change = await store.rotate(old, newKey('successor'), 7000);
    assert.ok(change.ok);
    assert.equal(change.key.rotatedFrom, 'old');
    assert.deepEqual(await store.get('successor'), change.key);
    assert.equal((await store.get('old'))?.overlapUntilMs, 7000);
    const again = await store.rotate(old, newKey('another'), 8000);
    assert.equal(again.ok ? '' : again.reason, 'version');
    assert.equal(await store.get('another'), undefined);
  });

  test('lists by owner, page by page, only active ones when asked', async () => {
    const organization = 'listing';
    for (let index = 0; index < 25; index++) {
      const team = `team-${index % 2}`;
      await store.insert(newKey(`list-${index}`, { organization, team, user: 'u', createdMs: 1000 + (index % 5) }));
    }
    const seen: IssuedKey[] = [];
    let after: string | undefined;
    do {
      const page = await store.list({ organization, limit: 4, after });
      seen.push(...page.keys);
      after = page.next;
    } while (after !== undefined);
    assert.equal(new Set(seen.map(({ id }) => id)).size, 25);
    assert.deepEqual(
      seen.map(({ id }) => id),
      [...seen].sort((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? 1 : -1)).map(({ id }) => id),
    );
    assert.equal((await store.list({ organization, team: 'team-1' })).keys.length, 12);
    assert.equal((await store.list({ organization, user: 'nobody' })).keys.length, 0);
    await store.revoke('list-0', 10);
    await store.update('list-1', 1, { expiresMs: 500 });
    await store.rotate({ id: 'list-2', version: 1 }, newKey('list-2b', { organization }), 500);
    assert.equal((await store.list({ organization, activeAtMs: 499 })).keys.length, 25);
    assert.equal((await store.list({ organization, activeAtMs: 500 })).keys.length, 23);
    await assert.rejects(store.list({ after: 'nonsense' }), GatewayError.is);
    await assert.rejects(store.list({ limit: 5000 }), GatewayError.is);
  });

  test('hostile texts in every field and filter', async () => {
    for (const [index, text] of HOSTILE.entries()) {
      const id = `${index}${text}`;
      const change = { hash: id, prefix: text, name: text, organization: text, team: text, user: text };
      const lists = { allowedModels: [text], allowedEndpoints: [text], allowedRoutes: [text], allowedIps: [text] };
      const objects = { limits: { [text]: text }, budget: { [text]: text }, metadata: { [text]: text } };
      const stored = await store.insert(newKey(id, { ...change, ...lists, ...objects }));
      assert.deepEqual(await store.get(id), stored);
      assert.deepEqual(await store.findByHash(id), stored);
      assert.deepEqual((await store.list({ organization: text, team: text, user: text })).keys, [stored]);
      assert.ok((await store.update(id, 1, { name: text })).ok);
      const override = await store.insertOverride(
        newOverride(id, { scope: text, unit: text, reason: text, createdBy: text }),
      );
      assert.deepEqual((await store.listOverrides({ scope: text })).overrides, [override]);
    }
    assert.equal(await store.findByHash("' OR 1=1 --"), undefined);
    assert.equal((await store.list({ organization: "acme' --" })).keys.length, 0);
  });

  test('overrides count from, until, or until taken back', async () => {
    const scope = 'key:k1';
    const stored = await store.insertOverride(newOverride('o1', { scope, amount: -Number.MAX_SAFE_INTEGER }));
    await store.insertOverride(newOverride('o2', { scope, fromMs: 150, untilMs: 400, createdMs: 60 }));
    const active = async (activeAtMs: number) =>
      (await store.listOverrides({ scope, activeAtMs })).overrides.map(({ id }) => id);
    assert.deepEqual(
      [await active(99), await active(100), await active(150), await active(200)],
      [[], ['o1'], ['o2', 'o1'], ['o2']],
    );
    const ended = await store.endOverride('o2', 180);
    assert.equal(ended?.endedMs, 180);
    assert.deepEqual(await store.endOverride('o2', 190), ended);
    assert.deepEqual([await active(179), await active(180)], [['o2', 'o1'], ['o1']]);
    assert.equal(await store.endOverride('nobody', 1), undefined);
    assert.deepEqual(
      (await store.listOverrides({ scope, limit: 1 })).overrides.map(({ id }) => id),
      ['o2'],
    );
    assert.ok((await follow(store, stored.sequence - 1)).overrides.some(({ id }) => id === 'o1'));
  });

  describe('changes', () => {
    test('are told in order, each key in its newest state', async () => {
      const { sequence } = await follow(store, 0);
      await store.insert(newKey('c1'));
      await store.insert(newKey('c2'));
      await store.insertOverride(newOverride('c3'));
      await store.update('c1', 1, { name: 'newer' });
      const { keys, overrides, sequence: next, order } = await follow(store, sequence, 1);
      assert.deepEqual(
        keys.map(({ id, name }) => `${id} ${name}`),
        ['c2 name of c2', 'c1 newer'],
      );
      assert.deepEqual(
        overrides.map(({ id }) => id),
        ['c3'],
      );
      assert.deepEqual(
        order,
        [...order].sort((a, b) => a - b),
      );
      assert.deepEqual(await store.changesSince(next), {
        keys: [],
        overrides: [],
        sequence: next,
        more: false,
        reset: false,
      });
      assert.deepEqual((await store.changesSince(next + 1)).reset, true);
    });

    test('none is missed while many processes write', async () => {
      const others = await Promise.all([1, 2].map(async () => await openStore(address('keys'))));
      const { sequence } = await follow(store, 0);
      let writing = true;
      const seen = new Map<string, number>();
      const poll = async () => {
        let since = sequence;
        for (let last = false; !last; ) {
          last = !writing;
          const changes = await follow(store, since, 7);
          for (const key of changes.keys) seen.set(key.id, key.version);
          since = changes.sequence;
        }
      };
      const polling = poll();
      await Promise.all(
        others.flatMap((other, process) =>
          [0, 1, 2, 3].map(async (writer) => {
            const target = createKeyStore(other);
            for (let index = 0; index < 10; index++) {
              const id = `many-${process}-${writer}-${index}`;
              await target.insert(newKey(id));
              if (index % 3 === 0) await target.update(id, 1, { name: 'changed' });
            }
          }),
        ),
      );
      writing = false;
      await polling;
      assert.equal(seen.size, 80);
      for (const [id, version] of seen) assert.equal(version, Number(id.split('-')[3]) % 3 === 0 ? 2 : 1, id);
      for (const other of others) await other.close();
    });
  });
}

describe('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aigw-keys-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  cases((name) => join(folder, `${name}.db`));
});

describe('PostgreSQL', { skip: postgresMissing() }, () => {
  let server: PostgresServer | undefined;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.close());
  const address = (name: string) => server?.database(name) ?? '';
  cases(address);

  test('a change waits for an earlier one that is not committed yet, so that none can be overtaken', async () => {
    const [slow, fast] = await Promise.all([openStore(address('order')), openStore(address('order'))]);
    const store = createKeyStore(fast);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let locked = false;
    const first = slow.transaction(async (session) => {
      await session.execute("UPDATE aigw_counter SET value = value + 1 WHERE name = 'key_sequence'");
      locked = true;
      await held;
    });
    await waitFor('the first to have its number', () => locked);
    const second = store.insert(newKey('second'));
    const waiting = "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = 'order' AND wait_event_type = 'Lock'";
    await waitFor('the second to wait', async () => (await fast.query(waiting))[0]?.['n'] === 1);
    assert.deepEqual(await store.changesSince(0), { keys: [], overrides: [], sequence: 0, more: false, reset: false });
    release();
    await first;
    assert.equal((await second).sequence, 2);
    await slow.close();
    await fast.close();
  });
});
