import { DatabaseError, messageOf } from '../database/database-error.ts';
import { CommonPool } from './common-pool.ts';
import type { AppendResult, Ledger } from './ledger.ts';
import type { LedgerProblem, LedgerWriterOptions, LedgerWriterStatus } from './ledger-writer-types.ts';
import { bytesOf, QueuedBlock } from './queued-block.ts';
import { Spool, type SpoolSegment } from './spool.ts';
import type { UsageRecords } from './usage-batch.ts';
import type { UsageRecord } from './usage-record.ts';

// Large batches are cheaper, but the thread or server that stores one is busy meanwhile, and requests that share its processor wait.
const FLUSH_MS = 50;
const SLOW_MS = 200;
const MAX_UNSETTLED = 4;
const ADOPT_EVERY_MS = 60_000;
const SPILL_SLICE = 500;

/**
 * Takes records off the hot path: `record` only pushes; batches go to the ledger by time or number. When the ledger
 * fails or is slow, they go to the spool, and from there to the ledger when it is back. Ids make that exact.
 */
export class LedgerWriter {
  readonly #ledger: Pick<Ledger, 'append'>;
  readonly #spool: Spool | undefined;
  readonly #eager: boolean;
  readonly #batchSize: number;
  readonly #maxQueued: number;
  readonly #maxQueuedBytes: number;
  readonly #appendTimeoutMs: number;
  readonly #retryMinMs: number;
  readonly #retryMaxMs: number;
  readonly #onProblem: (problem: LedgerProblem) => void;
  readonly #now: () => number;
  readonly #flushIntervalMs: number;
  readonly #slowAfterMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #pool = new CommonPool();
  /** What waits, oldest first. */
  #queue: QueuedBlock[] = [];
  /** Records of the queue. */
  #waiting = 0;
  /** Of the queue and of what is being appended. */
  #queuedBytes = 0;
  /** What is being appended. */
  #flight: QueuedBlock | undefined;
  /** An empty block, whose memory serves again. */
  #spare: QueuedBlock | undefined;
  /** Since when the ledger has owed an answer. */
  #busySinceMs: number | undefined;
  #draining: Promise<void> | undefined;
  #soon = false;
  #unsettled = 0;
  #awaySinceMs: number | undefined;
  #retryMs: number;
  #retryAtMs = 0;
  #adoptAtMs: number;
  #written = 0;
  #repeated = 0;
  #dropped = 0;
  #refused = 0;
  #damaged = 0;
  #lastError: string | undefined;
  #spoolTrouble: 'none' | 'full' | 'failed' = 'none';
  #full = false;
  #closing = false;
  /** The deadline of `close` is over: whatever still runs must not touch anything. */
  #ended = false;
  #closed: Promise<LedgerWriterStatus> | undefined;

  constructor(options: LedgerWriterOptions) {
    this.#ledger = options.ledger;
    this.#now = options.now ?? Date.now;
    this.#onProblem = options.onProblem ?? (() => undefined);
    this.#eager = options.durability === 'spool';
    this.#batchSize = options.batchSize ?? 1000;
    this.#maxQueued = options.maxQueued ?? 20_000;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? 64 * 1024 * 1024;
    this.#appendTimeoutMs = options.appendTimeoutMs ?? 5000;
    this.#retryMinMs = options.retryMinMs ?? 250;
    this.#retryMaxMs = options.retryMaxMs ?? 10_000;
    this.#retryMs = this.#retryMinMs;
    this.#flushIntervalMs = options.flushIntervalMs ?? FLUSH_MS;
    this.#slowAfterMs = options.slowAfterMs ?? Math.max(this.#flushIntervalMs, SLOW_MS);
    this.#adoptAtMs = this.#now() + ADOPT_EVERY_MS;
    this.#spool = openSpool(options, this.#now);
    this.#timer = setInterval(() => this.#tick(), this.#flushIntervalMs);
    // Who ends the process calls `close`; a record that waits must not keep it alive by itself.
    this.#timer.unref();
  }

