import type { DialectName } from './names.ts';

/**
 * Names of APIs that `DIALECT_NAMES` does not list. This is the one place where they are taken for
 * dialect names.
 */
const named = (name: string): DialectName => name as DialectName;

/** Gemini's countTokens on AI Studio. */
export const GEMINI_COUNT_TOKENS: DialectName = named('gemini-count-tokens');
/** Gemini's countTokens on Vertex AI. */
export const VERTEX_COUNT_TOKENS: DialectName = named('vertex-count-tokens');
/** Bedrock's CountTokens. */
export const BEDROCK_COUNT_TOKENS: DialectName = named('bedrock-count-tokens');
/** Anthropic's count_tokens on Vertex AI. */
export const VERTEX_CLAUDE_COUNT_TOKENS: DialectName = named('vertex-claude-count-tokens');
/** Ollama's own chat API. */
export const OLLAMA_CHAT: DialectName = named('ollama-chat');
/** Ollama's own completion API. */
export const OLLAMA_GENERATE: DialectName = named('ollama-generate');
