import { GatewayError } from '../errors/gateway-error.ts';
import { crc32 } from './crc32.ts';

/** The longest message a framer takes by default, in bytes: 16 MiB. */
export const DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** One message of `application/vnd.amazon.eventstream`. */
export interface AwsEventStreamMessage {
  /** The headers of type string; the others are read over. Shared between messages: read only. */
  headers: Readonly<Record<string, string>>;
  /** May be a view of the chunk it came in: copy it to keep it. */
  payload: Uint8Array;
}

/** What the framer may be told. */
export interface AwsEventStreamOptions {
  /** The longest message in bytes, framing included; default 16 MiB. */
  maxMessageBytes?: number;
}

/** Takes the bytes of one event stream, chunk by chunk. */
export interface AwsEventStreamFramer {
  /** Takes a chunk; messages that it completes are delivered before it returns. */
  push(bytes: Uint8Array): void;
  /** The stream ended. Throws GatewayError `provider_bad_response` if a message was cut. */
  end(): void;
}

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
/** Value sizes by header type: true, false, byte, short, int, long, bytes, string, timestamp, uuid. */
const VALUE_BYTES = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16];
const STRING_TYPE = 7;

/**
 * Cuts AWS event-stream messages out of bytes that arrive in any pieces: 4 bytes total length, 4 bytes header
 * length, CRC-32 of these, headers, payload, CRC-32 of all before; big endian. Both checksums are verified and the
 * prelude before memory is taken for its message. Throws GatewayError `provider_bad_response` on anything else.
 */
export function createAwsEventStreamFramer(
  onMessage: (message: AwsEventStreamMessage) => void,
  options: AwsEventStreamOptions = {},
): AwsEventStreamFramer {
  const maxBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
  const readHeaders = createHeaderReader();
  const prelude = new Uint8Array(PRELUDE_BYTES);
  /** The message being collected: the prelude until that is whole, then a buffer of the message's size. */
  let partial = prelude;
  let filled = 0;

  function deliver(bytes: Uint8Array, start: number, total: number): void {
    const end = start + total - CRC_BYTES;
    if (crc32(bytes, start, end) !== uint32(bytes, end)) throw broken('its checksum is wrong');
    const headersEnd = start + PRELUDE_BYTES + uint32(bytes, start + 4);
    const headers = readHeaders(bytes, start + PRELUDE_BYTES, headersEnd);
    onMessage({ headers, payload: bytes.subarray(headersEnd, end) });
  }

  /** Continues the message being collected; returns how many bytes it took. */
  function collect(bytes: Uint8Array, from: number): number {
    const take = Math.min(partial.length - filled, bytes.length - from);
    partial.set(bytes.subarray(from, from + take), filled);
    filled += take;
    if (filled < partial.length) return take;
    if (partial === prelude) {
      partial = new Uint8Array(checkedLength(prelude, 0, maxBytes));
      partial.set(prelude);
      return take;
    }
    const message = partial;
    partial = prelude;
    filled = 0;
    deliver(message, 0, message.length);
    return take;
  }

  return {
    push(bytes) {
      let at = 0;
      while (at < bytes.length) {
        if (filled > 0) {
          at += collect(bytes, at);
          continue;
        }
        const total = bytes.length - at < PRELUDE_BYTES ? Infinity : checkedLength(bytes, at, maxBytes);
        if (bytes.length - at < total) {
          at += collect(bytes, at);
          continue;
        }
        const start = at;
        at += total;
        deliver(bytes, start, total);
      }
    },
    end() {
      if (filled > 0) throw broken('it was cut off');
    },
  };
}

/** The length of the message whose prelude stands at `at`, once the prelude is proven sound. */
function checkedLength(bytes: Uint8Array, at: number, maxBytes: number): number {
  if (crc32(bytes, at, at + 8) !== uint32(bytes, at + 8)) throw broken('the checksum of its prelude is wrong');
  const total = uint32(bytes, at);
  if (total < PRELUDE_BYTES + CRC_BYTES || uint32(bytes, at + 4) > total - PRELUDE_BYTES - CRC_BYTES) {
    throw broken('its lengths do not agree');
  }
  if (total > maxBytes) throw broken(`it is longer than ${maxBytes} bytes`);
  return total;
}

