import { ADDRCONFIG } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { EndpointSource } from './endpoint-source.ts';

/** All IPv4 and IPv6 addresses of a host name. Rejects when it has none. */
export type AddressResolver = (hostname: string) => Promise<readonly string[]>;

/**
 * The resolver of this machine: its hosts file, search domains and name servers, as every other program here sees them. It
 * tells no time to live, so `refresh` alone says how often names are resolved.
 */
export const resolveBySystem: AddressResolver = async (hostname) => {
  const found = await lookup(hostname, { all: true, verbatim: true, hints: ADDRCONFIG });
  return found.map(({ address }) => address);
};

/** Every address of the host of a base URL, as an endpoint of its own. */
export function createDnsSource(
  { url, refreshMs }: { url: string; refreshMs: number },
  resolve: AddressResolver,
): EndpointSource {
  const hostname = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return {
    refreshMs,
    async find() {
      let addresses: readonly string[];
      try {
        addresses = await resolve(hostname);
      } catch (error) {
        throw new Error(`${hostname} cannot be resolved: ${describe(error)}`, { cause: error });
      }
      if (addresses.length === 0) throw new Error(`${hostname} has no address`);
      // Name servers turn the order of their answers: only the set counts.
      return [...new Set(addresses)].sort().map((address) => ({ url, address }));
    },
  };
}

function describe(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOTFOUND') return 'there is no such name';
  return error instanceof Error ? error.message : String(error);
}
