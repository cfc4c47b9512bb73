import type { FrameBuffer } from './event-buffer.ts';

/** A message longer than this goes on in pieces: it is not held. */
const MAX_HELD = 16 * 1024 * 1024;
const LENGTH_BYTES = 4;

/**
 * Lets messages of an AWS event stream through, whole ones only; each begins with its own length, four bytes, big endian. A
 * byte is copied a fixed number of times, however small the pieces are.
 */
export class MessageBuffer implements FrameBuffer {
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** How many bytes must be there before another look is worth while. */
  #wanted = 0;
  /** How much is still to come of a message too long to be held. */
  #passing = 0;

  push(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#heldBytes + chunk.length < this.#wanted) {
      this.#hold(chunk);
      return undefined;
    }
    const bytes = this.#heldBytes === 0 ? chunk : Buffer.concat([...this.#held, chunk]);
    this.#clear();
    const end = this.#endOfMessages(bytes);
    if (end < bytes.length) this.#hold(bytes.subarray(end));
    return end === 0 ? undefined : bytes.subarray(0, end);
  }

  rest(): Uint8Array | undefined {
    if (this.#heldBytes === 0) return undefined;
    const rest = Buffer.concat(this.#held);
    this.#clear();
    return rest;
  }

  /** Where the last whole message ends, and what of the next one must be awaited. */
  #endOfMessages(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = Math.min(this.#passing, bytes.length);
    this.#passing -= at;
    while (at + LENGTH_BYTES <= bytes.length) {
      const length = view.getUint32(at);
      // Nonsense is for the client's own checks to find.
      if (length < LENGTH_BYTES) return bytes.length;
      if (at + length > bytes.length) {
        if (length > MAX_HELD) {
          this.#passing = at + length - bytes.length;
          return bytes.length;
        }
        this.#wanted = length;
        return at;
      }
      at += length;
    }
    this.#wanted = LENGTH_BYTES;
    return at;
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  #clear(): void {
    this.#wanted = 0;
    if (this.#heldBytes === 0) return;
    this.#held = [];
    this.#heldBytes = 0;
  }
}
