import type { ProviderDescriptor } from '../providers/provider.ts';
import { providerDescriptor } from '../providers/registry.ts';
import type { UnplacedIssue } from './issue.ts';
import type { DynamicClusterConfig, GatewayConfig, StaticClusterConfig } from './model.ts';

type Report = (field: string | undefined, issue: Pick<UnplacedIssue, 'message' | 'fix'>, warning?: 'warning') => void;

/** Settings that both kinds of clusters have. */
type ClusterConfig = Omit<StaticClusterConfig, 'endpoint' | 'endpoints'>;

/** Every cluster has what its provider needs, and no two settings that exclude each other. */
export function checkClusters(config: GatewayConfig): UnplacedIssue[] {
  const issues: UnplacedIssue[] = [];
  const reporter =
    (section: 'static_cluster' | 'dynamic_cluster', name: string): Report =>
    (field, issue, severity) => {
      const path = [section, name, ...(field === undefined ? [] : [field])];
      issues.push({ path, ...issue, severity: severity ?? 'error' });
    };
  for (const [name, cluster] of Object.entries(config.static_cluster)) {
    const report = reporter('static_cluster', name);
    const provider = providerDescriptor(cluster.provider);
    if (cluster.endpoint !== undefined && cluster.endpoints !== undefined) {
      report('endpoints', { message: 'cannot stand beside `endpoint`', fix: 'keep one of them' });
    }
    checkCommon(cluster, report);
    checkNeeds(cluster, provider, report);
    checkDoubtful(cluster, provider, report);
  }
  for (const [name, cluster] of Object.entries(config.dynamic_cluster)) {
    const report = reporter('dynamic_cluster', name);
    if (Object.hasOwn(config.static_cluster, name)) {
      report(undefined, { message: `there is a static cluster "${name}" too`, fix: 'give each cluster its own name' });
    }
    checkCommon(cluster, report);
    checkDiscovery(cluster, report);
    checkFields(cluster, providerDescriptor(cluster.provider), report);
    checkTls(cluster, report);
  }
  return issues;
}

const KEYS = ['api_key', 'credential'] as const;
/** More often helps nobody and keeps resolvers, disks and providers busy. */
const SHORTEST_MS = 100;

function checkCommon(cluster: ClusterConfig, report: Report): void {
  if (cluster.api_key !== undefined && cluster.credential !== undefined) {
    report('credential', { message: 'cannot stand beside `api_key`', fix: 'keep one of them' });
  }
  for (const other of KEYS) {
    if (cluster.api_keys === undefined || cluster[other] === undefined) continue;
    report('api_keys', { message: `cannot stand beside \`${other}\``, fix: 'keep one of them' });
  }
  const check = cluster.health_check;
  if (check !== undefined && check.interval < SHORTEST_MS) {
    report('health_check', { message: 'asks too often', fix: `give \`interval\` at least ${SHORTEST_MS}ms` });
  }
  if (check !== undefined && check.timeout === 0) {
    report('health_check', { message: 'gives an endpoint no time to answer', fix: 'give `timeout` more than 0' });
  }
}

