import type { ProviderName } from '../providers/provider.ts';

/** A provider that one environment variable switches on. */
export interface KeyedProvider {
  /** Name of the cluster, and the prefix in `provider/model`. */
  cluster: string;
  provider: ProviderName;
  /** Variables that may hold the key; the first one set counts. */
  keys: readonly string[];
  /** Variable that moves the endpoint, path included. */
  endpoint?: string;
  /** Variables sent as headers. */
  headers?: Readonly<Record<string, string>>;
}

/** Providers whose key alone makes a cluster. */
export const KEYED_PROVIDERS: readonly KeyedProvider[] = [
  {
    cluster: 'openai',
    provider: 'openai',
    keys: ['OPENAI_API_KEY'],
    endpoint: 'OPENAI_BASE_URL',
    headers: { 'openai-organization': 'OPENAI_ORG_ID', 'openai-project': 'OPENAI_PROJECT_ID' },
  },
  { cluster: 'anthropic', provider: 'anthropic', keys: ['ANTHROPIC_API_KEY'], endpoint: 'ANTHROPIC_BASE_URL' },
  { cluster: 'google', provider: 'google', keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'] },
  { cluster: 'mistral', provider: 'mistral', keys: ['MISTRAL_API_KEY'] },
  { cluster: 'groq', provider: 'groq', keys: ['GROQ_API_KEY'] },
  { cluster: 'cohere', provider: 'cohere', keys: ['COHERE_API_KEY'] },
  { cluster: 'deepseek', provider: 'deepseek', keys: ['DEEPSEEK_API_KEY'] },
  { cluster: 'xai', provider: 'xai', keys: ['XAI_API_KEY'] },
  { cluster: 'openrouter', provider: 'openrouter', keys: ['OPENROUTER_API_KEY'] },
  { cluster: 'together', provider: 'together', keys: ['TOGETHER_API_KEY'] },
  { cluster: 'fireworks', provider: 'fireworks', keys: ['FIREWORKS_API_KEY'] },
  { cluster: 'huggingface', provider: 'huggingface', keys: ['HF_TOKEN'] },
  { cluster: 'deepinfra', provider: 'deepinfra', keys: ['DEEPINFRA_API_KEY', 'DEEPINFRA_API_TOKEN'] },
  { cluster: 'sambanova', provider: 'sambanova', keys: ['SAMBANOVA_API_KEY'] },
  { cluster: 'perplexity', provider: 'perplexity', keys: ['PERPLEXITY_API_KEY'] },
  { cluster: 'cerebras', provider: 'cerebras', keys: ['CEREBRAS_API_KEY'] },
  { cluster: 'nvidia', provider: 'nvidia', keys: ['NVIDIA_API_KEY'] },
];

/** Clusters in the order in which they get the models no other rule claims: the first one there is takes them. */
export const DEFAULT_ORDER: readonly string[] = [
  'openai',
  'azure',
  'anthropic',
  'google',
  'bedrock',
  ...KEYED_PROVIDERS.map(({ cluster }) => cluster).filter((name) => !['openai', 'anthropic', 'google'].includes(name)),
  'ollama',
  'demo',
];

/** Model names that tell the vendor: they go to the first of `clusters` there is. */
export interface WellKnownModels {
  name: string;
  models: readonly string[];
  clusters: readonly string[];
}

/** Well-known model names. Globs; the first entry that matches wins. */
export const WELL_KNOWN_MODELS: readonly WellKnownModels[] = [
  {
    name: 'openai-models',
    models: [
      'gpt-*',
      'chatgpt-*',
      'o1*',
      'o3*',
      'o4*',
      'codex-*',
      'dall-e-*',
      'text-embedding-3-*',
      'text-embedding-ada-*',
      'omni-moderation-*',
      'text-moderation-*',
      'whisper-*',
      'tts-*',
    ],
    clusters: ['openai', 'azure'],
  },
  { name: 'anthropic-models', models: ['claude-*'], clusters: ['anthropic'] },
  { name: 'google-models', models: ['gemini-*', 'gemma-*', 'text-embedding-004'], clusters: ['google'] },
  {
    name: 'mistral-models',
    models: ['mistral-*', 'codestral-*', 'ministral-*', 'magistral-*', 'devstral-*', 'pixtral-*', 'open-mistral-*'],
    clusters: ['mistral'],
  },
  { name: 'cohere-models', models: ['command-*', 'embed-*', 'rerank-*', 'c4ai-*'], clusters: ['cohere'] },
  { name: 'deepseek-models', models: ['deepseek-*'], clusters: ['deepseek'] },
  { name: 'xai-models', models: ['grok-*'], clusters: ['xai'] },
  { name: 'perplexity-models', models: ['sonar*'], clusters: ['perplexity'] },
  {
    name: 'bedrock-models',
    models: [
      'amazon.*',
      'anthropic.*',
      'meta.*',
      'mistral.*',
      'cohere.*',
      'ai21.*',
      'deepseek.*',
      'openai.*',
      'qwen.*',
      'stability.*',
      'us.*',
      'us-gov.*',
      'eu.*',
      'apac.*',
      'jp.*',
      'au.*',
      'global.*',
      'arn:aws:bedrock:*',
    ],
    clusters: ['bedrock'],
  },
];

/** Azure's `api-version` when OPENAI_API_VERSION is not set: its newest one that is not a preview. */
export const DEFAULT_AZURE_API_VERSION = '2024-10-21';
