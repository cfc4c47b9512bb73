import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { encodeSpoolLine, readSpoolSegment, type SpoolChunk } from './spool-line.ts';
import { adoptAbandoned, beat, HEARTBEAT_MS, leaveFolder, makeOwnFolder } from './spool-owner.ts';
import type { UsageRecord } from './usage-record.ts';

const SEGMENT_BYTES = 4 * 1024 * 1024;

/** One file of the spool. */
export interface SpoolSegment {
  readonly path: string;
  bytes: number;
  /** Records written; of adopted files it becomes known when they are read. */
  records: number;
  /** Records of it that memory still holds and that the database has not confirmed. */
  pending: number;
  /** Whether it holds records that memory does not. */
  replay: boolean;
  /** When its first record was written, in milliseconds since 1970. */
  sinceMs: number;
}

/**
 * Records on disk: append-only JSON lines in a folder of this process, in segments of about 4 MiB, bounded in bytes.
 *
 * A write reaches the operating system before `write` returns, so it survives the end of the process, kill -9
 * included; `sync` brings it to the disk, so that it survives the end of the machine.
 */
export class Spool {
  readonly #root: string;
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #segments: SpoolSegment[] = [];
  #folder: string;
  #current: { segment: SpoolSegment; fd: number } | undefined;
  #bytes = 0;
  #count = 0;
  #dirty = false;
  #beatMs: number;

  constructor(root: string, maxBytes: number, now: () => number) {
    this.#root = root;
    this.#maxBytes = maxBytes;
    this.#now = now;
    this.#folder = makeOwnFolder(root, randomUUID());
    this.#beatMs = now();
    this.adopt();
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The oldest segment whose records memory does not hold; it gets no more writes. */
  oldest(): SpoolSegment | undefined {
    const segment = this.#segments.find(({ replay }) => replay);
    if (segment !== undefined && segment === this.#current?.segment) this.#seal();
    return segment;
  }

  /** Whether any record is on disk alone. */
  get waiting(): boolean {
    return this.#segments.some(({ replay }) => replay);
  }

  /** Records on disk alone, as far as is known: those of adopted files count when they are read. */
  get waitingRecords(): number {
    return this.#segments.reduce((sum, { replay, records }) => (replay ? sum + records : sum), 0);
  }

  /** When the oldest record on disk alone was written, in milliseconds since 1970. */
  get waitingSinceMs(): number | undefined {
    return this.#segments.find(({ replay }) => replay)?.sinceMs;
  }

  /** Writes one record that memory holds too; undefined when it is over the bound. Throws what the file system throws. */
  write(record: UsageRecord): SpoolSegment | undefined {
    const line = Buffer.from(encodeSpoolLine(record));
    if (this.#bytes + line.length > this.#maxBytes) return undefined;
    return this.#append(line, 1);
  }

  /** Writes records that nothing else holds, as many of them as there is room for, and returns their number. */
  writeAll(records: readonly UsageRecord[]): number {
    const lines: Buffer[] = [];
    let bytes = 0;
    for (const record of records) {
      const line = Buffer.from(encodeSpoolLine(record));
      if (this.#bytes + bytes + line.length > this.#maxBytes) break;
      bytes += line.length;
      lines.push(line);
    }
    if (lines.length > 0) this.#append(Buffer.concat(lines, bytes), lines.length).replay = true;
    return lines.length;
  }

  /** The records of a segment that `oldest` gave, in chunks. */
  read(segment: SpoolSegment, size: number): AsyncGenerator<SpoolChunk> {
    return readSpoolSegment(segment.path, size);
  }

  /** Forgets a segment whose records are all in the database. */
  remove(segment: SpoolSegment): void {
    const at = this.#segments.indexOf(segment);
    if (at === -1) return;
    if (segment === this.#current?.segment) this.#seal();
    this.#segments.splice(at, 1);
    this.#bytes -= segment.bytes;
    rmSync(segment.path, { force: true });
  }

  /** Leaves a segment that cannot be read to the next process. */
  forget(segment: SpoolSegment): void {
    const at = this.#segments.indexOf(segment);
    if (at !== -1) this.#segments.splice(at, 1);
  }

  /** Tells that the database has `count` of the records that memory holds of the segment. */
  confirm(segment: SpoolSegment, count: number): void {
    segment.pending -= count;
    if (segment.pending > 0 || segment.replay) return;
    if (segment !== this.#current?.segment) {
      this.remove(segment);
      return;
    }
    ftruncateSync(this.#current.fd, 0);
    this.#bytes -= segment.bytes;
    segment.bytes = 0;
    segment.records = 0;
  }

  /** Brings what was written to the disk, in the background. */
  sync(): void {
    if (!this.#dirty || this.#current === undefined) return;
    this.#dirty = false;
    // A disk that cannot be synced also refuses writes, and those are reported.
    fdatasync(this.#current.fd, () => undefined);
  }

  /** Says that this process lives. */
  heartbeat(): void {
    if (this.#now() - this.#beatMs < HEARTBEAT_MS) return;
    this.#check();
  }

  /** Takes over what processes that are gone have left; returns whether there was any. */
  adopt(): boolean {
    const files = adoptAbandoned(this.#root, this.#folder, this.#now());
    for (const path of files) {
      const { size, mtimeMs } = statSync(path);
      this.#segments.push({ path, bytes: size, records: 0, pending: 0, replay: true, sinceMs: mtimeMs });
      this.#bytes += size;
    }
    return files.length > 0;
  }

  /** Closes the files: on the disk, free for the next process. */
  close(): void {
    if (this.#current !== undefined) {
      fdatasyncSync(this.#current.fd);
      closeSync(this.#current.fd);
      this.#current = undefined;
    }
    for (const segment of [...this.#segments]) if (segment.bytes === 0) this.remove(segment);
    leaveFolder(this.#folder);
  }

  #append(lines: Buffer, count: number): SpoolSegment {
    this.#check();
    const { segment, fd } = this.#writable();
    try {
      writeWhole(fd, lines);
    } catch (error) {
      // What was half written must not stand before the next line.
      ftruncateSync(fd, segment.bytes);
      throw error;
    }
    segment.bytes += lines.length;
    segment.records += count;
    this.#bytes += lines.length;
    this.#dirty = true;
    if (segment.bytes >= SEGMENT_BYTES) this.#seal();
    return segment;
  }

  /** A process that was stopped for long may find that its folder was taken: then it begins a new one. */
  #check(): void {
    const now = this.#now();
    if (now - this.#beatMs < HEARTBEAT_MS) return;
    this.#beatMs = now;
    if (beat(this.#folder, now)) return;
    this.#seal();
    this.#segments.length = 0;
    this.#bytes = 0;
    this.#folder = makeOwnFolder(this.#root, randomUUID());
  }

  #writable(): { segment: SpoolSegment; fd: number } {
    if (this.#current !== undefined) return this.#current;
    this.#count++;
    const path = join(this.#folder, `${String(this.#count).padStart(8, '0')}.spool`);
    const fd = openSync(path, 'ax', 0o600);
    const segment = { path, bytes: 0, records: 0, pending: 0, replay: false, sinceMs: this.#now() };
    this.#segments.push(segment);
    this.#current = { segment, fd };
    return this.#current;
  }

  #seal(): void {
    if (this.#current === undefined) return;
    const { fd } = this.#current;
    this.#current = undefined;
    // Nothing is written to it any more: it may reach the disk and be closed in the background.
    fdatasync(fd, () => close(fd, () => undefined));
  }
}

function writeWhole(fd: number, lines: Buffer): void {
  let at = 0;
  while (at < lines.length) at += writeSync(fd, lines, at);
}
