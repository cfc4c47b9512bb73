import type { RecordedRequest } from '../../../src/mock/recorder.ts';
import { createMockServer } from '../../../src/mock/server.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import type { Scope } from '../../support/wait.ts';
import { startTokenServer, type TokenServer } from './token-server.ts';

/** A provider behind the test gateway. */
export interface FleetProvider {
  /** The provider kind of the configuration; also the cluster's name and the value of `x-provider` that leads to it. */
  readonly name: string;
  readonly chatModel: string;
  /** A model that thinks before it answers. */
  readonly thinkingModel: string;
  readonly embeddingModel: string;
  /** Headers that a client of this provider has to send beside its own. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The gateway with every provider kind behind it, all of them played by one strict mock. */
export interface Fleet {
  readonly gateway: TestGateway;
  /** `http://127.0.0.1:port` of the gateway. */
  readonly url: string;
  readonly tokens: TokenServer;
  /** How many requests have reached the providers. */
  readonly requestCount: number;
  /** The requests that reached the providers since there were `count`. */
  requestsSince(count: number): RecordedRequest[];
}

/** Header that leads a request to a provider of the fleet, whatever its model. */
export const PROVIDER_HEADER = 'x-provider';

const CLAUDE = 'claude-sonnet-4-5';
const BEDROCK_CLAUDE = 'anthropic.claude-sonnet-4-5-20250929-v1:0';

function provider(
  name: string,
  models: { chat: string; thinking?: string; embedding?: string },
  headers: Record<string, string> = {},
): FleetProvider {
  return {
    name,
    chatModel: models.chat,
    thinkingModel: models.thinking ?? models.chat,
    embeddingModel: models.embedding ?? 'text-embedding-3-small',
    headers,
  };
}

/** Every provider kind that the SDK tests run against. */
export const PROVIDERS: readonly FleetProvider[] = [
  provider('openai', { chat: 'gpt-4o-mini', thinking: 'o4-mini' }),
  provider('azure-openai', { chat: 'gpt-4o-mini', thinking: 'o4-mini' }),
  provider('anthropic', { chat: CLAUDE }),
  provider('aws-bedrock', { chat: BEDROCK_CLAUDE, embedding: 'cohere.embed-multilingual-v3' }),
  provider('aws-anthropic', { chat: BEDROCK_CLAUDE }),
  provider('google', { chat: 'gemini-2.5-flash', embedding: 'gemini-embedding-001' }),
  provider('gcp-vertex', { chat: 'gemini-3-pro-preview', embedding: 'text-embedding-005' }),
  provider('gcp-anthropic', { chat: `${CLAUDE}@20250929` }, { 'x-aigw-gcp-access-token': 'token-of-the-client' }),
  provider('huggingface', { chat: 'meta-llama/Llama-3.3-70B-Instruct', thinking: 'Qwen/Qwen3-32B' }),
  provider('ollama', { chat: 'llama3.2', thinking: 'qwen3' }),
  provider('vllm', { chat: 'Qwen/Qwen3-8B' }),
  provider('openai-compatible', { chat: 'house-model' }),
];

function clusters(url: string, tokens: TokenServer): Record<string, object> {
  const entra = {
    type: 'azure',
    tenant_id: 'tenant-1',
    client_id: 'client-1',
    client_secret: 'entra-secret',
    authority: tokens.url,
  };
  const aws = { type: 'aws', access_key_id: 'AKIATEST', secret_access_key: 'aws-secret' };
  const gcp = { type: 'gcp', service_account: tokens.serviceAccount, token_endpoint: `${tokens.url}/token` };
  const place = { region: 'europe-west1', project: 'acme-ai' };
  return {
    openai: { endpoint: `${url}/v1`, api_key: 'key-of-openai' },
    'azure-openai': { endpoint: url, api_version: '2025-01-01-preview', credential: entra },
    anthropic: { endpoint: url, api_key: 'key-of-anthropic' },
    'aws-bedrock': { endpoint: url, region: 'eu-central-1', credential: aws },
    'aws-anthropic': { endpoint: url, region: 'eu-central-1', credential: aws },
    google: { endpoint: url, api_key: 'key-of-google' },
    'gcp-vertex': { endpoint: url, ...place, credential: gcp },
    'gcp-anthropic': { endpoint: url, ...place, credential_override: { fallback_to_configured: false } },
    huggingface: { endpoint: `${url}/v1`, api_key: 'key-of-huggingface' },
    ollama: { endpoint: `${url}/v1`, api_key: 'key-of-ollama' },
    vllm: { endpoint: `${url}/v1`, api_key: 'key-of-vllm' },
    'openai-compatible': { endpoint: `${url}/v1`, api_key: 'key-of-house' },
  };
}

/** The gateway file of the fleet: a route by header for each provider, and some by model for requests without that header. */
function gatewayFile(url: string, tokens: TokenServer): string {
  const cluster = clusters(url, tokens);
  const named = Object.fromEntries(Object.entries(cluster).map(([name, rest]) => [name, { provider: name, ...rest }]));
  // A cluster without a key: what a provider answers to strangers.
  const all = { ...named, stranger: { provider: 'openai', endpoint: `${url}/v1` } };
  const byHeader = Object.keys(all).map((name) => ({
    match: { headers: { [PROVIDER_HEADER]: name } },
    split: [{ cluster: name }],
  }));
  const byModel = [
    { model: 'gpt-4o-mini', cluster: 'openai', models: { owned_by: 'acme', created: 1700000000 } },
    { model: 'smart', cluster: 'anthropic', send: CLAUDE },
    { model: 'org/model with space', cluster: 'vllm' },
  ].map(({ model, cluster: name, send, models }) => ({
    match: { model, headers: { [PROVIDER_HEADER]: { present: false } } },
    split: [{ cluster: name, ...(send === undefined ? {} : { model: send }) }],
    ...(models === undefined ? {} : { models }),
  }));
  const service = { name: 'fleet', virtual_routes: [...byHeader, ...byModel] };
  return `static_cluster: ${JSON.stringify(all)}\nvirtual_services: ${JSON.stringify([service])}`;
}

/** Starts the mock, the token endpoint and the gateway. */
export async function startFleet(scope: Scope): Promise<Fleet> {
  const mock = createMockServer({ strict: true, seed: 1, recordLimit: 100_000 });
  const { url } = await mock.listen();
  scope.after(() => mock.close());
  const tokens = await startTokenServer(scope);
  const gateway = await startGateway(scope, gatewayFile(url, tokens));
  return {
    gateway,
    url: `http://127.0.0.1:${gateway.port}`,
    tokens,
    get requestCount() {
      return mock.requests.length;
    },
    requestsSince: (count) => mock.requests.slice(count),
  };
}
