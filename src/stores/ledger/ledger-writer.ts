import { DatabaseError, messageOf } from '../database/database-error.ts';
import type { AppendResult, Ledger } from './ledger.ts';
import type { LedgerProblem, LedgerWriterOptions, LedgerWriterStatus } from './ledger-writer-types.ts';
import { Spool, type SpoolSegment } from './spool.ts';
import type { UsageRecord } from './usage-record.ts';

const RECORD_BYTES = 1024;
const MAX_UNSETTLED = 4;
const ADOPT_EVERY_MS = 60_000;
const SPILL_SLICE = 500;

interface Entry {
  record: UsageRecord;
  atMs: number;
  bytes: number;
  /** Where it lies on disk while memory answers for it. */
  segment: SpoolSegment | undefined;
  /** Whether the spool alone answers for it now. */
  left: boolean;
}

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
  readonly #timer: NodeJS.Timeout;
  #queue: Entry[] = [];
  #queuedBytes = 0;
  /** What of the queue is being appended. */
  #flight: Entry[] | undefined;
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
    this.#flushIntervalMs = options.flushIntervalMs ?? 200;
    this.#adoptAtMs = this.#now() + ADOPT_EVERY_MS;
    this.#spool = openSpool(options, this.#now);
    this.#timer = setInterval(() => this.#tick(), this.#flushIntervalMs);
    // Who ends the process calls `close`; a record that waits must not keep it alive by itself.
    this.#timer.unref();
  }

  /** Takes one record, in constant time, and never throws. */
  record(record: UsageRecord): void {
    const entry: Entry = { record, atMs: this.#now(), bytes: sizeOf(record), segment: undefined, left: false };
    if (this.#closing) {
      this.#drop(1, 'closed');
      return;
    }
    if (this.#eager) entry.segment = this.#write(record);
    if (this.#queue.length >= this.#maxQueued || this.#queuedBytes + entry.bytes > this.#maxQueuedBytes) {
      this.#overflow(entry);
      return;
    }
    if (entry.segment !== undefined) entry.segment.pending++;
    this.#queue.push(entry);
    this.#queuedBytes += entry.bytes;
    if (this.#queue.length >= this.#batchSize && !this.#soon) this.#drainSoon();
  }

  /** What was done and what waits. */
  status(): LedgerWriterStatus {
    const oldestMs = Math.min(
      this.#flight?.[0]?.atMs ?? Number.POSITIVE_INFINITY,
      this.#queue[0]?.atMs ?? Number.POSITIVE_INFINITY,
      this.#spool?.waitingSinceMs ?? Number.POSITIVE_INFINITY,
    );
    return {
      queued: this.#queue.length + (this.#flight?.length ?? 0),
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
    const rest = [...(this.#flight ?? []), ...this.#queue];
    const unsafe = rest.filter(({ left }) => !left);
    const lost = unsafe.length - this.#leave(unsafe);
    this.#flight = undefined;
    this.#queue = [];
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
      // The database is slow: what is under way for a whole interval, and what waits behind it, goes to the disk.
      if (this.#busySinceMs !== undefined && now - this.#busySinceMs >= this.#flushIntervalMs) this.#spill();
    } else if (now < this.#retryAtMs) this.#spill();
    else if (this.#queue.length > 0 || this.#spool?.waiting === true) void this.#drain();
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

  async #drainQueue(): Promise<boolean> {
    while (this.#queue.length > 0) {
      const entries = this.#queue.splice(0, this.#batchSize);
      this.#flight = entries;
      const stored = await this.#append(entries.map(({ record }) => record));
      if (this.#ended) return false;
      this.#flight = undefined;
      if (!stored) {
        this.#queue = entries.filter(({ left }) => !left).concat(this.#queue);
        this.#spill();
        return false;
      }
      for (const entry of entries) if (!entry.left) this.#queuedBytes -= entry.bytes;
      this.#confirm(entries);
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
  async #append(records: readonly UsageRecord[]): Promise<boolean> {
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
      if (DatabaseError.kindOf(error) === 'refused') return await this.#appendApart(records, error);
      this.#failed(error);
      return false;
    } finally {
      this.#busySinceMs = undefined;
    }
    this.#succeeded();
    return true;
  }

  async #send(records: readonly UsageRecord[]): Promise<AppendResult> {
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

  #confirm(entries: readonly Entry[]): void {
    if (!this.#eager) return;
    for (const { segment } of entries) if (segment !== undefined) this.#spool?.confirm(segment, 1);
  }

  /** Moves to the disk what memory alone holds, oldest first, a slice at a time, as far as there is room. */
  #spill(): void {
    if (this.#spool === undefined || this.#eager) return;
    const flight = (this.#flight ?? []).filter(({ left }) => !left);
    if (this.#leave(flight) < flight.length) return;
    const slice = this.#queue.slice(0, SPILL_SLICE);
    const count = this.#leave(slice);
    this.#queue.splice(0, count);
    // More would hold up the requests that are being served.
    if (count === SPILL_SLICE && this.#queue.length > 0) setImmediate(() => this.#spill());
  }

  /** Makes the spool alone responsible for entries; returns how many of them it had room for, from the first on. */
  #leave(entries: readonly Entry[]): number {
    let count = 0;
    const fresh = entries.filter(({ segment }) => segment === undefined).map(({ record }) => record);
    let room = this.#writeAll(fresh);
    for (const entry of entries) {
      if (entry.segment === undefined && room-- <= 0) break;
      if (entry.segment !== undefined) {
        entry.segment.pending--;
        entry.segment.replay = true;
      }
      entry.segment = undefined;
      entry.left = true;
      this.#queuedBytes -= entry.bytes;
      count++;
    }
    return count;
  }

  /** There is no room in memory: on disk then, where oldest records stay and the newest are lost. */
  #overflow(entry: Entry): void {
    if (entry.segment !== undefined) entry.segment.replay = true;
    else if (this.#writeAll([entry.record]) === 0) this.#drop(1, 'full');
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

function sizeOf({ bodies }: UsageRecord): number {
  if (bodies === undefined) return RECORD_BYTES;
  return RECORD_BYTES + 2 * ((bodies.request?.length ?? 0) + (bodies.response?.length ?? 0));
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
