import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { GatewayConfig } from '../../config/model.ts';

type ListenerConfig = GatewayConfig['listeners'][number];

/** A listener as it is open. */
export interface OpenListener {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** The listeners of the workers: every worker, also one that starts later, gets the same ports. */
export interface WorkerListeners {
  /**
   * The listeners of a configuration with real ports in place of 0. Rejects with the system's error when one cannot be had,
   * before any worker has tried.
   */
  resolve(wanted: readonly ListenerConfig[]): Promise<ListenerConfig[]>;
  /** The workers have them open now. */
  commit(open: readonly ListenerConfig[]): void;
  readonly open: readonly OpenListener[];
}

/** Makes it, with nothing open. */
export function createWorkerListeners(): WorkerListeners {
  let open: readonly ListenerConfig[] = [];
  /** The ports that were taken for 0, by address and how many such there were before. */
  const taken = new Map<string, number>();
  return {
    async resolve(wanted) {
      const resolved: ListenerConfig[] = [];
      for (const [index, listener] of wanted.entries()) {
        const { address } = listener;
        const isLike = (one: ListenerConfig) => one.port === 0 && one.address === address;
        const place = `${address} ${wanted.slice(0, index).filter(isLike).length}`;
        const port = listener.port === 0 ? (taken.get(place) ?? 0) : listener.port;
        const isOpen = open.some((one) => one.address === address && one.port === port);
        const real = isOpen ? port : await probe(address, port);
        if (listener.port === 0) taken.set(place, real);
        resolved.push({ ...listener, port: real });
      }
      return resolved;
    },
    commit(next) {
      open = next;
    },
    get open() {
      return open.map(({ name, address, port }) => ({ name: name ?? '', address, port }));
    },
  };
}

/** Takes a port and lets it go again, which tells whether it can be had and, of 0, which one is free. */
function probe(address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen({ host: address, port }, () => {
      const { port: real } = server.address() as AddressInfo;
      server.close(() => resolve(real));
    });
  });
}
