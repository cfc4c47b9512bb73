/** A provider as the matrix reaches it. */
export interface ProviderRow {
  /** Name of the row and of the cluster. */
  readonly name: string;
  readonly model: string;
  /** The cluster beside its endpoint, as a line of the gateway file. */
  readonly cluster: string;
  /** What follows the mock's address. */
  readonly path: string;
  /**
   * When thoughts are shown: to clients that ask (chat completions have no words for it), or by OpenAI to those of its
   * responses alone. Absent: always.
   */
  readonly thoughts?: 'asked' | 'in-responses';
  /** Whether cached input is counted apart from what is billed, so that only the provider's own API tells it. */
  readonly cacheUnbilled?: true;
}

const AWS =
  'region: us-east-1, credential: { type: aws, access_key_id: AKIDEXAMPLE, secret_access_key: wJalrXUtnFEMIK7MDENG }';
const GCP =
  'region: us-central1, project: acme, credential_override: { header: x-aigw-gcp-access-token, fallback_to_configured: false }';
const KEY = 'api_key: a-key';

/** The providers of the matrix of chats. */
export const PROVIDERS: readonly ProviderRow[] = [
  { name: 'openai', model: 'gpt-5-mini', path: '/v1', cluster: `provider: openai, ${KEY}`, thoughts: 'in-responses' },
  {
    name: 'azure-openai',
    model: 'gpt-5-mini',
    path: '',
    cluster: `provider: azure-openai, api_version: 2025-04-01-preview, ${KEY}`,
    thoughts: 'in-responses',
  },
  { name: 'vllm', model: 'Qwen/Qwen3-8B', path: '/v1', cluster: `provider: vllm, ${KEY}` },
  { name: 'anthropic', model: 'claude-sonnet-4-5', path: '', cluster: `provider: anthropic, ${KEY}` },
  {
    name: 'aws-bedrock',
    model: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
    path: '',
    cluster: `provider: aws-bedrock, ${AWS}`,
  },
  {
    name: 'aws-anthropic',
    model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    path: '',
    cluster: `provider: aws-anthropic, ${AWS}`,
  },
  {
    name: 'google',
    model: 'gemini-3-flash-preview',
    path: '',
    cluster: `provider: google, ${KEY}`,
    thoughts: 'asked',
  },
  {
    name: 'gcp-vertex',
    model: 'gemini-2.5-flash',
    path: '',
    cluster: `provider: gcp-vertex, ${GCP}`,
    thoughts: 'asked',
  },
  { name: 'gcp-anthropic', model: 'claude-sonnet-4-5@20250929', path: '', cluster: `provider: gcp-anthropic, ${GCP}` },
  {
    name: 'cohere',
    model: 'command-a-reasoning-08-2025',
    path: '',
    cluster: `provider: cohere, ${KEY}`,
    cacheUnbilled: true,
  },
  { name: 'huggingface', model: 'deepseek-ai/DeepSeek-R1', path: '/v1', cluster: `provider: huggingface, ${KEY}` },
  { name: 'ollama', model: 'qwen3:8b', path: '/v1', cluster: `provider: ollama, ${KEY}` },
];

/** The gateway file for these providers at a mock: the header `x-provider` chooses. */
export function gatewayFile(rows: readonly ProviderRow[], url: string): string {
  return `static_cluster:
${rows.map((row) => `  ${row.name}: { ${row.cluster}, endpoint: "${url}${row.path}" }`).join('\n')}
virtual_services:
  - name: default
    virtual_routes:
${rows.map((row) => `      - { match: { headers: { x-provider: ${row.name} } }, split: [ { cluster: ${row.name} } ], retry: { attempts: 1 } }`).join('\n')}
`;
}
