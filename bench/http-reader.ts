/** What a reader of HTTP/1.1 messages reports. */
export interface MessageEvents {
  /** The start line and the header lines, without the empty line at the end. */
  head(head: string): void;
  /** A piece of the body, chunk framing taken off. Valid only during the call. */
  body(piece: Buffer): void;
  end(): void;
}

/** Takes bytes as they arrive and reports the messages in them. */
export interface MessageReader {
  push(data: Buffer): void;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const NEWLINE = 10;

/** Length of the body that a head announces: a number of bytes, or chunks. No announcement is no body. */
function announcedLength(head: string): number | 'chunked' {
  const lower = head.toLowerCase();
  if (lower.includes('\r\ntransfer-encoding: chunked')) return 'chunked';
  const at = lower.indexOf('\r\ncontent-length:');
  return at < 0 ? 0 : Number.parseInt(lower.slice(at + 17), 10);
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/**
 * Reads messages off one connection (RFC 9112): just enough of HTTP/1.1 for peers that behave, at a fraction of the cost of a
 * full parser, so that load and provider leave the machine to the gateway. Trailers are not understood.
 */
export function createMessageReader(events: MessageEvents): MessageReader {
  let phase: 'head' | 'length' | 'size' | 'chunk' | 'last' = 'head';
  let held: Buffer | undefined;
  /** Bytes left of the body, of the chunk with its line end, or of the line end after the last chunk. */
  let left = 0;
  let size = 0;

  function finish(): void {
    phase = 'head';
    events.end();
  }

  function readHead(data: Buffer, from: number): number {
    const end = data.indexOf(END_OF_HEAD, from);
    if (end < 0) {
      held = data.subarray(from);
      return data.length;
    }
    const head = data.toString('latin1', from, end);
    const length = announcedLength(head);
    events.head(head);
    if (length === 'chunked') {
      phase = 'size';
      size = 0;
    } else if (length === 0) finish();
    else {
      phase = 'length';
      left = length;
    }
    return end + 4;
  }

  function readSize(data: Buffer, from: number): number {
    let at = from;
    while (at < data.length) {
      const byte = data[at++] ?? 0;
      const digit = hexDigit(byte);
      if (digit >= 0) size = size * 16 + digit;
      else if (byte === NEWLINE) {
        phase = size === 0 ? 'last' : 'chunk';
        left = size + 2;
        size = 0;
        break;
      }
    }
    return at;
  }

  function readBody(data: Buffer, from: number): number {
    const take = Math.min(left, data.length - from);
    const lineEnd = phase === 'length' ? 0 : 2;
    const content = Math.min(take, left - lineEnd);
    if (content > 0) events.body(data.subarray(from, from + content));
    left -= take;
    if (left === 0) {
      if (phase === 'chunk') phase = 'size';
      else finish();
    }
    return from + take;
  }

  return {
    push(input) {
      const data = held === undefined ? input : Buffer.concat([held, input]);
      held = undefined;
      let at = 0;
      while (at < data.length) {
        if (phase === 'head') at = readHead(data, at);
        else if (phase === 'size') at = readSize(data, at);
        else at = readBody(data, at);
      }
    },
  };
}
