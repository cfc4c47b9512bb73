import {
  ANTHROPIC,
  AZURE_OPENAI,
  BEDROCK_CLAUDE,
  BEDROCK_CONVERSE,
  COHERE,
  GOOGLE_GEMINI,
  OLLAMA,
  OPENAI_CORE,
  OPENAI_FULL,
  OPENAI_SCHEMA,
  TGI,
  VERTEX_CLAUDE,
  VERTEX_GEMINI,
  VLLM,
} from './bindings.ts';
import type { ProviderDescriptor, ProviderName } from './provider.ts';

type Definition = Omit<ProviderDescriptor, 'name'>;

/** A vendor that copies OpenAI's API under its own host and prefix. */
function openAiLike(
  title: string,
  metricsName: string,
  base: { endpoint?: string; prefix: string; full?: boolean },
): Definition {
  return {
    title,
    metricsName,
    ...(base.endpoint === undefined ? {} : { defaultEndpoint: base.endpoint }),
    defaultPrefix: base.prefix,
    endpointPath: 'replaces-prefix',
    auth: 'bearer',
    needs: [],
    dialects: base.full ? OPENAI_FULL : OPENAI_CORE,
    modelList: OPENAI_MODELS,
    maxTokensField: 'max_tokens',
  };
}

const OPENAI_MODELS = { path: '/models', form: 'openai' } as const;

const BEDROCK_ENDPOINT = 'https://bedrock-runtime.{region}.amazonaws.com';
const VERTEX_ENDPOINT = 'https://{region}-aiplatform.googleapis.com';

