import type { SpoolSegment } from './spool.ts';
import { type CommonFields, UsageBatch } from './usage-batch.ts';
import type { UsageBodies, UsageRecord } from './usage-record.ts';

const RECORD_BYTES = 1024;

/** What memory holds for a record with these bodies, estimated: 1 KiB and twice their characters. */
export function bytesOf(bodies: UsageBodies | undefined): number {
  if (bodies === undefined) return RECORD_BYTES;
  return RECORD_BYTES + 2 * ((bodies.request?.length ?? 0) + (bodies.response?.length ?? 0));
}

/** Records that go to the ledger together. From the first on they may leave to the spool, which then alone answers for them. */
export class QueuedBlock {
  readonly records = new UsageBatch();
  /** When its first record came, in milliseconds since 1970. */
  sinceMs = 0;
  /** Of the records that have not left. */
  bytes = 0;
  #left = 0;
  /** Where a record lies on disk while memory answers for it. */
  #segments: (SpoolSegment | undefined)[] = [];

  /** Whether no record has left. */
  get isWhole(): boolean {
    return this.#left === 0;
  }

  /** Records that memory answers for. */
  get remaining(): number {
    return this.records.length - this.#left;
  }

  add(record: UsageRecord, common: CommonFields, segment: SpoolSegment | undefined): void {
    this.records.add(record, common);
    this.bytes += bytesOf(record.bodies);
    if (segment !== undefined) this.#segments[this.records.length - 1] = segment;
  }

  /** The next so many records that are on no disk. */
  unsaved(most: number): UsageRecord[] {
    const records: UsageRecord[] = [];
    const end = Math.min(this.records.length, this.#left + most);
    for (let index = this.#left; index < end; index++) {
      if (this.#segments[index] === undefined) records.push(this.records.at(index));
    }
    return records;
  }

  /** Has the next so many records leave, as far as they are on a disk or among the `saved` ones; returns how many did. */
  leave(most: number, saved: number): number {
    const from = this.#left;
    const end = Math.min(this.records.length, from + most);
    let room = saved;
    for (; this.#left < end; this.#left++) {
      const segment = this.#segments[this.#left];
      if (segment === undefined && room-- <= 0) break;
      if (segment !== undefined) {
        segment.pending--;
        segment.replay = true;
      }
      this.bytes -= bytesOf(this.records.bodiesAt(this.#left));
    }
    return this.#left - from;
  }

  /** Where on disk the records lie that memory answers for. */
  *segments(): Generator<SpoolSegment> {
    for (const segment of this.#segments.slice(this.#left)) if (segment !== undefined) yield segment;
  }

  /** The records that have not left, in another block: somebody may still read this one. */
  rest(): QueuedBlock {
    const block = new QueuedBlock();
    block.sinceMs = this.sinceMs;
    for (let index = this.#left; index < this.records.length; index++) {
      block.add(this.records.at(index), this.records.commonAt(index), this.#segments[index]);
    }
    return block;
  }

  /** Forgets all records and keeps the memory. */
  clear(): void {
    this.records.clear();
    this.bytes = 0;
    this.#left = 0;
    this.#segments = [];
  }
}
