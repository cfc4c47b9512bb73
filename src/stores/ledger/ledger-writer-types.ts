import type { Ledger } from './ledger.ts';

/** Something an operator should know. Each is also counted in `status`. */
export type LedgerProblem =
  /** The database does not take records; they wait. Told once until it takes them again. */
  | { kind: 'away'; error: unknown }
  /** It takes them again. */
  | { kind: 'back' }
  /** Records lost because memory and spool were full, or because nothing was left to keep them at the end. */
  | { kind: 'dropped'; count: number; reason: 'full' | 'closed' }
  /** The database will never take this record. */
  | { kind: 'refused'; id: string; error: unknown }
  /** Lines of the spool that could not be read: a process ended while it wrote them, or the disk is at fault. */
  | { kind: 'damaged'; count: number }
  /** The spool cannot be read or written; records wait in memory alone. */
  | { kind: 'spool-failed'; error: unknown }
  /** The spool has reached its bound; records wait in memory alone. */
  | { kind: 'spool-full' };

/** How records are kept until the database has them. */
export interface LedgerWriterOptions {
  ledger: Pick<Ledger, 'append'>;
  /** Folder of the spool, which the processes of a host may share. Without one, records wait in memory alone. */
  spoolFolder?: string | undefined;
  /**
   * `memory` (default): a crash loses what came in the last `flushIntervalMs`, and what came in `slowAfterMs` before that
   * while the database is slow. `spool`: each record is on its way to the disk before `record` returns, so that the end of the process
   * loses nothing; the end of the machine loses at most `flushIntervalMs`.
   */
  durability?: 'memory' | 'spool' | undefined;
  /** How long a record may wait for others, in milliseconds. Default 50. */
  flushIntervalMs?: number | undefined;
  /** After how long a batch that is not stored yet goes to the spool too, in milliseconds. Default 200, or one interval if longer. */
  slowAfterMs?: number | undefined;
  /** Records that are sent without waiting for more, and the most of one transaction. Default 1000. */
  batchSize?: number | undefined;
  /** Records waiting in memory. Default 20000. */
  maxQueued?: number | undefined;
  /** Their estimated size: 1 KiB each and twice the characters of their bodies. Default 64 MiB. */
  maxQueuedBytes?: number | undefined;
  /** Bytes on disk. Default 256 MiB. */
  maxSpoolBytes?: number | undefined;
  /** After how long a database counts as hanging, in milliseconds. Default 5000. */
  appendTimeoutMs?: number | undefined;
  /** First and longest pause before a database that failed is tried again, in milliseconds. Default 250 and 10000. */
  retryMinMs?: number | undefined;
  retryMaxMs?: number | undefined;
  onProblem?: ((problem: LedgerProblem) => void) | undefined;
  /** Milliseconds since 1970. */
  now?: (() => number) | undefined;
}

/** What the writer has done and what waits. */
export interface LedgerWriterStatus {
  /** Records in memory. */
  queued: number;
  /** Records on disk alone, and all bytes on disk. */
  spooled: number;
  spooledBytes: number;
  /** Records stored, and those that were stored already. */
  written: number;
  repeated: number;
  /** Records lost: no room, or refused by the database for good. */
  dropped: number;
  refused: number;
  /** Unreadable lines of the spool. */
  damaged: number;
  /** Why the database did not take the last batch; undefined once it takes them again. */
  lastError: string | undefined;
  /** Age of the oldest record that the database does not have, in milliseconds. */
  lagMs: number;
}
