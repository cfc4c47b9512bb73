import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeReply } from './encode-reply.ts';
import { createEngine } from './engine.ts';
import { openAiApi } from './openai/api.ts';
import type { MockOptions } from './options.ts';
import { createRecorder, type MockStats, type RecordedRequest } from './recorder.ts';
import { mockRoutes } from './routes.ts';

/** A fake provider that can be started and looked into. */
export interface MockServer {
  /** Starts to listen; default: a free port of 127.0.0.1. Rejects when the port is taken. */
  listen(port?: number, address?: string): Promise<{ port: number; url: string }>;
  /** Stops, cutting what is still open. */
  close(): Promise<void>;
  /** The last requests, newest last. */
  readonly requests: readonly RecordedRequest[];
  readonly stats: MockStats;
}

const DEFAULT_RECORD_LIMIT = 200;
const DEFAULT_RECORD_BODY_BYTES = 256 * 1024;
/** Longer than pools of common clients keep a connection, so that the mock is never the one to close it. */
const KEEP_ALIVE_MS = 120_000;

/** Makes a fake provider that speaks every wire API the gateway knows. Nothing runs before `listen`. */
export function createMockServer(options: MockOptions = {}): MockServer {
  const recorder = createRecorder(
    options.recordLimit ?? DEFAULT_RECORD_LIMIT,
    options.recordBodyBytes ?? DEFAULT_RECORD_BODY_BYTES,
  );
  const handle = createEngine({
    ...options,
    routes: mockRoutes,
    fallbackApi: openAiApi,
    controls: true,
    recorder,
    encode: encodeReply,
  });
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (request, response) => {
    if (request.url?.startsWith('/__mock/') !== true) {
      handle(request, response);
      return;
    }
    request.resume();
    const { status, body } = inspect(request.method ?? '', request.url);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

  /** `/__mock/...`: what a test in another process needs to see. */
  function inspect(method: string, path: string): { status: number; body: unknown } {
    if (path === '/__mock/stats' && method === 'GET') return { status: 200, body: recorder.stats };
    if (path === '/__mock/health' && method === 'GET') return { status: 200, body: { status: 'ok' } };
    if (path === '/__mock/requests' && method === 'GET') {
      return { status: 200, body: recorder.requests.map(({ settled: _, ...entry }) => entry) };
    }
    if (path === '/__mock/requests' && method === 'DELETE') {
      recorder.clear();
      return { status: 200, body: { cleared: true } };
    }
    return { status: 404, body: { error: `The mock has no ${method} ${path}.` } };
  }

  return {
    requests: recorder.requests,
    stats: recorder.stats,
    listen(port = 0, address = '127.0.0.1') {
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, address, () => {
          server.off('error', reject);
          const bound = server.address() as AddressInfo;
          const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
          resolve({ port: bound.port, url: `http://${host}:${bound.port}` });
        });
      });
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