  /** Takes one record, in constant time, and never throws. */
  record(record: UsageRecord): void {
    if (this.#closing) {
      this.#drop(1, 'closed');
      return;
    }
    const bytes = bytesOf(record.bodies);
    const segment = this.#eager ? this.#write(record) : undefined;
    if (this.#waiting >= this.#maxQueued || this.#queuedBytes + bytes > this.#maxQueuedBytes) {
      this.#overflow(record, segment);
      return;
    }
    if (segment !== undefined) segment.pending++;
    this.#lastBlock().add(record, this.#pool.of(record), segment);
    this.#waiting++;
    this.#queuedBytes += bytes;
    if (this.#waiting >= this.#batchSize && !this.#soon) this.#drainSoon();
  }

  /** What was done and what waits. */
  status(): LedgerWriterStatus {
    const oldestMs = Math.min(
      this.#flight?.sinceMs ?? Number.POSITIVE_INFINITY,
      this.#queue[0]?.sinceMs ?? Number.POSITIVE_INFINITY,
      this.#spool?.waitingSinceMs ?? Number.POSITIVE_INFINITY,
    );
    return {
      queued: this.#waiting + (this.#flight?.records.length ?? 0),
      spooled: this.#spool?.waitingRecords ?? 0,
      spooledBytes: this.#spool?.bytes ?? 0,
      written: this.#written,
      repeated: this.#repeated,
      dropped: this.#dropped,
      refused: this.#refused,
      damaged: this.#damaged,
      lastError: this.#lastError,
      lagMs: Number.isFinite(oldestMs) ? Math.max(0, this.#now() - oldestMs) : 0,
    };
  }

  /** Sends what waits now, the spool too; resolves when all is stored or the database has failed once. */
  async flush(): Promise<void> {
    await this.#draining;
    this.#retryAtMs = 0;
    await this.#drain();
  }

  /**
   * Takes no more records, sends what waits until the deadline, and leaves the rest to the spool, or counts it as
   * dropped where there is none. Resolves to the last status; never rejects.
   */
  close(deadlineMs = 5000): Promise<LedgerWriterStatus> {
    this.#closed ??= this.#finish(deadlineMs);
    return this.#closed;
  }

  async #finish(deadlineMs: number): Promise<LedgerWriterStatus> {
    this.#closing = true;
    clearInterval(this.#timer);
    await withinDeadline(this.flush(), deadlineMs);
    this.#ended = true;
    const rest = this.#flight === undefined ? this.#queue : [this.#flight, ...this.#queue];
    let lost = 0;
    for (const block of rest) {
      const { remaining } = block;
      lost += remaining - this.#leave(block, remaining);
    }
    this.#flight = undefined;
    this.#queue = [];
    this.#waiting = 0;
    this.#queuedBytes = 0;
    if (lost > 0) this.#drop(lost, 'closed');
    const status = this.status();
    try {
      this.#spool?.close();
    } catch (error) {
      this.#onProblem({ kind: 'spool-failed', error });
    }
    return status;
  }

  #tick(): void {
    const now = this.#now();
    this.#keepSpool(now);
    if (this.#draining !== undefined) {
      // The database is slow: what is under way, and what waits behind it, goes to the disk.
      if (this.#busySinceMs !== undefined && now - this.#busySinceMs >= this.#slowAfterMs) this.#spill();
    } else if (now < this.#retryAtMs) this.#spill();
    else if (this.#waiting > 0 || this.#spool?.waiting === true) void this.#drain();
  }

  #keepSpool(now: number): void {
    if (this.#spool === undefined) return;
    try {
      this.#spool.sync();
      this.#spool.heartbeat();
      if (now < this.#adoptAtMs) return;
      this.#adoptAtMs = now + ADOPT_EVERY_MS;
      this.#spool.adopt();
    } catch (error) {
      this.#spoolFailed(error);
    }
  }

  #drainSoon(): void {
    if (this.#draining !== undefined || this.#now() < this.#retryAtMs) return;
    this.#soon = true;
    setImmediate(() => {
      this.#soon = false;
      if (this.#draining === undefined && !this.#closing) void this.#drain();
    });
  }

  /** Sends everything, memory before spool; ends early when the database fails. Never rejects, one at a time. */
  #drain(): Promise<void> {
    this.#draining ??= this.#drainAll().finally(() => {
      this.#draining = undefined;
    });
    return this.#draining;
  }

  async #drainAll(): Promise<void> {
    if (!(await this.#drainQueue())) return;
    for (let segment = this.#oldest(); segment !== undefined; segment = this.#oldest()) {
      if (!(await this.#replay(segment))) return;
    }
  }

  /** The block that takes the next record. */
  #lastBlock(): QueuedBlock {
    let block = this.#queue.at(-1);
    if (block === undefined || block.records.length >= this.#batchSize) {
      block = this.#spare ?? new QueuedBlock();
      this.#spare = undefined;
      block.sinceMs = this.#now();
      this.#queue.push(block);
    }
    return block;
  }

  /** Sends what waits now, and what has come meanwhile if that is a whole batch: what is less may wait for more. */
  async #drainQueue(): Promise<boolean> {
    let due = this.#waiting;
    while (due > 0 || this.#waiting >= this.#batchSize) {
      const first = this.#queue.shift();
      if (first === undefined) break;
      const block = first.isWhole ? first : first.rest();
      this.#flight = block;
      due -= block.remaining;
      this.#waiting -= block.remaining;
      const stored = await this.#append(block.records);
      if (this.#ended) return false;
      this.#flight = undefined;
      if (!stored) {
        const rest = block.rest();
        this.#waiting += rest.remaining;
        if (rest.remaining > 0) this.#queue.unshift(rest);
        this.#spill();
        return false;
      }
      this.#queuedBytes -= block.bytes;
      for (const segment of block.segments()) this.#spool?.confirm(segment, 1);
      block.clear();
      this.#spare = block;
    }
    this.#full = false;
    return true;
  }

  async #replay(segment: SpoolSegment): Promise<boolean> {
    let damaged = 0;
    try {
      for await (const chunk of this.#spool?.read(segment, this.#batchSize) ?? []) {
        damaged += chunk.damaged;
        if (!(await this.#append(chunk.records)) || this.#ended) return false;
        // New records go first: they have no other place yet.
        if (!(await this.#drainQueue())) return false;
      }
      this.#spool?.remove(segment);
    } catch (error) {
      this.#spoolFailed(error);
      this.#spool?.forget(segment);
    }
    if (damaged > 0) {
      this.#damaged += damaged;
      this.#onProblem({ kind: 'damaged', count: damaged });
    }
    return true;
  }

  #oldest(): SpoolSegment | undefined {
    return this.#ended ? undefined : this.#spool?.oldest();
  }

  /** Whether the database has the records now, those apart that it will never take. */
  async #append(records: UsageRecords): Promise<boolean> {
    if (records.length === 0) return true;
    // Each attempt that was given up may still hold its records: no more of them than this.
    if (this.#unsettled >= MAX_UNSETTLED) {
      this.#failed(new DatabaseError('timeout', 'The database has not answered earlier batches yet.'));
      return false;
    }
    this.#unsettled++;
    this.#busySinceMs = this.#now();
    try {
      const { inserted, ignored } = await inTime(this.#send(records), this.#appendTimeoutMs);
      this.#written += inserted;
      this.#repeated += ignored;
    } catch (error) {
      if (DatabaseError.kindOf(error) === 'refused') return await this.#appendApart([...records], error);
      this.#failed(error);
      return false;
    } finally {
      this.#busySinceMs = undefined;
    }
    this.#succeeded();
    return true;
  }

  async #send(records: UsageRecords): Promise<AppendResult> {
    try {
      return await this.#ledger.append(records);
    } finally {
      this.#unsettled--;
    }
  }

  /** Finds the record that the database refuses, so that the others are stored. */
  async #appendApart(records: readonly UsageRecord[], error: unknown): Promise<boolean> {
    const [first] = records;
    if (records.length === 1 && first !== undefined) {
      this.#refused++;
      this.#onProblem({ kind: 'refused', id: first.id, error });
      return true;
    }
    const half = records.length >> 1;
    return (await this.#append(records.slice(0, half))) && (await this.#append(records.slice(half)));
  }

  #failed(error: unknown): void {
    this.#lastError = messageOf(error);
    this.#retryAtMs = this.#now() + this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, this.#retryMaxMs);
    if (this.#awaySinceMs !== undefined) return;
    this.#awaySinceMs = this.#now();
    this.#onProblem({ kind: 'away', error });
  }

  #succeeded(): void {
    this.#retryMs = this.#retryMinMs;
    this.#retryAtMs = 0;
    this.#lastError = undefined;
    if (this.#awaySinceMs === undefined) return;
    this.#awaySinceMs = undefined;
    this.#onProblem({ kind: 'back' });
  }

  /** Moves to the disk what memory alone holds, oldest first, a slice at a time, as far as there is room. */
  #spill(): void {
    if (this.#spool === undefined || this.#eager) return;
    const flight = this.#flight;
    if (flight !== undefined && !this.#leaveAll(flight)) return;
    let slice = SPILL_SLICE;
    for (let block = this.#queue[0]; block !== undefined && slice > 0; block = this.#queue[0]) {
      const most = Math.min(slice, block.remaining);
      const count = this.#leave(block, most);
      this.#waiting -= count;
      if (block.remaining === 0) this.#queue.shift();
      if (count < most) return;
      slice -= count;
    }
    // More would hold up the requests that are being served.
    if (this.#queue.length > 0) setImmediate(() => this.#spill());
  }

  /** Whether the spool had room for all that memory holds of a block. */
  #leaveAll(block: QueuedBlock): boolean {
    this.#leave(block, block.remaining);
    return block.remaining === 0;
  }

  /** Makes the spool alone responsible for the next records of a block; returns how many of them it had room for. */
  #leave(block: QueuedBlock, most: number): number {
    const { bytes } = block;
    const count = block.leave(most, this.#writeAll(block.unsaved(most)));
    this.#queuedBytes -= bytes - block.bytes;
    return count;
  }

  /** There is no room in memory: on disk then, where oldest records stay and the newest are lost. */
  #overflow(record: UsageRecord, segment: SpoolSegment | undefined): void {
    if (segment !== undefined) segment.replay = true;
    else if (this.#writeAll([record]) === 0) this.#drop(1, 'full');
  }

  /** Writes a record that memory holds too. */
  #write(record: UsageRecord): SpoolSegment | undefined {
    if (this.#spool === undefined) return undefined;
    try {
      const segment = this.#spool.write(record);
      this.#tellRoom(segment !== undefined);
      return segment;
    } catch (error) {
      this.#spoolFailed(error);
      return undefined;
    }
  }

  /** Writes records for the spool to keep alone; returns how many. */
  #writeAll(records: readonly UsageRecord[]): number {
    if (this.#spool === undefined || records.length === 0) return 0;
    try {
      const count = this.#spool.writeAll(records);
      this.#tellRoom(count === records.length);
      return count;
    } catch (error) {
      this.#spoolFailed(error);
      return 0;
    }
  }

  #tellRoom(room: boolean): void {
    if (!room && this.#spoolTrouble !== 'full') this.#onProblem({ kind: 'spool-full' });
    this.#spoolTrouble = room ? 'none' : 'full';
  }

  #spoolFailed(error: unknown): void {
    if (this.#spoolTrouble === 'failed') return;
    this.#spoolTrouble = 'failed';
    this.#onProblem({ kind: 'spool-failed', error });
  }

  #drop(count: number, reason: 'full' | 'closed'): void {
    this.#dropped += count;
    // One message for each time the room ran out; the count is in the status.
    if (reason === 'full' && this.#full) return;
    this.#full = reason === 'full';
    this.#onProblem({ kind: 'dropped', count, reason });
  }
}

function openSpool(options: LedgerWriterOptions, now: () => number): Spool | undefined {
  const { spoolFolder, durability, maxSpoolBytes = 256 * 1024 * 1024 } = options;
  if (spoolFolder === undefined) {
    if (durability === 'spool') throw new DatabaseError('internal', 'Durability "spool" needs a spool folder.');
    return undefined;
  }
  try {
    return new Spool(spoolFolder, maxSpoolBytes, now);
  } catch (error) {
    throw new DatabaseError(
      'unavailable',
      `The spool folder ${spoolFolder} cannot be used: ${messageOf(error)}`,
      error,
    );
  }
}

/** The answer, or a DatabaseError `timeout`. */
function inTime<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const expire = () => reject(new DatabaseError('timeout', `The database took longer than ${timeoutMs} ms.`));
    const timer = setTimeout(expire, timeoutMs);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Resolves when the work is done or the time is over. */
function withinDeadline(work: Promise<void>, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, deadlineMs);
    void work.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
