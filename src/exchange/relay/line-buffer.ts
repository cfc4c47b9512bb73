import type { FrameBuffer } from './event-buffer.ts';

const LF = 0x0a;
/** A line longer than this goes on in pieces: it is held no further. */
const MAX_HELD = 1024 * 1024;

/** Lets a stream of one JSON value a line through as bytes, whole lines only. A byte is copied at most once. */
export class LineBuffer implements FrameBuffer {
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  push(chunk: Uint8Array): Uint8Array | undefined {
    const end = chunk.lastIndexOf(LF) + 1;
    if (end === 0) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      return this.#heldBytes > MAX_HELD ? this.rest() : undefined;
    }
    const whole = end === chunk.length ? chunk : chunk.subarray(0, end);
    const lines = this.#heldBytes === 0 ? whole : Buffer.concat([...this.#held, whole]);
    this.#held = end === chunk.length ? [] : [chunk.subarray(end)];
    this.#heldBytes = chunk.length - end;
    return lines;
  }

  rest(): Uint8Array | undefined {
    if (this.#heldBytes === 0) return undefined;
    const rest = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return rest;
  }
}
