import assert from 'node:assert/strict';
import test from 'node:test';
import type { FoundEndpoint } from '../snapshot/compile-cluster.ts';
import { EndpointFollower } from './endpoint-follower.ts';
import { createFakeSchedule, settled } from './fake-schedule.test.ts';

const A: FoundEndpoint = { url: 'http://a' };
const B: FoundEndpoint = { url: 'http://b' };

function follow(refreshMs = 10_000) {
  const clock = createFakeSchedule();
  const events: string[] = [];
  const world = {
    answer: (): readonly FoundEndpoint[] | Promise<readonly FoundEndpoint[]> => [A],
    notice: () => {},
    watched: true,
  };
  const follower: EndpointFollower = new EndpointFollower({
    source: {
      refreshMs,
      find: async () => world.answer(),
      watch(onNotice) {
        world.notice = onNotice;
        return () => {
          world.watched = false;
        };
      },
    },
    schedule: clock.schedule,
    random: () => 0.5,
    now: () => 77,
    onChange: () => events.push(follower.found.map(({ url }) => url).join(' ')),
    onTurn: (error) => events.push(error === undefined ? 'well again' : `error: ${error}`),
  });
  return { clock, events, world, follower };
}

const failing = (message: string) => () => Promise.reject(new Error(message));

test('changes are told once, and the clock says when to look again', async () => {
  const { clock, events, world, follower } = follow();
  await follower.look();
  assert.deepEqual(events, ['http://a']);
  assert.equal(follower.foundMs, 77);
  assert.deepEqual(clock.waits(), [10_000]);
  await clock.next();
  assert.deepEqual(events, ['http://a'], 'the same set is no change');
  world.answer = () => [A, B];
  await clock.next();
  assert.deepEqual(events, ['http://a', 'http://a http://b']);
  assert.equal(follower.version, 2);
  world.answer = () => [];
  await clock.next();
  assert.deepEqual(follower.found, [], 'a source may say that there are none');
});

test('a failed look keeps what was found, is told once for each reason, and is repeated soon', async () => {
  const { clock, events, world, follower } = follow(3000);
  await follower.look();
  world.answer = failing('no such name');
  const waits: number[] = [];
  for (let count = 0; count < 6; count++) {
    await clock.next();
    waits.push(...clock.waits());
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000, 3000, 3000]);
  assert.deepEqual(follower.found, [A]);
  world.answer = failing('servers fail');
  await clock.next();
  world.answer = () => [A];
  await clock.next();
  assert.deepEqual(events, ['http://a', 'error: no such name', 'error: servers fail', 'well again']);
  assert.equal(follower.error, undefined);
  assert.deepEqual(clock.waits(), [3000]);
});

test('one look at a time: notices in the meantime make one more', async () => {
  const { events, world, follower } = follow();
  let looks = 0;
  let finish = (_found: readonly FoundEndpoint[]) => {};
  world.answer = () => {
    looks++;
    return new Promise((resolve) => {
      finish = resolve;
    });
  };
  const first = follower.look();
  await settled();
  for (let count = 0; count < 5; count++) world.notice();
  const second = follower.look();
  finish([A]);
  await first;
  await settled();
  assert.equal(looks, 2);
  finish([B]);
  await second;
  assert.deepEqual(events, ['http://a', 'http://b']);
  assert.equal(looks, 2);
});

test('without a refresh only notices and calls make it look', async () => {
  const clock = createFakeSchedule();
  const quiet = new EndpointFollower({
    source: { refreshMs: undefined, find: async () => [A] },
    schedule: clock.schedule,
    random: () => 0,
    now: () => 0,
    onChange: () => {},
    onTurn: () => {},
  });
  await quiet.look();
  assert.deepEqual(clock.waits(), []);
});

test('closed, it waits for nothing and tells nothing', async () => {
  const { clock, events, world, follower } = follow();
  let finish = (_found: readonly FoundEndpoint[]) => {};
  await follower.look();
  world.answer = () =>
    new Promise((resolve) => {
      finish = resolve;
    });
  const late = follower.look();
  await settled();
  follower.close();
  finish([B]);
  await late;
  await follower.look();
  assert.deepEqual(events, ['http://a']);
  assert.deepEqual(clock.waits(), []);
  assert.equal(world.watched, false);
});
