import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConcurrencyLimit } from '../../routing/health/concurrency-limit.ts';
import type { Attempt } from '../state.ts';
import { type FakeExchange, fakeWorld, settled } from './fake-exchange.test.ts';
import { prepareAttempt } from './make-attempt.ts';
import { takePlace } from './place.ts';

function newWorld() {
  return fakeWorld(`static_cluster:
  a: { provider: openai, endpoint: "http://a.test", api_key: k, concurrency: { requests: 1, queue: 2, queue_timeout: 300ms } }
virtual_services:
  - name: main
    virtual_routes:
      - { name: plain, match: { model: plain }, split: [{ cluster: a }] }
      - { name: short, match: { model: short }, timeout: { request: 100ms }, split: [{ cluster: a }] }
`);
}

/** An attempt that asks for a place, and what became of it: `placed`, a failure's kind, or nothing yet. */
function ask(exchange: FakeExchange): { attempt: Attempt; outcome: string; limit: ConcurrencyLimit } {
  const target = exchange.target('a');
  const attempt = prepareAttempt(exchange.run, target);
  const { limit } = exchange.cluster('a');
  assert.ok(attempt !== undefined && limit !== undefined);
  const asked = { attempt, outcome: '', limit };
  void takePlace(attempt, limit).then((failure) => {
    asked.outcome = failure === undefined ? 'placed' : failure.kind === 'failed' ? failure.failure : failure.kind;
  });
  return asked;
}

test('places are given in order of arrival; who finds the queue full is busy', async () => {
  const world = newWorld();
  const asked = [1, 2, 3, 4].map(() => ask(world.exchange({ route: 'plain' })));
  await settled();
  assert.deepEqual(
    asked.map(({ outcome }) => outcome),
    ['placed', '', '', 'busy'],
  );
  asked[0]?.limit.release();
  await settled();
  assert.deepEqual(
    asked.map(({ outcome }) => outcome),
    ['placed', 'placed', '', 'busy'],
  );
  assert.equal(asked[0]?.limit.queued, 1);
});

test('who waits too long is busy, and its seat is free', async () => {
  const world = newWorld();
  const [first, second] = [ask(world.exchange({ route: 'plain' })), ask(world.exchange({ route: 'plain' }))];
  world.pass(299);
  await settled();
  assert.equal(second.outcome, '');
  world.pass(1);
  await settled();
  assert.equal(second.outcome, 'busy');
  assert.equal(first.limit.queued, 0);
  assert.equal(second.attempt.abort, undefined);
});

test('nobody waits beyond the time of the exchange', async () => {
  const world = newWorld();
  ask(world.exchange({ route: 'short' }));
  const second = ask(world.exchange({ route: 'short' }));
  world.pass(100);
  await settled();
  assert.equal(second.outcome, 'busy');
});

test('who leaves the queue gives up the seat; who leaves later keeps the place until it is released', async () => {
  const world = newWorld();
  const first = ask(world.exchange({ route: 'plain' }));
  const exchange = world.exchange({ route: 'plain' });
  const second = ask(exchange);
  exchange.state.clientGone = true;
  second.attempt.abort?.();
  await settled();
  assert.equal(second.outcome, 'aborted');
  assert.equal(first.limit.queued, 0);
  const third = ask(world.exchange({ route: 'plain' }));
  first.limit.release();
  third.attempt.abort?.();
  await settled();
  assert.equal(third.outcome, 'placed');
  assert.equal(first.limit.active, 1);
});

test('who lost a race while it waited is not busy but cancelled', async () => {
  const world = newWorld();
  ask(world.exchange({ route: 'plain' }));
  const second = ask(world.exchange({ route: 'plain' }));
  second.attempt.lost = true;
  second.attempt.abort?.();
  await settled();
  assert.equal(second.outcome, 'aborted');
});
