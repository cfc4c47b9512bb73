import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Frame, Reply } from './call.ts';

/** Content codings the mock can answer in. */
export const CONTENT_CODINGS = ['gzip', 'br'] as const;

/** One of the codings. */
export type ContentCoding = (typeof CONTENT_CODINGS)[number];

/**
 * The reply compressed, with its `content-encoding`. A stream's frames become one gzip member each
 * (RFC 1952, 2.2), so that each can be read as it arrives; brotli knows no members, streams fall back to gzip.
 */
export function encodeReply(reply: Reply, coding: ContentCoding): Reply {
  if (reply.kind === 'whole') {
    const bytes = coding === 'gzip' ? gzipSync(reply.body) : brotliCompressSync(reply.body);
    return { ...reply, body: bytes, headers: { ...reply.headers, 'content-encoding': coding } };
  }
  return {
    ...reply,
    frames: gzipFrames(reply.frames),
    errorFrames: (details) => reply.errorFrames(details).map((data) => gzipSync(data)),
    headers: { ...reply.headers, 'content-encoding': 'gzip' },
  };
}

function* gzipFrames(frames: Iterable<Frame>): Generator<Frame> {
  for (const frame of frames) yield { data: gzipSync(frame.data), tokens: frame.tokens };
}