const DEFINITIONS: Record<ProviderName, Definition> = {
  openai: {
    title: 'OpenAI',
    metricsName: 'openai',
    defaultEndpoint: 'https://api.openai.com',
    defaultPrefix: 'v1',
    endpointPath: 'replaces-prefix',
    auth: 'bearer',
    needs: [],
    dialects: OPENAI_SCHEMA,
    modelList: OPENAI_MODELS,
  },
  'azure-openai': {
    title: 'Azure OpenAI',
    metricsName: 'azure.openai',
    defaultPrefix: '',
    endpointPath: 'before-prefix',
    auth: 'api-key',
    needs: ['api_version'],
    dialects: AZURE_OPENAI,
  },
  anthropic: {
    title: 'Anthropic',
    metricsName: 'anthropic',
    defaultEndpoint: 'https://api.anthropic.com',
    defaultPrefix: 'v1',
    endpointPath: 'before-prefix',
    auth: 'x-api-key',
    needs: [],
    dialects: ANTHROPIC,
    modelList: { path: '/models?limit=1000', form: 'anthropic' },
  },
  'aws-bedrock': {
    title: 'Amazon Bedrock (Converse)',
    metricsName: 'aws.bedrock',
    defaultEndpoint: BEDROCK_ENDPOINT,
    defaultPrefix: '',
    endpointPath: 'before-prefix',
    auth: 'aws-sigv4',
    needs: ['region'],
    dialects: BEDROCK_CONVERSE,
  },
  'aws-anthropic': {
    title: 'Claude on Amazon Bedrock',
    metricsName: 'aws.anthropic',
    defaultEndpoint: BEDROCK_ENDPOINT,
    defaultPrefix: '',
    endpointPath: 'before-prefix',
    auth: 'aws-sigv4',
    needs: ['region'],
    dialects: BEDROCK_CLAUDE,
  },
  google: {
    title: 'Google Gemini (AI Studio)',
    metricsName: 'gcp.gemini',
    defaultEndpoint: 'https://generativelanguage.googleapis.com',
    defaultPrefix: 'v1beta',
    endpointPath: 'before-prefix',
    auth: 'x-goog-api-key',
    needs: [],
    dialects: GOOGLE_GEMINI,
    modelList: { path: '/models?pageSize=1000', form: 'google' },
  },
  'gcp-vertex': {
    title: 'Gemini on Vertex AI',
    metricsName: 'gcp.vertex_ai',
    defaultEndpoint: VERTEX_ENDPOINT,
    defaultPrefix: 'v1',
    endpointPath: 'before-prefix',
    auth: 'gcp-token',
    needs: ['region', 'project'],
    dialects: VERTEX_GEMINI,
  },
  'gcp-anthropic': {
    title: 'Claude on Vertex AI',
    metricsName: 'gcp.anthropic',
    defaultEndpoint: VERTEX_ENDPOINT,
    defaultPrefix: 'v1',
    endpointPath: 'before-prefix',
    auth: 'gcp-token',
    needs: ['region', 'project'],
    dialects: VERTEX_CLAUDE,
  },
  huggingface: openAiLike('Hugging Face (router, Inference Endpoints)', 'huggingface', {
    endpoint: 'https://router.huggingface.co',
    prefix: 'v1',
  }),
  tgi: { ...openAiLike('Hugging Face TGI', 'huggingface.tgi', { prefix: 'v1' }), dialects: TGI },
  cohere: {
    title: 'Cohere',
    metricsName: 'cohere',
    defaultEndpoint: 'https://api.cohere.com',
    defaultPrefix: 'v2',
    endpointPath: 'before-prefix',
    auth: 'bearer',
    needs: [],
    dialects: COHERE,
    maxTokensField: 'max_tokens',
  },
  mistral: openAiLike('Mistral', 'mistral_ai', { endpoint: 'https://api.mistral.ai', prefix: 'v1' }),
  groq: openAiLike('Groq', 'groq', { endpoint: 'https://api.groq.com', prefix: 'openai/v1', full: true }),
  deepseek: openAiLike('DeepSeek', 'deepseek', { endpoint: 'https://api.deepseek.com', prefix: 'v1' }),
  xai: openAiLike('xAI Grok', 'xai', { endpoint: 'https://api.x.ai', prefix: 'v1', full: true }),
  together: openAiLike('Together AI', 'together', { endpoint: 'https://api.together.xyz', prefix: 'v1', full: true }),
  fireworks: openAiLike('Fireworks', 'fireworks', { endpoint: 'https://api.fireworks.ai', prefix: 'inference/v1' }),
  openrouter: openAiLike('OpenRouter', 'openrouter', { endpoint: 'https://openrouter.ai', prefix: 'api/v1' }),
  deepinfra: openAiLike('DeepInfra', 'deepinfra', { endpoint: 'https://api.deepinfra.com', prefix: 'v1/openai' }),
  sambanova: openAiLike('SambaNova', 'sambanova', { endpoint: 'https://api.sambanova.ai', prefix: 'v1' }),
  perplexity: openAiLike('Perplexity', 'perplexity', { endpoint: 'https://api.perplexity.ai', prefix: '' }),
  cerebras: openAiLike('Cerebras', 'cerebras', { endpoint: 'https://api.cerebras.ai', prefix: 'v1' }),
  nvidia: openAiLike('NVIDIA NIM', 'nvidia', { endpoint: 'https://integrate.api.nvidia.com', prefix: 'v1' }),
  hunyuan: openAiLike('Tencent Hunyuan', 'hunyuan', {
    endpoint: 'https://api.hunyuan.cloud.tencent.com',
    prefix: 'v1',
  }),
  ollama: { ...openAiLike('Ollama', 'ollama', { endpoint: 'http://127.0.0.1:11434', prefix: 'v1' }), dialects: OLLAMA },
  vllm: { ...openAiLike('vLLM', 'vllm', { prefix: 'v1' }), dialects: VLLM },
  kserve: openAiLike('KServe', 'kserve', { prefix: 'openai/v1' }),
  'openai-compatible': { ...openAiLike('Any OpenAI-compatible server', 'openai', { prefix: 'v1' }), dialects: VLLM },
  demo: {
    title: 'Built-in demo model',
    metricsName: 'demo',
    defaultEndpoint: 'http://demo.invalid',
    defaultPrefix: 'v1',
    endpointPath: 'replaces-prefix',
    auth: 'none',
    needs: [],
    dialects: OPENAI_FULL,
    modelList: OPENAI_MODELS,
  },
};

/** The descriptor of a provider. */
export function providerDescriptor(name: ProviderName): ProviderDescriptor {
  return { name, ...DEFINITIONS[name] };
}
