import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { createWatchdog, type Watched } from './watchdog.ts';

test('entries expire after their moment, once, whatever else comes and goes', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  fc.assert(
    fc.property(fc.array(fc.record({ at: fc.nat(500), leave: fc.boolean() }), { maxLength: 40 }), (plans) => {
      let now = 0;
      const watchdog = createWatchdog(() => now);
      const expired: number[] = [];
      const entries = plans.map<Watched>((plan, index) => ({
        deadline: plan.at,
        watchIndex: -1,
        expire: () => expired.push(index),
      }));
      for (const entry of entries) watchdog.watch(entry);
      for (const [index, entry] of entries.entries()) if (plans[index]?.leave) watchdog.unwatch(entry);
      for (; now <= 600; now += 50) t.mock.timers.tick(50);
      watchdog.close();
      const wanted = plans.flatMap((plan, index) => (plan.leave ? [] : [index]));
      assert.deepEqual(
        [...expired].sort((a, b) => a - b),
        wanted,
      );
    }),
  );
});

test('an entry whose deadline moved on is left alone', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let now = 0;
  const watchdog = createWatchdog(() => now);
  let expired = 0;
  const entry: Watched = {
    deadline: 100,
    watchIndex: -1,
    expire() {
      expired++;
    },
  };
  watchdog.watch(entry);
  now = 90;
  entry.deadline = 300;
  now = 200;
  t.mock.timers.tick(50);
  assert.equal(expired, 0);
  now = 301;
  t.mock.timers.tick(50);
  t.mock.timers.tick(50);
  assert.equal(expired, 1);
  watchdog.close();
});

test('after the process itself stood still, what has arrived is read before anything expires', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let now = 0;
  const watchdog = createWatchdog(() => now);
  const expired: string[] = [];
  const watch = (name: string) => {
    const entry: Watched = { deadline: 100, watchIndex: -1, expire: () => expired.push(name) };
    watchdog.watch(entry);
    return entry;
  };
  watch('silent');
  const answered = watch('answered');
  now = 2000;
  t.mock.timers.tick(50);
  assert.deepEqual(expired, []);
  answered.deadline = 3000;
  now = 2050;
  t.mock.timers.tick(50);
  assert.deepEqual(expired, ['silent']);
  watchdog.close();
});
