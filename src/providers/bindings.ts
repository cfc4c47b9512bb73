import { countTokensModel } from '../dialects/bedrock-count-tokens/encode-request.ts';
import type { DialectName } from '../dialects/names.ts';
import { vertexEmbeddingsMethod } from '../dialects/vertex-embeddings/wire.ts';
import type { DialectBinding, PathInput } from './provider.ts';

type Bindings = Partial<Record<DialectName, DialectBinding>>;

const suffixPath: DialectBinding = { path: (request) => request.suffix };

/** Copies of OpenAI's API pass the count of a response on; whether they have it is theirs to say. */
const inputTokensPath: DialectBinding = { ...suffixPath, sameDialectOnly: true };

function fixed(path: string): DialectBinding {
  return { path: () => path };
}

/** Escapes one path segment as Go does: colons and at-signs of model names stay, which some providers insist on. */
function escaped(model: string): string {
  return encodeURIComponent(model).replaceAll('%3A', ':').replaceAll('%40', '@');
}

/**
 * Chat, completions and embeddings of a server that copies OpenAI's API: the paths below its prefix
 * (https://platform.openai.com/docs/api-reference).
 */
export const OPENAI_CORE: Bindings = {
  'openai-chat': fixed('/chat/completions'),
  'openai-completions': fixed('/completions'),
  'openai-embeddings': fixed('/embeddings'),
};

/** OpenAI's whole API; paths with ids (`/files/{id}`) are taken from the client's path. */
export const OPENAI_FULL: Bindings = {
  ...OPENAI_CORE,
  'openai-responses': suffixPath,
  'openai-input-tokens': inputTokensPath,
  'openai-images': suffixPath,
  'openai-speech': suffixPath,
  'openai-transcription': suffixPath,
  'openai-moderations': suffixPath,
  'openai-files': suffixPath,
};

/**
 * The same under the name of OpenAI's schema, as the reference system has it: servers of one's own stand behind it as well, so
 * vLLM's tokenizer is passed on to whoever is asked for it.
 */
export const OPENAI_SCHEMA: Bindings = {
  ...OPENAI_FULL,
  'openai-input-tokens': fixed('/responses/input_tokens'),
  'vllm-tokenize': { path: () => '/tokenize', skipPrefix: true, sameDialectOnly: true },
};

/** vLLM: OpenAI's API, and its tokenizer beneath the root (https://docs.vllm.ai/en/stable/serving/openai_compatible_server). */
export const VLLM: Bindings = {
  ...OPENAI_FULL,
  'vllm-tokenize': { path: () => '/tokenize', skipPrefix: true },
};

/** Anthropic's Messages API (https://docs.anthropic.com/en/api/messages). */
export const ANTHROPIC: Bindings = {
  anthropic: fixed('/messages'),
  'anthropic-count-tokens': fixed('/messages/count_tokens'),
};

function azureDeployment(path: string | undefined): DialectBinding {
  return {
    path: (request) =>
      `/openai/deployments/${escaped(request.model)}${path ?? request.suffix}?api-version=${escaped(request.apiVersion)}`,
  };
}

const azureDeploymentPath = azureDeployment(undefined);
const azureResourcePath: DialectBinding = {
  path: (request) => `/openai${request.suffix}?api-version=${escaped(request.apiVersion)}`,
};

/** Azure OpenAI's data plane: a deployment in the path, `api-version` in the query. */
export const AZURE_OPENAI: Bindings = {
  'openai-chat': azureDeployment('/chat/completions'),
  'openai-responses': azureResourcePath,
  'openai-input-tokens': {
    path: (request) => `/openai/responses/input_tokens?api-version=${escaped(request.apiVersion)}`,
  },
  'openai-completions': azureDeployment('/completions'),
  'openai-embeddings': azureDeployment('/embeddings'),
  'openai-images': azureDeploymentPath,
  'openai-speech': azureDeploymentPath,
  'openai-transcription': azureDeploymentPath,
  'openai-files': azureResourcePath,
};

const BEDROCK_COUNT_TOKENS: DialectBinding = {
  path: (request) => `/model/${escaped(countTokensModel(request.model))}/count-tokens`,
};

/** Bedrock's Converse API (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). */
export const BEDROCK_CONVERSE: Bindings = {
  'bedrock-converse': {
    path: (request) => `/model/${escaped(request.model)}/${request.stream ? 'converse-stream' : 'converse'}`,
  },
  'bedrock-embeddings': { path: (request) => `/model/${escaped(request.model)}/invoke` },
  'bedrock-count-tokens': BEDROCK_COUNT_TOKENS,
};

/** Claude through Bedrock's InvokeModel. */
export const BEDROCK_CLAUDE: Bindings = {
  anthropic: {
    path: (request) => `/model/${escaped(request.model)}/${request.stream ? 'invoke-with-response-stream' : 'invoke'}`,
    envelope: 'bedrock-invoke',
  },
  'bedrock-count-tokens': BEDROCK_COUNT_TOKENS,
};

function vertexModel(request: PathInput, publisher: string): string {
  return `/projects/${escaped(request.project)}/locations/${escaped(request.region)}/publishers/${publisher}/models/${escaped(request.model)}`;
}

/** Gemini on AI Studio (https://ai.google.dev/api/generate-content). */
export const GOOGLE_GEMINI: Bindings = {
  gemini: {
    path: (request) =>
      `/models/${escaped(request.model)}:${request.stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  },
  'gemini-embeddings': {
    path: (request) =>
      `/models/${escaped(request.model)}:${request.suffix === ':embedContent' ? 'embedContent' : 'batchEmbedContents'}`,
  },
  'gemini-count-tokens': { path: (request) => `/models/${escaped(request.model)}:countTokens` },
};

/** Gemini on Vertex AI. */
export const VERTEX_GEMINI: Bindings = {
  gemini: {
    path: (request) =>
      `${vertexModel(request, 'google')}:${request.stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  },
  'vertex-embeddings': {
    path: (request) => `${vertexModel(request, 'google')}:${vertexEmbeddingsMethod(request.model)}`,
  },
  'vertex-count-tokens': { path: (request) => `${vertexModel(request, 'google')}:countTokens` },
};

/** Claude on Vertex AI: raw prediction of a partner model. */
export const VERTEX_CLAUDE: Bindings = {
  anthropic: {
    path: (request) => `${vertexModel(request, 'anthropic')}:${request.stream ? 'streamRawPredict' : 'rawPredict'}`,
    envelope: 'vertex-raw-predict',
  },
  'vertex-claude-count-tokens': {
    path: (request) => `${vertexModel({ ...request, model: 'count-tokens' }, 'anthropic')}:rawPredict`,
  },
};

/** Cohere v2 (https://docs.cohere.com/reference). */
export const COHERE: Bindings = {
  'cohere-chat': fixed('/chat'),
  'cohere-embeddings': fixed('/embed'),
  'cohere-rerank': fixed('/rerank'),
};

/** Hugging Face TGI: its Messages API, and its own beneath the root (https://huggingface.github.io/text-generation-inference). */
export const TGI: Bindings = {
  ...OPENAI_CORE,
  tgi: { path: (request) => (request.stream ? '/generate_stream' : '/generate'), skipPrefix: true },
};

/** Ollama: OpenAI's API, and its own beneath the root (https://docs.ollama.com/api). */
export const OLLAMA: Bindings = {
  ...OPENAI_CORE,
  'ollama-chat': { path: () => '/api/chat', skipPrefix: true },
  'ollama-generate': { path: () => '/api/generate', skipPrefix: true },
};
