/** A provider as the matrix reaches it. */
export interface ProviderRow {
  /** Name of the row. */
  readonly name: string;
  readonly model: string;
  /** The cluster beside its endpoint, as a line of the gateway file. */
  readonly cluster: string;
  /** What follows the mock's address. */
  readonly path: string;
  /** Paths that the provider has: the mock has those of all. */
  readonly has: RegExp;
  /**
   * When thoughts are shown: to clients that ask (chat completions have no words for it), or by OpenAI to those of its
   * responses alone. Absent: always.
   */
  readonly thoughts?: 'asked' | 'in-responses';
  /** Whether cached input is counted apart from what is billed, so that only the provider's own API tells it. */
  readonly cacheUnbilled?: true;
  /** Whether embeddings come without a count of tokens. */
  readonly countsTokens?: false;
}

const AWS =
  'region: us-east-1, credential: { type: aws, access_key_id: AKIDEXAMPLE, secret_access_key: wJalrXUtnFEMIK7MDENG }';
const GCP =
  'region: us-central1, project: acme, credential_override: { header: x-aigw-gcp-access-token, fallback_to_configured: false }';
const KEY = 'api_key: a-key';

/** The providers of the matrix of chats. */
export const PROVIDERS: readonly ProviderRow[] = [
  {
    name: 'openai',
    model: 'gpt-5-mini',
    path: '/v1',
    // Servers of one's own stand behind OpenAI's schema as well: vLLM's tokenizer is passed on.
    has: /^\/(?:v1\/(?:chat\/completions|responses|responses\/input_tokens|embeddings)|tokenize)$/,
    cluster: `provider: openai, ${KEY}`,
    thoughts: 'in-responses',
  },
  {
    name: 'azure-openai',
    model: 'gpt-5-mini',
    path: '',
    has: /^\/openai\/(?:deployments\/[^/]+\/(?:chat\/completions|embeddings)|responses(?:\/input_tokens)?)\?api-version=2025-04-01-preview$/,
    cluster: `provider: azure-openai, api_version: 2025-04-01-preview, ${KEY}`,
    thoughts: 'in-responses',
  },
  {
    name: 'vllm',
    model: 'Qwen/Qwen3-8B',
    path: '/v1',
    has: /^\/(?:v1\/(?:chat\/completions|responses|responses\/input_tokens|embeddings)|tokenize)$/,
    cluster: `provider: vllm, ${KEY}`,
  },
  {
    name: 'anthropic',
    model: 'claude-sonnet-4-5',
    path: '',
    has: /^\/v1\/messages(?:\/count_tokens)?$/,
    cluster: `provider: anthropic, ${KEY}`,
  },
  {
    name: 'aws-bedrock',
    model: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
    path: '',
    has: /^\/model\/[^/]+\/(?:converse|converse-stream|count-tokens|invoke)$/,
    cluster: `provider: aws-bedrock, ${AWS}`,
  },
  {
    name: 'aws-anthropic',
    model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    path: '',
    has: /^\/model\/[^/]+\/(?:invoke|invoke-with-response-stream|count-tokens)$/,
    cluster: `provider: aws-anthropic, ${AWS}`,
  },
  {
    name: 'google',
    model: 'gemini-3-flash-preview',
    path: '',
    has: /^\/v1beta\/models\/[^/]+:(?:generateContent|streamGenerateContent\?alt=sse|countTokens|(?:e|batchE)mbedContents?)$/,
    cluster: `provider: google, ${KEY}`,
    thoughts: 'asked',
  },
  {
    name: 'gcp-vertex',
    model: 'gemini-2.5-flash',
    path: '',
    has: /^\/v1\/projects\/acme\/locations\/us-central1\/publishers\/google\/models\/[^/]+:(?:generateContent|streamGenerateContent\?alt=sse|countTokens|predict|embedContent)$/,
    cluster: `provider: gcp-vertex, ${GCP}`,
    thoughts: 'asked',
  },
  {
    name: 'gcp-anthropic',
    model: 'claude-sonnet-4-5@20250929',
    path: '',
    has: /^\/v1\/projects\/acme\/locations\/us-central1\/publishers\/anthropic\/models\/[^/]+:(?:rawPredict|streamRawPredict)$/,
    cluster: `provider: gcp-anthropic, ${GCP}`,
  },
  {
    name: 'cohere',
    model: 'command-a-reasoning-08-2025',
    path: '',
    has: /^\/v2\/(?:chat|embed|rerank)$/,
    cluster: `provider: cohere, ${KEY}`,
    cacheUnbilled: true,
  },
  {
    name: 'huggingface',
    model: 'deepseek-ai/DeepSeek-R1',
    path: '/v1',
    has: /^\/v1\/chat\/completions$/,
    cluster: `provider: huggingface, ${KEY}`,
  },
  {
    name: 'ollama',
    model: 'qwen3:8b',
    path: '/v1',
    has: /^\/(?:v1\/(?:chat\/completions|embeddings)|api\/(?:chat|generate))$/,
    cluster: `provider: ollama, ${KEY}`,
  },
  {
    name: 'tgi',
    model: 'teknium/OpenHermes-2.5-Mistral-7B',
    path: '/v1',
    has: /^\/(?:v1\/chat\/completions|generate|generate_stream)$/,
    cluster: `provider: tgi, ${KEY}`,
  },
];

