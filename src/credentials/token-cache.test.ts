import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertUnavailable } from './fake-environment.test.ts';
import { createTokenCache, type Expiring, type TokenCache } from './token-cache.ts';

interface Bench {
  cache: TokenCache<string>;
  clock: { ms: number };
  fetches: number;
  /** What the next fetch does; the default is a token of one hour. */
  next: () => Promise<Expiring<string>>;
}

function bench(jitter = 0): Bench {
  const clock = { ms: 1_000_000 };
  const self: Bench = {
    clock,
    fetches: 0,
    next: async () => ({ value: `t${self.fetches}`, expiresAtMs: clock.ms + 3_600_000 }),
    cache: createTokenCache<string>({
      kind: 'AWS',
      environment: { now: () => clock.ms },
      source: () => {
        self.fetches++;
        return self.next();
      },
      jitter: () => jitter,
    }),
  };
  return self;
}

/** Lets everything that is ready to run do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('a hundred callers share one fetch, and the next caller waits for nothing', async () => {
  const b = bench();
  assert.equal(b.cache.peek(), undefined);
  const tokens = await Promise.all(Array.from({ length: 100 }, () => b.cache.fetch()));
  assert.deepEqual(new Set(tokens), new Set(['t1']));
  assert.equal(b.fetches, 1);
  assert.equal(b.cache.peek(), 't1');
});

test('a token is renewed in the background before it ends', async () => {
  const b = bench();
  await b.cache.fetch();
  b.clock.ms += 3_600_000 - 301_000;
  assert.equal(b.cache.peek(), 't1');
  assert.equal(b.fetches, 1);
  b.clock.ms += 2_000;
  assert.equal(b.cache.peek(), 't1');
  assert.equal(b.cache.peek(), 't1');
  assert.equal(b.fetches, 2, 'one refresh, however many callers');
  await settle();
  assert.equal(b.cache.peek(), 't2');
});

test('jitter moves the refresh to an earlier time, by half the lead at most', async () => {
  const b = bench(0.999);
  await b.cache.fetch();
  b.clock.ms += 3_600_000 - 451_000;
  b.cache.peek();
  assert.equal(b.fetches, 1);
  b.clock.ms += 3_000;
  b.cache.peek();
  assert.equal(b.fetches, 2);
  await settle();
});

test('a short token is used for most of its life', async () => {
  const b = bench();
  b.next = async () => ({ value: 'short', expiresAtMs: b.clock.ms + 20_000 });
  await b.cache.fetch();
  b.clock.ms += 15_000;
  assert.equal(b.cache.peek(), 'short');
  assert.equal(b.fetches, 1);
  b.clock.ms += 4_500;
  assert.equal(b.cache.peek(), undefined, 'it ends a twentieth of its life early');
});

test('a token without an end is fetched once', async () => {
  const b = bench();
  b.next = async () => ({ value: 'static', expiresAtMs: Number.POSITIVE_INFINITY });
  await b.cache.fetch();
  b.clock.ms += 1e12;
  assert.equal(b.cache.peek(), 'static');
  assert.equal(b.fetches, 1);
});

test('a failed refresh leaves the token in use and is tried again, not at once', async () => {
  const b = bench();
  await b.cache.fetch();
  const works = b.next;
  b.next = () => Promise.reject(new Error('down'));
  b.clock.ms += 3_400_000;
  assert.equal(b.cache.peek(), 't1');
  await settle();
  assert.equal(b.cache.peek(), 't1');
  assert.equal(b.fetches, 2);
  b.clock.ms += 10_000;
  b.next = works;
  assert.equal(b.cache.peek(), 't1');
  await settle();
  assert.equal(b.fetches, 3);
  assert.equal(b.cache.peek(), 't3');
});

test('a failure answers the callers of the next second, then the service is asked again', async () => {
  const b = bench();
  const works = b.next;
  b.next = () => Promise.reject(new Error('down'));
  await assertUnavailable(() => b.cache.fetch(), /^The AWS credential is unavailable: it could not be fetched\.$/);
  b.clock.ms += 999;
  await assertUnavailable(() => b.cache.fetch(), /AWS/);
  assert.equal(b.fetches, 1);
  b.next = works;
  b.clock.ms += 1;
  assert.equal(await b.cache.fetch(), 't2');
  assert.equal(b.cache.peek(), 't2');
});

test('a clock set back does not prolong a failure', async () => {
  const b = bench();
  const works = b.next;
  b.next = () => Promise.reject(new Error('down'));
  await assertUnavailable(() => b.cache.fetch(), /AWS/);
  b.next = works;
  b.clock.ms -= 600_000;
  assert.equal(await b.cache.fetch(), 't2');
});

test('a source that throws at once fails the same way and does not block the next fetch', async () => {
  const b = bench();
  const works = b.next;
  b.next = () => {
    throw new Error('at once');
  };
  await assertUnavailable(() => b.cache.fetch(), /AWS/);
  b.next = works;
  b.clock.ms += 1_000;
  assert.equal(await b.cache.fetch(), 't2');
});

test('a token that has already ended is a failure', async () => {
  const b = bench();
  b.next = async () => ({ value: 'old', expiresAtMs: b.clock.ms - 1 });
  await assertUnavailable(() => b.cache.fetch(), /already ended; check the clock/);
  b.clock.ms += 1_000;
  b.next = async () => ({ value: 'odd', expiresAtMs: Number.NaN });
  await assertUnavailable(() => b.cache.fetch(), /already ended/);
});

test('a closed cache serves what it has and refreshes no more on its own', async () => {
  const b = bench();
  await b.cache.fetch();
  b.cache.close();
  b.clock.ms += 3_400_000;
  assert.equal(b.cache.peek(), 't1');
  await settle();
  assert.equal(b.fetches, 1);
  b.clock.ms += 1_000_000;
  assert.equal(await b.cache.fetch(), 't2');
});
