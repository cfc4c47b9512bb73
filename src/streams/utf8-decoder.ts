/** Decodes one stream of UTF-8 bytes. */
export interface Utf8Decoder {
  /** The text of the characters that are whole by now. */
  decode(bytes: Uint8Array): string;
  /** What is left: a cut character becomes U+FFFD. */
  end(): string;
}

/**
 * Makes a decoder for UTF-8 that arrives in any pieces; up to three bytes wait for the rest of their
 * character. Invalid bytes become U+FFFD just as in `TextDecoder`; a byte order mark is kept. Each chunk is decoded
 * in one call without `stream: true`, which engines serve from a much faster path.
 */
export function createUtf8Decoder(): Utf8Decoder {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let held: Uint8Array | undefined;
  return {
    decode(bytes) {
      let input = bytes;
      if (held !== undefined) {
        input = new Uint8Array(held.length + bytes.length);
        input.set(held);
        input.set(bytes, held.length);
        held = undefined;
      }
      const end = wholeLength(input);
      if (end === input.length) return decoder.decode(input);
      // A copy: a view would keep the whole chunk.
      held = new Uint8Array(input.subarray(end));
      return end === 0 ? '' : decoder.decode(input.subarray(0, end));
    },
    end() {
      const rest = held;
      held = undefined;
      return rest === undefined ? '' : decoder.decode(rest);
    },
  };
}

/** How many bytes stand before a last character that may still go on. */
function wholeLength(bytes: Uint8Array): number {
  const length = bytes.length;
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] ?? 0;
    if (byte < 0x80) return length;
    // Splitting before a lead byte never changes what the bytes decode to.
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needed > back ? length - back : length;
    }
  }
  return length;
}
