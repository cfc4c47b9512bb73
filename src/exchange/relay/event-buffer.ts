const LF = 0x0a;
const CR = 0x0d;
/** An event longer than this goes on in pieces: it is held no further. */
const MAX_HELD = 1024 * 1024;

/** Lets a stream through as bytes, whole frames only. */
export interface FrameBuffer {
  /** Takes a chunk; returns the frames that are whole by now, undefined when there is none. */
  push(chunk: Uint8Array): Uint8Array | undefined;
  /** Takes out what is held: a frame without its end; undefined when there is none. */
  rest(): Uint8Array | undefined;
}

/** Where the last whole event ends: behind the last blank line; 0 when there is none. */
function endOfEvents(bytes: Uint8Array): number {
  const length = bytes.length;
  if (bytes[length - 1] === LF && bytes[length - 2] === LF) return length;
  for (let at = length - 1; at > 0; at--) {
    const byte = bytes[at];
    if (byte === LF && (bytes[at - 1] === LF || (at > 2 && bytes[at - 1] === CR && bytes[at - 2] === LF)))
      return at + 1;
    if (byte === CR && bytes[at - 1] === CR) return at + 1;
  }
  return 0;
}

const NOTHING = new Uint8Array();
/** How far back an event's end may begin: `\r\n\r` of a `\r\n\r\n`. */
const LOOK_BACK = 3;

/**
 * Lets server-sent events through as bytes, whole ones only, so that an event which the provider breaks off never
 * reaches the client half. Costs a look at the last two bytes of a chunk that ends with an event; a byte is
 * copied at most once, however small the pieces are.
 */
export class EventBuffer implements FrameBuffer {
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** The last bytes held. */
  #tail: Uint8Array = NOTHING;

  /** Takes a chunk; returns the events that are whole by now, undefined when there is none. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    let end = endOfEvents(chunk);
    if (end === 0 && this.#heldBytes > 0) end = this.#endAcross(chunk);
    if (end === 0) {
      this.#hold(chunk);
      return this.#heldBytes > MAX_HELD ? this.rest() : undefined;
    }
    const whole = end === chunk.length ? chunk : chunk.subarray(0, end);
    const events = this.#heldBytes === 0 ? whole : Buffer.concat([...this.#held, whole]);
    this.#clear();
    if (end < chunk.length) this.#hold(chunk.subarray(end));
    return events;
  }

  /** Takes out what is held: an event without its end; undefined when there is none. */
  rest(): Uint8Array | undefined {
    if (this.#heldBytes === 0) return undefined;
    const rest = Buffer.concat(this.#held);
    this.#clear();
    return rest;
  }

  /** Where in the chunk an event ends whose blank line began before it. */
  #endAcross(chunk: Uint8Array): number {
    const joint = Buffer.concat([this.#tail, chunk.subarray(0, LOOK_BACK)]);
    return Math.max(0, endOfEvents(joint) - this.#tail.length);
  }

  #hold(chunk: Uint8Array): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    this.#tail =
      chunk.length >= LOOK_BACK
        ? chunk.subarray(chunk.length - LOOK_BACK)
        : Buffer.concat([this.#tail, chunk]).subarray(-LOOK_BACK);
  }

  #clear(): void {
    if (this.#heldBytes === 0) return;
    this.#held = [];
    this.#heldBytes = 0;
    this.#tail = NOTHING;
  }
}
