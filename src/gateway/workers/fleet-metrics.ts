import { setTimeout as pause } from 'node:timers/promises';
import { type ExpositionOrigin, ExpositionSum } from '../../telemetry/exposition-sum.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** One exposition of all processes. */
export interface FleetMetrics {
  /** The workers' metrics added up, with those of the primary, given in pieces. */
  text(primary: AsyncIterable<string>): AsyncGenerator<string, void, undefined>;
  /** A worker ended. */
  gone(slot: WorkerSlot): void;
}

/** A worker that does not answer within this time is told of as it was. */
const ANSWER_MS = 3000;

/** Makes it. Counters never go back: what an ended worker was last seen to have counted stays in the sums. */
export function createFleetMetrics(slots: readonly WorkerSlot[]): FleetMetrics {
  /** What each worker last told. */
  const last = new Map<WorkerSlot, string>();
  /** Of workers that ended. */
  const departed: string[] = [];
  let joining = false;

  async function ask(slot: WorkerSlot): Promise<void> {
    const late = new AbortController();
    try {
      const answer = slot.ask({ task: 'metrics' });
      const text = await Promise.race([answer, pause(ANSWER_MS, undefined, { signal: late.signal })]);
      // Meanwhile it may have ended, and been counted among the departed.
      if (text !== undefined && slot.isUp) last.set(slot, text);
    } catch {
      // It has just ended.
    } finally {
      late.abort();
    }
  }

  /** Of many that have ended one exposition is kept. */
  async function joinDeparted(): Promise<void> {
    if (joining || departed.length < 2) return;
    joining = true;
    const texts = [...departed];
    const sum = new ExpositionSum();
    for (const text of texts) await sum.add(text, { role: 'departed', worker: '' });
    // In one turn: a sum that is made meanwhile finds either them or this.
    departed.splice(0, texts.length, [...sum.pieces()].join(''));
    joining = false;
  }

  return {
    async *text(primary) {
      await Promise.all(slots.filter((slot) => slot.isUp).map(ask));
      await joinDeparted();
      let own = '';
      for await (const piece of primary) own += piece;
      const parts: [text: string, origin: ExpositionOrigin][] = [[own, { role: 'primary', worker: 'primary' }]];
      // In one turn: a worker that ends meanwhile is either here or among the departed.
      for (const slot of slots) {
        const text = last.get(slot);
        if (text !== undefined) parts.push([text, { role: 'worker', worker: String(slot.index) }]);
      }
      for (const text of departed) parts.push([text, { role: 'departed', worker: '' }]);
      const sum = new ExpositionSum();
      for (const [text, origin] of parts) await sum.add(text, origin);
      yield* sum.pieces();
    },
    gone(slot) {
      const text = last.get(slot);
      last.delete(slot);
      if (text !== undefined) departed.push(text);
    },
  };
}
