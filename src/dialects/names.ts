/**
 * The wire APIs the gateway speaks, one folder each. A provider offers some of them; a client path
 * belongs to exactly one.
 */
export const DIALECT_NAMES = [
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'openai-input-tokens',
  'openai-embeddings',
  'openai-images',
  'openai-speech',
  'openai-transcription',
  'openai-moderations',
  'openai-files',
  'vllm-tokenize',
  'anthropic',
  'anthropic-count-tokens',
  'bedrock-converse',
  'bedrock-embeddings',
  'gemini',
  'gemini-embeddings',
  'gemini-count-tokens',
  'vertex-count-tokens',
  'vertex-claude-count-tokens',
  'bedrock-count-tokens',
  'vertex-embeddings',
  'cohere-chat',
  'cohere-embeddings',
  'cohere-rerank',
  'tgi',
  'ollama-chat',
  'ollama-generate',
] as const;

/** The name of one wire API. */
export type DialectName = (typeof DIALECT_NAMES)[number];
