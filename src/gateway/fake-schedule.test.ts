import assert from 'node:assert/strict';
import test from 'node:test';
import type { Schedule } from './schedule.ts';

/** A clock that tests move by hand. */
export interface FakeSchedule {
  readonly schedule: Schedule;
  /** Times in milliseconds that are waited for, shortest first. */
  waits(): number[];
  /** Lets the shortest wait end. */
  next(): Promise<void>;
}

/** Makes a clock at which nothing happens by itself. */
export function createFakeSchedule(): FakeSchedule {
  const waiting = new Set<{ ms: number; run: () => void }>();
  const sorted = () => [...waiting].sort((a, b) => a.ms - b.ms);
  return {
    schedule(ms, run) {
      const entry = { ms, run };
      waiting.add(entry);
      return () => void waiting.delete(entry);
    },
    waits: () => sorted().map(({ ms }) => Math.round(ms)),
    async next() {
      const [first] = sorted();
      assert.ok(first !== undefined, 'nothing is waited for');
      waiting.delete(first);
      first.run();
      await settled();
    },
  };
}

/** Resolves when everything that only waits for promises has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test('the fake clock runs what is waited for, shortest first, once', async () => {
  const clock = createFakeSchedule();
  const ran: string[] = [];
  clock.schedule(20, () => ran.push('b'));
  clock.schedule(10, () => ran.push('a'));
  const cancel = clock.schedule(5, () => ran.push('never'));
  cancel();
  assert.deepEqual(clock.waits(), [10, 20]);
  await clock.next();
  await clock.next();
  assert.deepEqual(ran, ['a', 'b']);
  await assert.rejects(clock.next());
});
