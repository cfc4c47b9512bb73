import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { redisSkip, startRedisServer } from '../../../test/support/redis-server.ts';
import { type Scope, waitFor } from '../../../test/support/wait.ts';
import type { CounterLimit, ReserveResult } from './counter-store.ts';
import { RedisCounters, type RedisCountersOptions } from './redis-counters.ts';

const HOUR = 3_600_000;

function limitOf(limit: Partial<CounterLimit> = {}): CounterLimit {
  return { key: 'k', kind: 'window', limit: 10, windowMs: HOUR, amount: 1, enforce: true, ...limit };
}

async function open(scope: Scope, options: RedisCountersOptions): Promise<RedisCounters> {
  const store = new RedisCounters(options);
  scope.after(() => store.close());
  await waitFor('the connection', () => store.stats().ready);
  return store;
}

/** What `redis-cli` would print. */
function cli(port: number, ...args: string[]): string {
  return spawnSync('redis-cli', ['-p', String(port), ...args], { encoding: 'utf8' }).stdout.trim();
}

function admitted(results: readonly ReserveResult[]): number {
  return results.filter(({ allowed }) => allowed).length;
}

test('200 at once over three clients get exactly the limit', { skip: redisSkip }, async (t) => {
  const { url } = await startRedisServer(t);
  const stores = await Promise.all([1, 2, 3].map(() => open(t, { url })));
  for (const kind of ['window', 'period', 'concurrency', 'bucket'] as const) {
    const now = Date.now();
    const limit = limitOf({ key: kind, kind, limit: 77, periodStartMs: now, periodEndMs: now + HOUR });
    const asked = Array.from({ length: 200 }, (_, index) => stores[index % 3]?.reserve([limit], now, HOUR));
    const results = (await Promise.all(asked)).filter((result) => result !== undefined);
    assert.equal(results.length, 200);
    assert.equal(admitted(results), 77, kind);
  }
});

test('tokens with settlement: the overshoot is what was used above what was reserved', {
  skip: redisSkip,
}, async (t) => {
  const { url } = await startRedisServer(t);
  const stores = await Promise.all([1, 2, 3].map(() => open(t, { url })));
  const limit = limitOf({ limit: 10_000, amount: 100 });
  const now = Date.now();
  let inFlight = 0;
  const run = async (index: number) => {
    const store = stores[index % 3];
    const result = await store?.reserve([limit], now, HOUR);
    if (result?.reservation === undefined) return;
    inFlight += 50;
    assert.ok((result.states[0]?.used ?? 0) <= 10_000, 'over the limit at admission');
    store?.settle(result.reservation, [index % 2 === 0 ? 150 : 20], now);
  };
  for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 30 }, (_, index) => run(index)));
  const used = (await stores[0]?.peek([limit], now))?.[0]?.used ?? 0;
  assert.ok(used > 9800 && used <= 10_000 + Math.min(inFlight, 30 * 50), `${used}`);
});

