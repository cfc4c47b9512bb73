import type { ProviderDescriptor } from '../providers/provider.ts';
import { providerDescriptor } from '../providers/registry.ts';
import type { UnplacedIssue } from './issue.ts';
import type { GatewayConfig, StaticClusterConfig } from './model.ts';

type Report = (field: string | undefined, issue: Pick<UnplacedIssue, 'message' | 'fix'>, warning?: 'warning') => void;

/** Every cluster has what its provider needs, and no two settings that exclude each other. */
export function checkClusters(config: GatewayConfig): UnplacedIssue[] {
  const issues: UnplacedIssue[] = [];
  for (const [name, cluster] of Object.entries(config.static_cluster)) {
    const report: Report = (field, issue, severity) => {
      const path = ['static_cluster', name, ...(field === undefined ? [] : [field])];
      issues.push({ path, ...issue, severity: severity ?? 'error' });
    };
    const provider = providerDescriptor(cluster.provider);
    checkExclusive(cluster, report);
    checkNeeds(cluster, provider, report);
    checkDoubtful(cluster, provider, report);
  }
  return issues;
}

function checkExclusive(cluster: StaticClusterConfig, report: Report): void {
  if (cluster.endpoint !== undefined && cluster.endpoints !== undefined) {
    report('endpoints', { message: 'cannot stand beside `endpoint`', fix: 'keep one of them' });
  }
  if (cluster.api_key !== undefined && cluster.credential !== undefined) {
    report('credential', { message: 'cannot stand beside `api_key`', fix: 'keep one of them' });
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
  for (const need of provider.needs) {
    if (cluster[need] !== undefined) continue;
    if (need === 'region' && endpoints.length > 0 && canSignWithoutRegion(cluster, provider, endpoints)) continue;
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
  const proves = cluster.api_key ?? cluster.credential ?? cluster.credential_override;
  if (isHosted && usesVendor && proves === undefined && KEY_SCHEMES.includes(provider.auth)) {
    const message = `no credential is configured for ${provider.title}`;
    report(undefined, { message, fix: 'add `api_key`, or `credential: { type: pass_through }`' }, 'warning');
  }
  if (cluster.tls?.insecure_skip_verify === true) {
    const message = 'certificates are not verified, so anyone on the way can read the traffic';
    report('tls', { message, fix: 'set `tls.ca_file` instead' }, 'warning');
  }
}
