import { Buffer } from 'node:buffer';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { UsageRecord } from './usage-record.ts';

const NEWLINE = 10;
const CHUNK = 256 * 1024;
const HEAD = /^([0-9a-f]{8}) (\d{1,10}) $/;

/** One record as a line of the spool: CRC-32 in hex, length of the JSON text in bytes, the JSON text. */
export function encodeSpoolLine(record: UsageRecord): string {
  const text = JSON.stringify(record);
  return `${crc32(text).toString(16).padStart(8, '0')} ${Buffer.byteLength(text)} ${text}\n`;
}

/** The record of a line without its newline; undefined when the line is torn or damaged. */
export function decodeSpoolLine(line: Buffer): UsageRecord | undefined {
  const first = line.indexOf(0x20);
  const second = line.indexOf(0x20, first + 1);
  if (first !== 8 || second === -1) return undefined;
  const head = HEAD.exec(line.toString('latin1', 0, second + 1));
  const text = line.subarray(second + 1);
  if (head === null || text.length !== Number(head[2]) || crc32(text) !== Number.parseInt(head[1] ?? '', 16)) {
    return undefined;
  }
  return JSON.parse(text.toString()) as UsageRecord;
}

/** Some records of a segment, and how many lines before or among them could not be read. */
export interface SpoolChunk {
  records: UsageRecord[];
  damaged: number;
}

/**
 * Reads a segment from its start in chunks of about `size` records. A last line without its newline was being written
 * when the process ended: it counts as damaged, as any other line that does not match its length and CRC.
 */
export async function* readSpoolSegment(path: string, size: number): AsyncGenerator<SpoolChunk> {
  const file = await open(path, 'r');
  try {
    let chunk: SpoolChunk = { records: [], damaged: 0 };
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, null);
      if (bytesRead === 0) break;
      const fresh = buffer.subarray(0, bytesRead);
      const bytes = rest.length === 0 ? fresh : Buffer.concat([rest, fresh]);
      let start = 0;
      for (;;) {
        const end = bytes.indexOf(NEWLINE, start);
        if (end === -1) break;
        take(chunk, bytes.subarray(start, end));
        start = end + 1;
        if (chunk.records.length >= size) {
          yield chunk;
          chunk = { records: [], damaged: 0 };
        }
      }
      rest = bytes.subarray(start);
    }
    if (rest.length > 0) chunk.damaged++;
    if (chunk.records.length > 0 || chunk.damaged > 0) yield chunk;
  } finally {
    await file.close();
  }
}

function take(chunk: SpoolChunk, line: Buffer): void {
  // Empty lines part a torn line from what was written after it.
  if (line.length === 0) return;
  const record = decodeSpoolLine(line);
  if (record === undefined) chunk.damaged++;
  else chunk.records.push(record);
}
