import type { FrameBuffer } from './event-buffer.ts';

/** A message longer than this goes on in pieces: it is held no further. */
const MAX_HELD = 16 * 1024 * 1024;
const LENGTH_BYTES = 4;

/** Where the last whole message ends; each begins with its own length, four bytes, big endian. */
function endOfMessages(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + LENGTH_BYTES <= bytes.length) {
    const length = view.getUint32(at);
    // Nonsense is for the client's own checks to find.
    if (length < LENGTH_BYTES) return bytes.length;
    if (at + length > bytes.length) break;
    at += length;
  }
  return at;
}

/** Lets messages of an AWS event stream through, whole ones only. */
export class MessageBuffer implements FrameBuffer {
  #held: Uint8Array | undefined;

  push(chunk: Uint8Array): Uint8Array | undefined {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    const end = bytes.length > MAX_HELD ? bytes.length : endOfMessages(bytes);
    this.#held = end === bytes.length ? undefined : bytes.subarray(end);
    return end === 0 ? undefined : bytes.subarray(0, end);
  }

  rest(): Uint8Array | undefined {
    const rest = this.#held;
    this.#held = undefined;
    return rest;
  }
}
