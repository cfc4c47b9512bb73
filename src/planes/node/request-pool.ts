import type { UpstreamHandler, UpstreamRequest } from '../../exchange/ports.ts';

/** Takes the requests for one endpoint. */
export interface RequestPool {
  send(request: UpstreamRequest, handler: UpstreamHandler): void;
  /** Takes no more requests; those in flight finish. */
  retire(): void;
  destroy(): Promise<void>;
}
