import { DEFAULT_AZURE_API_VERSION, DEFAULT_ORDER, KEYED_PROVIDERS, WELL_KNOWN_MODELS } from './environment-table.ts';
import type { ConfigIssue } from './issue.ts';
import type { GatewayConfigInput } from './model.ts';
import { url } from './model-scalars.ts';

/** Environment variables. One that is empty or blank counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Clusters = NonNullable<GatewayConfigInput['static_cluster']>;
type Routes = NonNullable<NonNullable<GatewayConfigInput['virtual_services']>[number]['virtual_routes']>;

/** The name of the source in issues. */
export const ENVIRONMENT_SOURCE = 'environment';

/**
 * The configuration for a start without a file: every provider whose variables are set is served at once.
 * Well-known model names go to their vendor, `cluster/model` to the cluster of that name, all else to the first
 * cluster in `DEFAULT_ORDER`. Without any provider the built-in demo model answers everything.
 */
export function configFromEnvironment(env: Environment): GatewayConfigInput {
  return readEnvironment(env).config;
}

/** As `configFromEnvironment`, with what is wrong with the variables; `path` of an issue is the variable. */
export function readEnvironment(env: Environment): { config: GatewayConfigInput; issues: ConfigIssue[] } {
  const issues: ConfigIssue[] = [];
  const reader = variableReader(env, issues);
  const clusters: Clusters = {
    ...keyedClusters(reader),
    ...azureCluster(reader),
    ...bedrockCluster(reader),
    ...ollamaCluster(reader),
  };
  const config: GatewayConfigInput =
    Object.keys(clusters).length === 0
      ? withRoutes({ demo: { provider: 'demo' } }, [])
      : withRoutes(clusters, modelRoutes(clusters));
  return { config, issues };
}

interface VariableReader {
  /** The first of `names` that is set. */
  text(...names: string[]): string | undefined;
  /** A URL without a slash at its end; an error when it is not one. */
  url(name: string): string | undefined;
  report(variable: string, issue: Pick<ConfigIssue, 'message' | 'fix' | 'severity'>): void;
}

function variableReader(env: Environment, issues: ConfigIssue[]): VariableReader {
  const report: VariableReader['report'] = (path, issue) => {
    issues.push({ file: ENVIRONMENT_SOURCE, line: 0, column: 0, path, ...issue });
  };
  const text = (...names: string[]) => names.map((name) => env[name]?.trim()).find((value) => value);
  return {
    text,
    report,
    url(name) {
      const value = text(name);
      if (value === undefined) return undefined;
      const parsed = url.safeParse(value);
      if (parsed.success) return value.replace(/\/+$/, '');
      report(name, { message: parsed.error.issues[0]?.message ?? 'is not a URL', severity: 'error' });
      return undefined;
    },
  };
}

function keyedClusters(reader: VariableReader): Clusters {
  const clusters: Clusters = {};
  for (const entry of KEYED_PROVIDERS) {
    const key = reader.text(...entry.keys);
    const endpoint = entry.endpoint === undefined ? undefined : reader.url(entry.endpoint);
    // An endpoint without a key is a server of one's own: it gets no credential.
    if (key === undefined && endpoint === undefined) continue;
    const headers = Object.entries(entry.headers ?? {}).flatMap(([header, variable]) => {
      const value = reader.text(variable);
      return value === undefined ? [] : [[header, value] as const];
    });
    clusters[entry.cluster] = {
      provider: entry.provider,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(key === undefined ? { credential: { type: 'none' } } : { api_key: key }),
      ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    };
  }
  return clusters;
}

function azureCluster(reader: VariableReader): Clusters {
  const key = reader.text('AZURE_OPENAI_API_KEY');
  const endpoint = reader.url('AZURE_OPENAI_ENDPOINT');
  if (key === undefined || endpoint === undefined) {
    if (key !== undefined && reader.text('AZURE_OPENAI_ENDPOINT') === undefined) {
      const message = 'is set without AZURE_OPENAI_ENDPOINT, so Azure OpenAI is not served';
      reader.report('AZURE_OPENAI_API_KEY', { message, severity: 'warning' });
    } else if (endpoint !== undefined) {
      const message = 'is set without AZURE_OPENAI_API_KEY, so Azure OpenAI is not served';
      reader.report('AZURE_OPENAI_ENDPOINT', { message, severity: 'warning' });
    }
    return {};
  }
  const api_version = reader.text('OPENAI_API_VERSION') ?? DEFAULT_AZURE_API_VERSION;
  return { azure: { provider: 'azure-openai', endpoint, api_version, api_key: key } };
}

/** The credentials themselves are found by the default AWS chain, which also renews them. */
function bedrockCluster(reader: VariableReader): Clusters {
  const hasKeys = reader.text('AWS_ACCESS_KEY_ID') !== undefined && reader.text('AWS_SECRET_ACCESS_KEY') !== undefined;
  if (!hasKeys && reader.text('AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE') === undefined) return {};
  const region = reader.text('AWS_REGION', 'AWS_DEFAULT_REGION');
  if (region === undefined) {
    const message = 'is not set, so Amazon Bedrock is not served although there are AWS credentials';
    reader.report('AWS_REGION', { message, severity: 'warning' });
    return {};
  }
  return { bedrock: { provider: 'aws-bedrock', region } };
}

function ollamaCluster(reader: VariableReader): Clusters {
  const host = reader.text('OLLAMA_HOST');
  if (host === undefined) return {};
  const endpoint = ollamaEndpoint(host);
  if (endpoint !== undefined) return { ollama: { provider: 'ollama', endpoint, credential: { type: 'none' } } };
  reader.report('OLLAMA_HOST', { message: `"${host}" is not a host`, fix: 'write host:port', severity: 'error' });
  return {};
}

/**
 * OLLAMA_HOST as its command line reads it: scheme and port may be missing (`http`, 11434), and the address
 * the server listens on may be one that cannot be called.
 */
function ollamaEndpoint(host: string): string | undefined {
  const hasScheme = /^https?:\/\//.test(host);
  const text = `${hasScheme ? '' : 'http://'}${host.startsWith(':') ? `127.0.0.1${host}` : host}`;
  if (!URL.canParse(text)) return undefined;
  const parsed = new URL(text);
  // An explicit :80 is dropped by the URL parser.
  if (!hasScheme && parsed.port === '' && !/:80(\/|$)/.test(host)) parsed.port = '11434';
  if (parsed.hostname === '0.0.0.0' || parsed.hostname === '[::]') parsed.hostname = '127.0.0.1';
  return `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '');
}

function modelRoutes(clusters: Clusters): Routes {
  return WELL_KNOWN_MODELS.flatMap(({ name, models, clusters: candidates }) => {
    const cluster = candidates.find((candidate) => Object.hasOwn(clusters, candidate));
    return cluster === undefined ? [] : [{ name, match: models.map((model) => ({ model })), split: [{ cluster }] }];
  });
}

function withRoutes(clusters: Clusters, routes: Routes): GatewayConfigInput {
  const ordered = DEFAULT_ORDER.filter((name) => Object.hasOwn(clusters, name));
  // Only the first of these takes models. The others make their clusters known to the service: for
  // `cluster/model`, and for operations without a model that the clusters before them do not offer.
  const catchAlls = ordered.map((cluster) => ({ name: `any-${cluster}`, match: {}, split: [{ cluster }] }));
  return {
    static_cluster: clusters,
    virtual_services: [{ name: 'default', domains: ['*'], virtual_routes: [...routes, ...catchAlls] }],
  };
}
