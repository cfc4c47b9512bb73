import type { ProviderName } from '../../providers/provider.ts';
import { compact } from './compact.ts';
import type { ClusterInput } from './config-input.ts';
import type { KindBody } from './kinds.ts';
import type { Report } from './report.ts';
import type { Resource } from './resource.ts';
import { followReference, type ResourceSet } from './resource-set.ts';
import type { AttachedCredential, ClusterCredential } from './translate-credentials.ts';
import { translateBodyMutation, translateHeaderMutation } from './translate-mutations.ts';
import { backendTlsPolicies, translateTls } from './translate-tls.ts';

type AiBackend = Resource<KindBody<'AIServiceBackend'>>;
type Backend = Resource<KindBody<'Backend'>>;
type SchemaName = AiBackend['body']['spec']['schema']['name'];

/** The provider of each API schema. */
const PROVIDERS: Record<SchemaName, ProviderName> = {
  OpenAI: 'openai',
  AzureOpenAI: 'azure-openai',
  AWSBedrock: 'aws-bedrock',
  AWSAnthropic: 'aws-anthropic',
  GCPVertexAI: 'gcp-vertex',
  GCPAnthropic: 'gcp-anthropic',
  Anthropic: 'anthropic',
  Cohere: 'cohere',
};

/** Which of `version` and `prefix` each schema reads. */
const SCHEMA_FIELD: Partial<Record<SchemaName, 'version' | 'prefix'>> = {
  OpenAI: 'prefix',
  Anthropic: 'prefix',
  Cohere: 'version',
  AzureOpenAI: 'version',
  AWSAnthropic: 'version',
  GCPAnthropic: 'version',
};

/** What turning backends into clusters needs. */
export interface BackendContext {
  set: ResourceSet;
  report: Report;
  credentials: ReadonlyMap<string, AttachedCredential>;
}

/** Turns every AIServiceBackend into a cluster of the name `namespace/name`. */
export function translateBackends(context: BackendContext): Map<string, ClusterInput> {
  const policies = backendTlsPolicies(context.set, context.report);
  const clusters = new Map<string, ClusterInput>();
  for (const backend of context.set.list('AIServiceBackend')) {
    const key = `${backend.namespace}/${backend.name}`;
    const { backendRef } = backend.body.spec;
    const endpoints = followReference(
      context.set,
      { kind: 'Backend', name: backendRef.name, namespace: backendRef.namespace },
      {
        report: context.report,
        from: backend,
        path: ['spec', 'backendRef', 'name'],
        // The reference system asks in the name of the route that it makes.
        grantedKinds: ['AIServiceBackend', 'AIGatewayRoute', 'HTTPRoute'],
      },
    );
    if (endpoints === undefined) continue;
    const policy = policies.get(`${endpoints.namespace}/${endpoints.name}`);
    const tls = translateTls(endpoints, policy, context);
    const urls = endpointUrls(endpoints, tls !== undefined, context.report);
    const cluster = toCluster(backend, context);
    clusters.set(key, compact({ ...cluster, ...(urls.length > 1 ? { endpoints: urls } : { endpoint: urls[0] }), tls }));
  }
  return clusters;
}

function toCluster(backend: AiBackend, context: BackendContext): ClusterInput {
  const { spec } = backend.body;
  const { report } = context;
  const attached = context.credentials.get(`${backend.namespace}/${backend.name}`);
  checkCredential(backend, attached, context);
  return compact({
    provider: PROVIDERS[spec.schema.name],
    ...schemaFields(backend, report),
    ...credentialFields(attached),
    header_mutation: translateHeaderMutation(spec.headerMutation, {
      from: backend,
      path: ['spec', 'headerMutation'],
      report,
    }),
    body_mutation: translateBodyMutation(spec.bodyMutation),
  });
}

/** A backend without a policy gets what the client sent. */
function credentialFields(attached: AttachedCredential | undefined): ClusterCredential {
  return attached === undefined ? { credential: { type: 'pass_through' } } : attached.settings;
}

function schemaFields(backend: AiBackend, report: Report): Pick<ClusterInput, 'prefix' | 'api_version'> {
  const { schema } = backend.body.spec;
  const { name, version, prefix } = schema;
  for (const field of ['version', 'prefix'] as const) {
    if ((schema[field] ?? '') === '' || SCHEMA_FIELD[name] === field) continue;
    report.warning(backend, ['spec', 'schema', field], `has no meaning for ${name}: ignored`, { part: 'key' });
  }
  const trimmed = prefix?.replaceAll(/^\/+|\/+$/g, '');
  switch (name) {
    case 'OpenAI':
    case 'Anthropic':
      return trimmed === undefined || prefix === '' ? {} : { prefix: trimmed };
    case 'Cohere':
      return version === undefined || version === '' ? {} : { prefix: version };
    case 'AzureOpenAI':
      if (version !== undefined && version !== '') return { api_version: version };
      report.error(backend, ['spec', 'schema'], 'version is required for AzureOpenAI: it is sent as api-version', {
        fix: 'add version: 2024-10-21',
      });
      return {};
    case 'AWSAnthropic':
    case 'GCPAnthropic':
      return version === undefined || version === '' ? {} : { api_version: version };
    case 'AWSBedrock':
    case 'GCPVertexAI':
      return {};
    default:
      return name satisfies never;
  }
}

function checkCredential(
  backend: AiBackend,
  attached: AttachedCredential | undefined,
  { set, report }: BackendContext,
): void {
  const { name } = backend.body.spec.schema;
  const lacksPolicy = name.startsWith('GCP') && attached?.type !== 'GCPCredentials';
  // A policy that was refused has its own error.
  if (lacksPolicy && !set.hasRefused('BackendSecurityPolicy')) {
    report.error(backend, ['spec', 'schema', 'name'], `${name} needs a project and a region`, {
      fix: 'let a BackendSecurityPolicy of type GCPCredentials target this backend',
    });
  }
}

/** The base URLs of a Backend's endpoints. */
function endpointUrls(backend: Backend, hasTls: boolean, report: Report): string[] {
  const { spec } = backend.body;
  if (spec.type === 'DynamicResolver') {
    report.error(backend, ['spec', 'type'], 'DynamicResolver is not supported', { fix: 'name the endpoints' });
    return [];
  }
  if (spec.endpoints === undefined) {
    report.error(backend, ['spec'], 'has no endpoints', { fix: 'add endpoints: [{fqdn: {hostname: ..., port: 443}}]' });
    return [];
  }
  return spec.endpoints.flatMap((endpoint, index) => {
    const path = ['spec', 'endpoints', index];
    if (endpoint.unix !== undefined) {
      report.error(backend, [...path, 'unix'], 'Unix sockets are not supported', { fix: 'use fqdn or ip' });
      return [];
    }
    const host = endpoint.fqdn?.hostname ?? endpoint.ip?.address ?? '';
    const port = endpoint.fqdn?.port ?? endpoint.ip?.port ?? 0;
    const text = `${hasTls || port === 443 ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
    if (URL.canParse(text) && new URL(text).pathname === '/')
      return [text.replace(/(^https:.*):443$|(^http:.*):80$/, '$1$2')];
    report.error(backend, path, `${JSON.stringify(host)} is not a host name or IP address`);
    return [];
  });
}