test('what a killed client had reserved is given back', { skip: redisSkip }, async (t) => {
  const { url } = await startRedisServer(t);
  const code = `
    const { RedisCounters } = await import('./redis-counters.ts');
    const store = new RedisCounters({ url: process.env.REDIS_URL });
    while (!store.stats().ready) await new Promise((resolve) => setTimeout(resolve, 5));
    for (let index = 0; index < 10; index++) await store.reserve([JSON.parse(process.env.LIMIT)], Date.now(), 700);
    process.stdout.write('held');
    setInterval(() => {}, 1000);
  `;
  const limit = limitOf({ kind: 'concurrency' });
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { PATH: process.env['PATH'] ?? '', REDIS_URL: url, LIMIT: JSON.stringify(limit) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  const store = await open(t, { url });
  await waitFor('room', async () => (await store.reserve([limit], 0, HOUR)).allowed);
  await waitFor('all of it', async () => (await store.peek([limit], 0))[0]?.used === 1);
});

test('thousands of reservations that expire at once are given back to whoever asks', { skip: redisSkip }, async (t) => {
  const { url } = await startRedisServer(t);
  const store = await open(t, { url, clock: 'caller' });
  const now = Date.now();
  const limit = limitOf({ kind: 'concurrency', limit: 3000 });
  const results = await Promise.all(Array.from({ length: 3000 }, () => store.reserve([limit], now, 1000)));
  assert.equal(admitted(results), 3000);
  assert.equal((await store.reserve([limit], now + 999, 1000)).allowed, false);
  // The step of each call is bounded, so it is the refusal that has to look further.
  const next = await store.reserve([{ ...limit, amount: 3000 }], now + 1000, 1000);
  assert.equal(next.allowed, true);
});

test('every key begins with the prefix, lies in one slot and has a time to live', { skip: redisSkip }, async (t) => {
  const { url, port } = await startRedisServer(t);
  const store = await open(t, { url, prefix: 'gw:', hashTag: 'eu' });
  const now = Date.now();
  const limits = (['window', 'bucket', 'period', 'concurrency'] as const).map((kind) =>
    limitOf({ key: `acme/${kind}`, kind, periodStartMs: 5, periodEndMs: now + HOUR }),
  );
  const { reservation } = await store.reserve(limits, now, 60_000);
  const keys = cli(port, 'KEYS', '*').split('\n').sort();
  assert.deepEqual(keys, [
    'gw:{eu}:b:acme/bucket',
    'gw:{eu}:c:acme/concurrency',
    'gw:{eu}:p5:acme/period',
    'gw:{eu}:reservations',
    'gw:{eu}:w3600000:acme/window',
  ]);
  for (const key of keys) assert.ok(Number(cli(port, 'PTTL', key)) > 0, key);
  assert.ok(reservation);
  store.settle(reservation, [0, 0, 0, 0], now);
  await store.idle(5000);
  assert.deepEqual(cli(port, 'KEYS', '*'), 'gw:{eu}:reservations', 'counters that hold nothing are gone');
});

test('the clock is the one of Redis, so replicas with skewed clocks agree', { skip: redisSkip }, async (t) => {
  const { url } = await startRedisServer(t);
  const [fast, slow] = await Promise.all([open(t, { url }), open(t, { url })]);
  const limit = limitOf({ limit: 1, windowMs: 60_000 });
  assert.equal((await fast.reserve([limit], Date.now() + 10 * HOUR, HOUR)).allowed, true);
  assert.equal((await slow.reserve([limit], Date.now() - 10 * HOUR, HOUR)).allowed, false);
});

test('a Redis that forgot the scripts is told them again', { skip: redisSkip }, async (t) => {
  const { url, port } = await startRedisServer(t);
  const store = await open(t, { url });
  cli(port, 'SCRIPT', 'FLUSH');
  const { allowed, reservation } = await store.reserve([limitOf()], 0, HOUR);
  assert.equal(allowed, true);
  assert.ok(reservation);
  cli(port, 'SCRIPT', 'FLUSH');
  store.settle(reservation, [4], 0);
  await store.idle(5000);
  assert.equal((await store.peek([limitOf()], 0))[0]?.used, 4);
  assert.equal(store.stats().lost, 0);
});

test('a settlement that was carried out but not answered counts once', { skip: redisSkip }, async (t) => {
  const server = await startRedisServer(t);
  const limit = limitOf({ limit: 1000 });
  const errors: Error[] = [];
  const store = await open(t, { url: server.url, staleMs: 200, onError: (error) => errors.push(error) });
  const { reservation } = await store.reserve([limit], 0, HOUR);
  assert.ok(reservation);
  // Redis stops with the settlement in its socket, the client gives the connection up and sends it again over a new one.
  server.signal('SIGSTOP');
  store.settle(reservation, [50], 0);
  store.charge([limit], [7], 0);
  await waitFor('the connection to be given up', () => errors.some(({ message }) => message.includes('no answer')));
  server.signal('SIGCONT');
  await waitFor('the settlements', () => store.stats().ready && store.stats().queued === 0);
  await store.idle(5000);
  assert.equal((await store.peek([limit], 0))[0]?.used, 57);
  assert.equal(store.stats().lost, 0);
});

test('a reservation whose answer was lost is given back', { skip: redisSkip }, async (t) => {
  const server = await startRedisServer(t);
  const store = await open(t, { url: server.url, staleMs: 200 });
  server.signal('SIGSTOP');
  const asked = store.reserve([limitOf()], 0, HOUR);
  await assert.rejects(asked);
  server.signal('SIGCONT');
  await waitFor('the connection', () => store.stats().ready);
  await store.idle(5000);
  await waitFor('nothing in use', async () => (await store.peek([limitOf()], 0))[0]?.used === 0);
});

test('settlements wait for a Redis that is away, in a bounded queue', { skip: redisSkip }, async (t) => {
  const first = await startRedisServer(t);
  const store = await open(t, { url: first.url, maxQueued: 100 });
  await first.stop();
  await waitFor('the loss', () => !store.stats().ready);
  for (let index = 0; index < 250; index++) store.charge([limitOf({ limit: 1000 })], [1], 0);
  assert.deepEqual({ queued: store.stats().queued, lost: store.stats().lost }, { queued: 100, lost: 150 });
  await assert.rejects(async () => store.reserve([limitOf()], 0, HOUR), /not connected/);
  await startRedisServer(t, { port: first.port });
  await waitFor('the settlements', () => store.stats().ready && store.stats().queued === 0);
  await store.idle(5000);
  assert.equal((await store.peek([limitOf({ limit: 1000 })], 0))[0]?.used, 100);
});

test('speaks to a cluster, and each call stays in one slot', { skip: redisSkip }, async (t) => {
  const { url, port } = await startRedisServer(t, {
    args: ['--cluster-enabled', 'yes'],
  });
  assert.equal(cli(port, 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383'), 'OK');
  await waitFor('the cluster', () => cli(port, 'CLUSTER', 'INFO').includes('cluster_state:ok'));
  const store = await open(t, { url: [url], cluster: true });
  const limits = ['a', 'b', 'c'].map((key) => limitOf({ key, limit: 2 }));
  const results = await Promise.all(Array.from({ length: 5 }, () => store.reserve(limits, 0, HOUR)));
  assert.equal(admitted(results), 2);
  const reservation = results.find(({ allowed }) => allowed)?.reservation;
  assert.ok(reservation);
  store.settle(reservation, [0, 0, 0], 0);
  assert.equal((await store.peek(limits, 0))[0]?.used, 1);
});

test('a user and a password go with the URL; a wrong one is an error, not an end', { skip: redisSkip }, async (t) => {
  const { url, port } = await startRedisServer(t);
  cli(port, 'ACL', 'SETUSER', 'gateway', 'on', '>p@ss', '~aigw:*', '+@all');
  const store = await open(t, { url: url.replace('//', '//gateway:p%40ss@') });
  assert.equal((await store.reserve([limitOf()], 0, HOUR)).allowed, true);
  const errors: string[] = [];
  const wrong = new RedisCounters({
    url: url.replace('//', '//gateway:wrong@'),
    closeMs: 0,
    onError: (error) => errors.push(error.message),
  });
  t.after(() => wrong.close());
  await waitFor('two attempts', () => errors.length >= 2);
  assert.match(errors[0] ?? '', /WRONGPASS/);
  assert.ok(errors.every((message) => !message.includes('wrong@')));
});