/**
 * Makes the reader of header blocks. It remembers the last block: a stream repeats the same headers for
 * every token, and comparing them costs less than decoding them.
 */
function createHeaderReader(): (bytes: Uint8Array, start: number, end: number) => Readonly<Record<string, string>> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let lastBlock: Uint8Array = new Uint8Array(0);
  let lastHeaders: Readonly<Record<string, string>> = Object.create(null);

  function parse(block: Uint8Array): Readonly<Record<string, string>> {
    const headers: Record<string, string> = Object.create(null);
    let at = 0;
    while (at < block.length) {
      const nameEnd = at + 1 + (block[at] as number);
      if (nameEnd >= block.length) throw broken('a header is cut off');
      const name = decoder.decode(block.subarray(at + 1, nameEnd));
      const type = block[nameEnd] as number;
      let valueAt = nameEnd + 1;
      let size = VALUE_BYTES[type];
      if (size === undefined) throw broken(`a header has the unknown type ${type}`);
      if (size === -1) {
        if (valueAt + 2 > block.length) throw broken('a header is cut off');
        size = ((block[valueAt] as number) << 8) | (block[valueAt + 1] as number);
        valueAt += 2;
      }
      at = valueAt + size;
      if (at > block.length) throw broken('a header is cut off');
      if (type === STRING_TYPE) headers[name] = decoder.decode(block.subarray(valueAt, at));
    }
    return headers;
  }

  return (bytes, start, end) => {
    if (end - start !== lastBlock.length || !standsAt(lastBlock, bytes, start)) {
      // A copy: the chunk must not be kept for its headers.
      const block = new Uint8Array(bytes.subarray(start, end));
      lastHeaders = parse(block);
      lastBlock = block;
    }
    return lastHeaders;
  };
}

/** Whether the block stands in the bytes at this offset, where there are as many. */
function standsAt(block: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let at = 0; at < block.length; at++) if (block[at] !== bytes[start + at]) return false;
  return true;
}

/** Writes string headers as a header block, for `encodeAwsEventStreamMessage` to use many times. */
export function encodeAwsEventStreamHeaders(headers: Readonly<Record<string, string>>): Uint8Array {
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const nameBytes = encoder.encode(name);
    const valueBytes = encoder.encode(value);
    if (nameBytes.length === 0 || nameBytes.length > 255 || valueBytes.length > 32767) {
      throw new GatewayError('internal_error', `The event-stream header ${name} is too long to be written.`);
    }
    bytes.push(nameBytes.length, ...nameBytes, STRING_TYPE, valueBytes.length >> 8, valueBytes.length & 0xff);
    for (const byte of valueBytes) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** Writes one message, checksums included. `headers` are string headers, or a block of encodeAwsEventStreamHeaders. */
export function encodeAwsEventStreamMessage(
  headers: Readonly<Record<string, string>> | Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  const block = headers instanceof Uint8Array ? headers : encodeAwsEventStreamHeaders(headers);
  const message = new Uint8Array(PRELUDE_BYTES + block.length + payload.length + CRC_BYTES);
  setUint32(message, 0, message.length);
  setUint32(message, 4, block.length);
  setUint32(message, 8, crc32(message, 0, 8));
  message.set(block, PRELUDE_BYTES);
  message.set(payload, PRELUDE_BYTES + block.length);
  const end = message.length - CRC_BYTES;
  setUint32(message, end, crc32(message, 0, end));
  return message;
}

function uint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

function setUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function broken(why: string): GatewayError {
  return new GatewayError('provider_bad_response', `The provider sent a broken event-stream message: ${why}.`);
}
