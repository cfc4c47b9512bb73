import type { ProviderDescriptor } from '../providers/provider.ts';
import { providerDescriptor } from '../providers/registry.ts';
import type { DynamicClusterConfig, StaticClusterConfig } from './config-types.ts';
import type { Cluster, ClusterEndpoint, DiscoverySpec } from './snapshot.ts';

const AWS_HOST_REGION = /^bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com/;

function trimSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}

function joinPath(...parts: string[]): string {
  const joined = parts.map(trimSlashes).filter((part) => part !== '');
  return joined.length === 0 ? '' : `/${joined.join('/')}`;
}

/** What stands before the prefix: where the endpoint's path takes the prefix's place, that is what precedes it. */
function withoutPrefix(path: string, provider: ProviderDescriptor): string {
  const prefix = provider.defaultPrefix;
  const named = provider.endpointPath === 'replaces-prefix' && prefix !== '' && `/${path}`.endsWith(`/${prefix}`);
  return named ? path.slice(0, path.length - prefix.length) : path;
}

/** Takes a base URL apart and applies the provider's prefix rule. */
function compileEndpoint(base: string, provider: ProviderDescriptor, prefix: string | undefined): ClusterEndpoint {
  const url = new URL(base);
  const path = trimSlashes(url.pathname);
  const bareBasePath = joinPath(withoutPrefix(path, provider));
  let basePath: string;
  if (provider.endpointPath === 'before-prefix') basePath = joinPath(path, prefix ?? provider.defaultPrefix);
  else if (path !== '') basePath = joinPath(path, prefix ?? '');
  else basePath = joinPath(prefix ?? provider.defaultPrefix);
  return { origin: url.origin, host: url.host, hostname: url.hostname, basePath, bareBasePath, resolved: undefined };
}

/** A base URL as found at run time, with the address that its name stands for where that was found too. */
export interface FoundEndpoint {
  readonly url: string;
  /** IPv4 or IPv6, without brackets. */
  readonly address?: string;
}

/** An endpoint of a dynamic cluster as requests need it. The URL must be valid: `http:` or `https:`, without query. */
export function foundEndpoint(cluster: Cluster, { url, address }: FoundEndpoint): ClusterEndpoint {
  const endpoint = compileEndpoint(url, cluster.provider, cluster.config.prefix);
  if (address === undefined) return endpoint;
  const port = new URL(url).port;
  const host = address.includes(':') ? `[${address}]` : address;
  return { ...endpoint, resolved: { address, peer: port === '' ? host : `${host}:${port}` } };
}

/** Resolves one `static_cluster` entry against its provider's descriptor. */
export function compileCluster(identity: { name: string; index: number }, config: StaticClusterConfig): Cluster {
  const provider = providerDescriptor(config.provider);
  const bases = config.endpoints ?? [config.endpoint ?? provider.defaultEndpoint ?? ''];
  const region =
    config.region ?? AWS_HOST_REGION.exec(new URL(bases[0]?.replace('{region}', 'x') ?? '').hostname)?.[1] ?? '';
  const endpoints = bases.map((base) => compileEndpoint(base.replace('{region}', region), provider, config.prefix));
  return makeCluster({ ...identity, endpoints, discovery: undefined }, { region, config });
}

/** Resolves one `dynamic_cluster` entry: its endpoints are found later. */
export function compileDynamicCluster(
  identity: { name: string; index: number },
  config: DynamicClusterConfig,
): Cluster {
  return makeCluster(
    { ...identity, endpoints: [], discovery: discoverySpec(config) },
    { region: config.region ?? '', config },
  );
}

function discoverySpec({ dns, scheme, endpoints_file: path, refresh }: DynamicClusterConfig): DiscoverySpec {
  if (dns !== undefined) return { kind: 'dns', url: `${scheme}://${dns}`, refreshMs: refresh };
  return path === undefined ? { kind: 'managed' } : { kind: 'file', path, refreshMs: refresh };
}

function makeCluster(
  found: Pick<Cluster, 'name' | 'index' | 'endpoints' | 'discovery'>,
  { region, config }: Pick<Cluster, 'region' | 'config'>,
): Cluster {
  const provider = providerDescriptor(config.provider);
  return Object.freeze({
    index: found.index,
    name: found.name,
    provider,
    endpoints: found.endpoints,
    discovery: found.discovery,
    apiVersion: config.api_version ?? '',
    region,
    project: config.project ?? '',
    maxTokensField: config.max_tokens_field ?? provider.maxTokensField ?? 'max_completion_tokens',
    defaultMaxOutputTokens: config.default_max_tokens,
    config,
  });
}
