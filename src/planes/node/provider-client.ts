import { readFileSync } from 'node:fs';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import buildConnector from 'undici/lib/core/connect.js';
import type { Upstream, UpstreamRequest } from '../../exchange/ports.ts';
import type { Cluster, ClusterEndpoint } from '../../snapshot/snapshot.ts';
import { classifyFailure } from './classify-failure.ts';
import { ConnectionPool } from './http1/connection-pool.ts';
import { ReadBuffer } from './http1/read-buffer.ts';
import type { RequestPool } from './request-pool.ts';

/** Sends requests to providers through pools that outlive configurations as long as their settings stay the same. */
export interface ProviderClient extends Upstream {
  /** Loads what requests to these clusters need; without it those behind a forward proxy cannot be reached. */
  prepare(clusters: readonly Cluster[]): Promise<void>;
  /** Drops the pools that none of these endpoints uses any more; requests in flight on them finish. */
  retain(used: readonly UsedEndpoints[]): void;
  close(): Promise<void>;
}

/** Endpoints of a cluster that requests may still go to. */
export interface UsedEndpoints {
  readonly cluster: Cluster;
  readonly endpoints: readonly ClusterEndpoint[];
}

function poolKey(cluster: Cluster, endpoint: ClusterEndpoint): string {
  const { tls, connect_timeout, max_connections, forward_proxy } = cluster.config;
  const { origin, resolved } = endpoint;
  return JSON.stringify([origin, resolved?.address, tls, connect_timeout, max_connections, forward_proxy]);
}

/** What makes the pools of clusters behind a forward proxy. */
type ProxiedPoolModule = typeof import('./proxied-pool.ts');

function createPool(
  { cluster, endpoint }: UpstreamRequest,
  options: { serverName: string | undefined; readBuffer: ReadBuffer; proxied: ProxiedPoolModule | undefined },
): RequestPool {
  const { tls, connect_timeout, max_connections, forward_proxy } = cluster.config;
  const ca = tls?.ca ?? (tls?.ca_file === undefined ? undefined : readFileSync(tls.ca_file, 'utf8'));
  const secure = {
    ...(ca === undefined ? {} : { ca }),
    ...(tls?.server_name === undefined ? {} : { servername: tls.server_name }),
    ...(tls?.insecure_skip_verify === true ? { rejectUnauthorized: false } : {}),
  };
  if (forward_proxy !== undefined) {
    if (options.proxied === undefined) throw new Error('the client was not prepared for forward proxies');
    return new options.proxied.ProxiedPool(cluster, secure);
  }
  const { resolved } = endpoint;
  const lookup = resolved === undefined ? {} : { lookup: lookupOf(resolved.address) };
  const { serverName, readBuffer } = options;
  const { onread } = readBuffer;
  const connect = buildConnector({ ...secure, ...lookup, onread, timeout: connect_timeout, allowH2: false });
  const { hostname, host, protocol, port } = new URL(endpoint.origin);
  const place = {
    // An IPv6 address stands in brackets in a URL alone.
    hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    host,
    protocol,
    port,
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
  return new ConnectionPool({
    host,
    readBuffer,
    maxConnections: max_connections ?? Number.POSITIVE_INFINITY,
    connect: (callback) => connect(place, (error, socket) => callback(error ?? (socket as Socket))),
    classify: classifyFailure,
  });
}

/** Leads every name to one address: connections go there, while `host` header and TLS keep the name. */
function lookupOf(address: string): LookupFunction {
  const family = isIP(address);
  return (_name, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}

/**
 * The name that TLS shall ask for where a request is addressed to another host than the endpoint's; undefined for the
 * endpoint's own, and without TLS.
 */
function ownServerName(request: UpstreamRequest): string | undefined {
  if (!request.endpoint.origin.startsWith('https:')) return undefined;
  const { headers } = request;
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] === 'host') {
      const name = (headers[index + 1] as string).replace(/:\d*$/, '');
      return isIP(name) === 0 ? name : undefined;
    }
  }
  return undefined;
}

/** Makes the client. Connections are opened when first needed. */
export function createProviderClient(): ProviderClient {
  const pools = new Map<string, RequestPool>();
  const readBuffer = new ReadBuffer();
  let proxied: ProxiedPoolModule | undefined;
  /** Saves making the key for each request. */
  let byEndpoint = new WeakMap<ClusterEndpoint, RequestPool>();

  function poolAt(key: string, request: UpstreamRequest, serverName: string | undefined): RequestPool {
    let pool = pools.get(key);
    if (pool === undefined) {
      pool = createPool(request, { serverName, readBuffer, proxied });
      pools.set(key, pool);
    }
    return pool;
  }

  function poolFor(request: UpstreamRequest): RequestPool {
    const { cluster, endpoint } = request;
    const serverName = ownServerName(request);
    if (serverName !== undefined) return poolAt(`${serverName} ${poolKey(cluster, endpoint)}`, request, serverName);
    let pool = byEndpoint.get(endpoint);
    if (pool === undefined) {
      pool = poolAt(poolKey(cluster, endpoint), request, undefined);
      byEndpoint.set(endpoint, pool);
    }
    return pool;
  }

  return {
    async prepare(clusters) {
      // undici is large: only what goes through a forward proxy needs all of it.
      if (clusters.some(({ config }) => config.forward_proxy !== undefined))
        proxied ??= await import('./proxied-pool.ts');
    },
    send(request, handler) {
      poolFor(request).send(request, handler);
    },
    retain(used) {
      const wanted = new Set(
        used.flatMap(({ cluster, endpoints }) => endpoints.map((endpoint) => poolKey(cluster, endpoint))),
      );
      byEndpoint = new WeakMap();
      for (const [key, pool] of pools) {
        if (wanted.has(key)) continue;
        pools.delete(key);
        pool.retire();
      }
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      pools.clear();
    },
  };
}