/** Whether a text is a host name or address, with or without a port, and nothing else. */
function isHostAndPort(text: string): boolean {
  if (!URL.canParse(`http://${text}`)) return false;
  const { username, password, pathname, search, hash, hostname } = new URL(`http://${text}`);
  return hostname !== '' && !/[/?#@]/.test(text) && username + password + search + hash === '' && pathname === '/';
}

function checkDiscovery(cluster: DynamicClusterConfig, report: Report): void {
  const sources = [
    ...(cluster.dns === undefined ? [] : ['dns']),
    ...(cluster.endpoints_file === undefined ? [] : ['endpoints_file']),
    ...(cluster.managed ? ['managed'] : []),
  ];
  if (sources.length === 0) {
    report(undefined, {
      message: 'says not where its endpoints come from',
      fix: 'add one of `dns: host:port`, `endpoints_file: path` and `managed: true`',
    });
  }
  for (const source of sources.slice(1)) {
    report(source, { message: `cannot stand beside \`${sources[0]}\``, fix: 'keep one of them' });
  }
  if (cluster.dns !== undefined && !isHostAndPort(cluster.dns)) {
    const message = `"${cluster.dns}" is not a name with a port`;
    report('dns', { message, fix: 'write it as host:port; `scheme` and `prefix` are settings of their own' });
  }
  if (cluster.dns !== undefined && cluster.forward_proxy !== undefined) {
    const message = 'cannot stand beside `dns`: behind a proxy, the proxy resolves names';
    report('forward_proxy', { message, fix: 'use a static cluster' });
  }
  if (cluster.refresh < SHORTEST_MS)
    report('refresh', { message: 'is too short', fix: `use at least ${SHORTEST_MS}ms` });
  if (cluster.provider === 'demo') {
    report('provider', { message: 'demo is built in: it has no endpoints to find', fix: 'use a static cluster' });
  }
}

const EXAMPLES = { region: 'eu-central-1', project: 'my-project', api_version: '2024-10-21' } as const;

function checkNeeds(cluster: StaticClusterConfig, provider: ProviderDescriptor, report: Report): void {
  const endpoints = cluster.endpoints ?? (cluster.endpoint === undefined ? [] : [cluster.endpoint]);
  if (endpoints.length === 0 && provider.defaultEndpoint === undefined) {
    report(undefined, {
      message: `provider ${provider.name} has no endpoint of its own`,
      fix: 'add `endpoint: https://...`',
    });
  }
  const canSign = endpoints.length > 0 && canSignWithoutRegion(cluster, provider, endpoints);
  const needs = canSign ? provider.needs.filter((need) => need !== 'region') : provider.needs;
  checkFields(cluster, { name: provider.name, needs }, report);
}

function checkFields(
  cluster: ClusterConfig,
  provider: Pick<ProviderDescriptor, 'name' | 'needs'>,
  report: Report,
): void {
  for (const need of provider.needs) {
    if (cluster[need] !== undefined) continue;
    report(undefined, {
      message: `provider ${provider.name} needs \`${need}\``,
      fix: `add \`${need}: ${EXAMPLES[need]}\` with your own value`,
    });
  }
}

const AWS_HOST = /\.[a-z]{2}(-[a-z]+)+-\d\.(amazonaws\.com(\.cn)?|api\.aws)$/;

/** AWS needs the region for its endpoint's name and for signatures only. */
function canSignWithoutRegion(
  cluster: StaticClusterConfig,
  provider: ProviderDescriptor,
  endpoints: readonly string[],
): boolean {
  if (provider.auth !== 'aws-sigv4') return false;
  const credential = cluster.api_key === undefined ? cluster.credential : { type: 'api_key' };
  if (credential !== undefined && credential.type !== 'aws') return true;
  if (credential !== undefined && 'region' in credential && credential.region !== undefined) return true;
  return endpoints.every((endpoint) => AWS_HOST.test(new URL(endpoint).hostname));
}

/** Schemes where a request without a configured key can only be refused. */
const KEY_SCHEMES: readonly string[] = ['bearer', 'x-api-key', 'api-key', 'x-goog-api-key'];

function checkDoubtful(cluster: StaticClusterConfig, provider: ProviderDescriptor, report: Report): void {
  const isHosted = provider.defaultEndpoint?.startsWith('https:') === true;
  const usesVendor = cluster.endpoint === undefined && cluster.endpoints === undefined;
  const proves = cluster.api_key ?? cluster.api_keys ?? cluster.credential ?? cluster.credential_override;
  if (isHosted && usesVendor && proves === undefined && KEY_SCHEMES.includes(provider.auth)) {
    const message = `no credential is configured for ${provider.title}`;
    report(undefined, { message, fix: 'add `api_key`, or `credential: { type: pass_through }`' }, 'warning');
  }
  checkTls(cluster, report);
}

function checkTls(cluster: ClusterConfig, report: Report): void {
  if (cluster.tls?.insecure_skip_verify === true) {
    const message = 'certificates are not verified, so anyone on the way can read the traffic';
    report('tls', { message, fix: 'set `tls.ca_file` instead' }, 'warning');
  }
}
