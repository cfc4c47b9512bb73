import type { ProviderDescriptor } from '../providers/provider.ts';
import { providerDescriptor } from '../providers/registry.ts';
import type { StaticClusterConfig } from './config-types.ts';
import type { Cluster, ClusterEndpoint } from './snapshot.ts';

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
  return { origin: url.origin, host: url.host, hostname: url.hostname, basePath, bareBasePath };
}

/** Resolves one `static_cluster` entry against its provider's descriptor. */
export function compileCluster(identity: { name: string; index: number }, config: StaticClusterConfig): Cluster {
  const provider = providerDescriptor(config.provider);
  const bases = config.endpoints ?? [config.endpoint ?? provider.defaultEndpoint ?? ''];
  const region =
    config.region ?? AWS_HOST_REGION.exec(new URL(bases[0]?.replace('{region}', 'x') ?? '').hostname)?.[1] ?? '';
  return Object.freeze({
    index: identity.index,
    name: identity.name,
    provider,
    endpoints: bases.map((base) => compileEndpoint(base.replace('{region}', region), provider, config.prefix)),
    apiVersion: config.api_version ?? '',
    region,
    project: config.project ?? '',
    maxTokensField: config.max_tokens_field ?? provider.maxTokensField ?? 'max_completion_tokens',
    defaultMaxOutputTokens: config.default_max_tokens,
    config,
  });
}
