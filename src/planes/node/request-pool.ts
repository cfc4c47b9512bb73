import type { UpstreamHandler, UpstreamRequest } from '../../exchange/ports.ts';

/** How many seconds an idle connection to a provider is kept: fewer than common load balancers keep theirs. */
export const KEEP_SECONDS = 30;
/** How soon, in milliseconds, a kept connection fails that was gone before it was used again: a round trip. */
export const STALE_MS = 500;

/** Bytes of a body in pieces; 0 for none. */
export function lengthOf(pieces: readonly Uint8Array[] | undefined): number {
  if (pieces === undefined) return 0;
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
}

/** Takes the requests for one endpoint. */
export interface RequestPool {
  send(request: UpstreamRequest, handler: UpstreamHandler): void;
  /** Takes no more requests; those in flight finish. */
  retire(): void;
  destroy(): Promise<void>;
}
