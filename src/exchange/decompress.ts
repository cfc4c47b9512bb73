import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { GatewayError } from '../errors/gateway-error.ts';
import type { Relay } from './relay/relay.ts';

/** Whether deflated bytes begin with zlib's header (RFC 1950 §2.2); some servers send bare deflate. */
function hasZlibHeader(first: Uint8Array): boolean {
  const [method = 0, flags = 0] = first;
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}

/** Decompressors by coding (RFC 9110 §8.4.1), made when the first bytes are there. */
const CODINGS: ReadonlyMap<string, (first: Uint8Array) => Transform> = new Map<
  string,
  (first: Uint8Array) => Transform
>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['br', () => createBrotliDecompress()],
  ['deflate', (first: Uint8Array) => (hasZlibHeader(first) ? createInflate() : createInflateRaw())],
]);

/** Whether an answer's `content-encoding` is one the gateway can read through. */
export function canDecompress(encoding: string): boolean {
  return CODINGS.has(encoding.toLowerCase());
}

/**
 * Puts a decompressor before a relay. The gateway asks providers for plain answers; some compress all
 * the same. Output is handed on as it comes, with back-pressure both ways.
 */
export function decompressInto(encoding: string, relay: Relay, resume: () => void): Relay & { resumed(): void } {
  const create = CODINGS.get(encoding.toLowerCase());
  if (create === undefined) throw new Error(`no decompressor for ${encoding}`);
  let stream: Transform | undefined;
  /** The first byte, while it is the only one: what it begins is told by two. */
  let first: Uint8Array | undefined;
  let paused = false;
  let over = false;

  function open(start: Uint8Array): Transform {
    const opened = (create as (first: Uint8Array) => Transform)(start);
    opened.on('data', (chunk: Uint8Array) => {
      if (!over && !relay.data(chunk)) opened.pause();
    });
    opened.on('drain', () => {
      if (!paused) return;
      paused = false;
      resume();
    });
    opened.on('end', () => {
      if (over) return;
      over = true;
      relay.end();
    });
    opened.on('error', (error) => {
      if (over) return;
      over = true;
      relay.fail(
        new GatewayError('provider_bad_response', 'The provider sent a compressed body that is broken.', {
          cause: error,
        }),
      );
    });
    return opened;
  }

  return {
    data(chunk) {
      let bytes = chunk;
      if (stream === undefined) {
        if (first !== undefined) bytes = Buffer.concat([first, chunk]);
        if (bytes.length < 2) {
          first = bytes;
          return true;
        }
        stream = open(bytes);
      }
      paused = !stream.write(bytes);
      return !paused;
    },
    end() {
      if (stream === undefined && first !== undefined && first.length > 0) {
        stream = open(first);
        stream.write(first);
      }
      if (stream === undefined) relay.end();
      else stream.end();
    },
    fail(error) {
      if (over) return;
      over = true;
      stream?.destroy();
      relay.fail(error);
    },
    resumed: () => void stream?.resume(),
  };
}
