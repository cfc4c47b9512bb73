import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClusterEndpoint } from '../snapshot/snapshot.ts';

/** The built-in demo model behind a loopback port, so that it is reached as every provider is. */
export interface DemoEndpoint {
  /** Starts it when it does not run yet. */
  open(): Promise<ClusterEndpoint>;
  close(): Promise<void>;
}

/** Makes the endpoint; nothing listens before it is opened. */
export function createDemoEndpoint(): DemoEndpoint {
  let server: Server | undefined;
  let endpoint: Promise<ClusterEndpoint> | undefined;

  async function start(): Promise<ClusterEndpoint> {
    const { createDemoHandler } = await import('../mock/demo.ts');
    const created = createServer({ keepAliveTimeout: 120_000 }, createDemoHandler());
    server = created;
    await new Promise<void>((resolve, reject) => {
      created.once('error', reject);
      // Of this process alone, also where processes share listeners.
      created.listen({ port: 0, host: '127.0.0.1', exclusive: true }, resolve);
    });
    const host = `127.0.0.1:${(created.address() as AddressInfo).port}`;
    return { origin: `http://${host}`, host, hostname: '127.0.0.1', basePath: '/v1', bareBasePath: '' };
  }

  return {
    open() {
      endpoint ??= start();
      return endpoint;
    },
    close() {
      return new Promise((resolve) => {
        if (server === undefined) resolve();
        else {
          server.close(() => resolve());
          server.closeAllConnections();
        }
      });
    },
  };
}