function row(name: string, model: string, rest: Partial<ProviderRow> = {}): ProviderRow {
  const like = PROVIDERS.find((one) => one.name === name);
  if (like === undefined) throw new Error(`there is no provider ${name}`);
  return { ...like, model, ...rest };
}

/** The providers of the matrix of embeddings. */
export const EMBEDDING_PROVIDERS: readonly ProviderRow[] = [
  row('openai', 'text-embedding-3-small'),
  row('azure-openai', 'text-embedding-3-small'),
  row('vllm', 'BAAI/bge-m3'),
  row('google', 'gemini-embedding-001', { countsTokens: false }),
  row('gcp-vertex', 'text-embedding-005'),
  row('gcp-vertex', 'gemini-embedding-001', { name: 'gcp-vertex gemini' }),
  row('aws-bedrock', 'amazon.titan-embed-text-v2:0'),
  row('aws-bedrock', 'cohere.embed-english-v3', { name: 'aws-bedrock cohere' }),
  row('cohere', 'embed-v4.0'),
  row('ollama', 'nomic-embed-text'),
];

/** The providers that count tokens. */
export const COUNTING_PROVIDERS: readonly ProviderRow[] = PROVIDERS.filter(({ name }) =>
  [
    'vllm',
    'azure-openai',
    'anthropic',
    'aws-bedrock',
    'aws-anthropic',
    'google',
    'gcp-vertex',
    'gcp-anthropic',
    'openai',
  ].includes(name),
);

/** The providers that rerank. */
export const RERANK_PROVIDERS: readonly ProviderRow[] = [row('cohere', 'rerank-v3.5')];

/** The name of the row's cluster. */
export function clusterOf(row: ProviderRow): string {
  return row.name.replaceAll(' ', '-');
}

/** Paths that a virtual service asks for. */
const ENDPOINTS =
  '{ /api/chat: ollama_chat, /api/generate: ollama_generate, /generate: tgi_generate, /generate_stream: tgi_generate_stream }';

function route(row: ProviderRow, match: string, model = ''): string {
  const name = clusterOf(row);
  return `      - { match: { headers: { x-provider: ${name} }${match} }, split: [ { cluster: ${name}${model} } ], retry: { attempts: 1 } }`;
}

/** The gateway file for these providers at a mock: the header `x-provider` chooses. TGI's API leaves the model to the route. */
export function gatewayFile(rows: readonly ProviderRow[], url: string): string {
  return `static_cluster:
${rows.map((row) => `  ${clusterOf(row)}: { ${row.cluster}, endpoint: "${url}${row.path}" }`).join('\n')}
virtual_services:
  - name: default
    endpoints: ${ENDPOINTS}
    virtual_routes:
${rows.map((row) => route(row, ', paths: [/generate, /generate_stream]', `, model: "${row.model}"`)).join('\n')}
${rows.map((row) => route(row, '')).join('\n')}
`;
}
