import type { RecordedRequest } from '../../../src/mock/recorder.ts';
import { createMockServer } from '../../../src/mock/server.ts';
import { startTokenServer } from '../../sdk/support/token-server.ts';
import { startGateway } from '../../support/gateway.ts';
import type { Scope } from '../../support/wait.ts';

/** A provider whose models call tools. */
export interface LoopProvider {
  /** The provider kind of the configuration; also the cluster's name and the value of `x-provider` that leads to it. */
  readonly name: string;
  readonly model: string;
  /** A model that thinks before it answers. */
  readonly thinkingModel: string;
  /** What the provider signs of an answer with thoughts. */
  readonly signs: 'thoughts' | 'calls' | 'nothing';
  /** Paths at the provider that requests for chat may take. */
  readonly path: RegExp;
}

/** The gateway with every provider behind it, all of them played by one strict mock. */
export interface LoopFleet {
  /** `http://127.0.0.1:port` of the gateway. */
  readonly url: string;
  /** How many requests have reached the providers. */
  readonly requestCount: number;
  /** The requests that reached the providers since there were `count`. */
  requestsSince(count: number): RecordedRequest[];
}

/** Header that leads a request to a provider of the fleet, whatever its model. */
export const PROVIDER_HEADER = 'x-provider';

/** The key of the application, which no provider may see. */
export const APPLICATION_KEY = 'key-of-the-application';

const CLAUDE = 'claude-sonnet-4-5';
const BEDROCK_CLAUDE = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const VERTEX_CLAUDE = `${CLAUDE}@20250929`;

/** Every provider kind that the loops run against. */
export const LOOP_PROVIDERS: readonly LoopProvider[] = [
  {
    name: 'openai',
    model: 'gpt-4o-mini',
    thinkingModel: 'o4-mini',
    signs: 'thoughts',
    path: /^\/v1\/(?:chat\/completions|responses)$/,
  },
  {
    name: 'azure-openai',
    model: 'gpt-4o-mini',
    thinkingModel: 'o4-mini',
    signs: 'thoughts',
    path: /^\/openai\/(?:deployments\/(?:gpt-4o-mini|o4-mini)\/chat\/completions|responses)\?api-version=/,
  },
  {
    name: 'anthropic',
    model: CLAUDE,
    thinkingModel: CLAUDE,
    signs: 'thoughts',
    path: /^\/v1\/messages(?:\?beta=true)?$/,
  },
  {
    name: 'aws-bedrock',
    model: BEDROCK_CLAUDE,
    thinkingModel: BEDROCK_CLAUDE,
    signs: 'thoughts',
    path: /^\/model\/anthropic[^/]+\/converse(?:-stream)?$/,
  },
  {
    name: 'aws-anthropic',
    model: BEDROCK_CLAUDE,
    thinkingModel: BEDROCK_CLAUDE,
    signs: 'thoughts',
    path: /^\/model\/anthropic[^/]+\/invoke(?:-with-response-stream)?$/,
  },
  {
    name: 'google',
    model: 'gemini-2.5-flash',
    thinkingModel: 'gemini-2.5-flash',
    signs: 'calls',
    path: /^\/v1beta\/models\/gemini-2\.5-flash:(?:generateContent|streamGenerateContent\?alt=sse)$/,
  },
  {
    // Gemini 3 refuses a function call that comes back without its signature.
    name: 'gcp-vertex',
    model: 'gemini-3-pro-preview',
    thinkingModel: 'gemini-3-pro-preview',
    signs: 'calls',
    path: /\/publishers\/google\/models\/gemini-3-pro-preview:(?:generateContent|streamGenerateContent\?alt=sse)$/,
  },
  {
    name: 'gcp-anthropic',
    model: VERTEX_CLAUDE,
    thinkingModel: VERTEX_CLAUDE,
    signs: 'thoughts',
    path: /\/publishers\/anthropic\/models\/[^/]+:(?:rawPredict|streamRawPredict)$/,
  },
  {
    name: 'cohere',
    model: 'command-a-03-2025',
    thinkingModel: 'command-a-reasoning-08-2025',
    signs: 'nothing',
    path: /^\/v2\/chat$/,
  },
  {
    name: 'openai-compatible',
    model: 'house-model',
    thinkingModel: 'house-model',
    signs: 'nothing',
    path: /^\/v1\/(?:chat\/completions|responses)$/,
  },
];

/** Starts the mock, a token endpoint and the gateway. */
export async function startLoopFleet(scope: Scope): Promise<LoopFleet> {
  const mock = createMockServer({ strict: true, seed: 3, recordLimit: 100_000 });
  const { url } = await mock.listen();
  scope.after(() => mock.close());
  const tokens = await startTokenServer(scope);
  const aws = { type: 'aws', access_key_id: 'AKIATEST', secret_access_key: 'aws-secret' };
  const gcp = { type: 'gcp', service_account: tokens.serviceAccount, token_endpoint: `${tokens.url}/token` };
  const place = { region: 'europe-west1', project: 'acme-ai', credential: gcp };
  const clusters: Record<string, object> = {
    openai: { endpoint: `${url}/v1`, api_key: 'key' },
    'azure-openai': { endpoint: url, api_version: '2025-04-01-preview', api_key: 'key' },
    anthropic: { endpoint: url, api_key: 'key' },
    'aws-bedrock': { endpoint: url, region: 'eu-central-1', credential: aws },
    'aws-anthropic': { endpoint: url, region: 'eu-central-1', credential: aws },
    google: { endpoint: url, api_key: 'key' },
    'gcp-vertex': { endpoint: url, ...place },
    'gcp-anthropic': { endpoint: url, ...place },
    cohere: { endpoint: url, api_key: 'key' },
    'openai-compatible': { endpoint: `${url}/v1`, api_key: 'key' },
  };
  const named = Object.fromEntries(Object.entries(clusters).map(([name, rest]) => [name, { provider: name, ...rest }]));
  const routes = Object.keys(clusters).map((name) => ({
    match: { headers: { [PROVIDER_HEADER]: name } },
    split: [{ cluster: name }],
  }));
  const service = { name: 'loops', virtual_routes: routes };
  const gateway = await startGateway(
    scope,
    `static_cluster: ${JSON.stringify(named)}\nvirtual_services: ${JSON.stringify([service])}`,
  );
  return {
    url: `http://127.0.0.1:${gateway.port}`,
    get requestCount() {
      return mock.requests.length;
    },
    requestsSince: (count) => mock.requests.slice(count),
  };
}
