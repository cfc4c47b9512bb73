import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { GatewayError } from '../errors/gateway-error.ts';
import type { Relay } from './relay/relay.ts';

const CODINGS: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  br: createBrotliDecompress as () => ReturnType<typeof createGunzip>,
  deflate: createInflate as () => ReturnType<typeof createGunzip>,
};

/** Whether an answer's `content-encoding` is one the gateway can read through. */
export function canDecompress(encoding: string): boolean {
  return encoding.toLowerCase() in CODINGS;
}

/**
 * Puts a decompressor before a relay. The gateway asks providers for plain answers; some compress all
 * the same. Output is handed on as it comes, with back-pressure both ways.
 */
export function decompressInto(encoding: string, relay: Relay, resume: () => void): Relay & { resumed(): void } {
  const create = CODINGS[encoding.toLowerCase()];
  if (create === undefined) throw new Error(`no decompressor for ${encoding}`);
  const stream = create();
  let paused = false;
  let over = false;
  stream.on('data', (chunk: Uint8Array) => {
    if (!over && !relay.data(chunk)) stream.pause();
  });
  stream.on('drain', () => {
    if (paused) {
      paused = false;
      resume();
    }
  });
  stream.on('end', () => {
    if (over) return;
    over = true;
    relay.end();
  });
  stream.on('error', (error) => {
    if (over) return;
    over = true;
    relay.fail(
      new GatewayError('provider_bad_response', 'The provider sent a compressed body that is broken.', {
        cause: error,
      }),
    );
  });
  return {
    data(chunk) {
      paused = !stream.write(chunk);
      return !paused;
    },
    end: () => void stream.end(),
    fail(error) {
      if (over) return;
      over = true;
      stream.destroy();
      relay.fail(error);
    },
    resumed: () => void stream.resume(),
  };
}
