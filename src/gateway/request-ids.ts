import { randomFillSync } from 'node:crypto';

/** Random bytes are fetched for so many ids at a time. */
const IDS_PER_FILL = 256;
/** Of each id's 16 bytes six are the time. */
const RANDOM_BYTES = 10;
const LENGTH = 36;
const DASH = 0x2d;
const HEX = Buffer.from('0123456789abcdef', 'latin1');

/**
 * Makes UUIDs of version 7 (RFC 9562 §5.7): they begin with the time in milliseconds. The ledger's indexes grow at their end by
 * them, where random ids would touch another page for each record. `now` is in epoch milliseconds.
 */
export function createRequestIds(now: () => number): () => string {
  const random = Buffer.alloc(IDS_PER_FILL * RANDOM_BYTES);
  const text = Buffer.alloc(LENGTH, DASH);
  let used = random.length;
  let lastMs = -1;

  function put(at: number, byte: number): void {
    text[at] = HEX[byte >> 4] as number;
    text[at + 1] = HEX[byte & 15] as number;
  }

  function putTime(ms: number): void {
    const high = Math.floor(ms / 0x1_0000);
    put(0, (high >>> 24) & 255);
    put(2, (high >>> 16) & 255);
    put(4, (high >>> 8) & 255);
    put(6, high & 255);
    put(9, (ms % 0x1_0000) >> 8);
    put(11, ms & 255);
  }

  return () => {
    if (used === random.length) {
      randomFillSync(random);
      used = 0;
    }
    const ms = now();
    if (ms !== lastMs) putTime(ms);
    lastMs = ms;
    put(14, ((random[used] as number) & 0x0f) | 0x70);
    put(16, random[used + 1] as number);
    put(19, ((random[used + 2] as number) & 0x3f) | 0x80);
    put(21, random[used + 3] as number);
    for (let index = 4; index < RANDOM_BYTES; index++) put(16 + 2 * index, random[used + index] as number);
    used += RANDOM_BYTES;
    return text.toString('latin1');
  };
}
