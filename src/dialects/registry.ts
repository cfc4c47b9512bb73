import { anthropic } from './anthropic/dialect.ts';
import { anthropicCountTokens, vertexClaudeCountTokens } from './anthropic-count-tokens/dialect.ts';
import { bedrockConverse } from './bedrock-converse/dialect.ts';
import { bedrockCountTokens } from './bedrock-count-tokens/dialect.ts';
import { bedrockEmbeddings } from './bedrock-embeddings/dialect.ts';
import { cohereChat } from './cohere-chat/dialect.ts';
import { cohereEmbeddings } from './cohere-embeddings/dialect.ts';
import { cohereRerank } from './cohere-rerank/dialect.ts';
import type { FamilyDialect } from './family-dialects.ts';
import { gemini } from './gemini/dialect.ts';
import { geminiCountTokens, vertexCountTokens } from './gemini-count-tokens/dialect.ts';
import { geminiEmbeddings } from './gemini-embeddings/dialect.ts';
import type { DialectName } from './names.ts';
import { ollamaChat, ollamaGenerate } from './ollama-chat/dialect.ts';
import { openaiChat } from './openai-chat/dialect.ts';
import { openaiEmbeddings } from './openai-embeddings/dialect.ts';
import { openaiInputTokens } from './openai-input-tokens/dialect.ts';
import { openaiResponses } from './openai-responses/dialect.ts';
import { PASS_THROUGH_DIALECTS } from './pass-through/dialects.ts';
import { tgi } from './tgi/dialect.ts';
import { vertexEmbeddings } from './vertex-embeddings/dialect.ts';
import { vllmTokenize } from './vllm-tokenize/dialect.ts';

const GENERATION: readonly FamilyDialect[] = [
  openaiChat,
  openaiResponses,
  anthropic,
  bedrockConverse,
  gemini,
  cohereChat,
  tgi,
  ollamaChat,
  ollamaGenerate,
];

const OTHERS: readonly FamilyDialect[] = [
  openaiEmbeddings,
  geminiEmbeddings,
  vertexEmbeddings,
  bedrockEmbeddings,
  cohereEmbeddings,
  cohereRerank,
  vllmTokenize,
  openaiInputTokens,
  anthropicCountTokens,
  geminiCountTokens,
  vertexCountTokens,
  vertexClaudeCountTokens,
  bedrockCountTokens,
];

const DIALECTS: ReadonlyMap<DialectName, FamilyDialect> = new Map(
  [...GENERATION, ...OTHERS, ...PASS_THROUGH_DIALECTS].map((entry) => [entry.name, entry]),
);

/** The dialect of that name. Throws for a name that no folder implements: a fault of the gateway's own tables. */
export function dialect(name: DialectName): FamilyDialect {
  const found = DIALECTS.get(name);
  if (found === undefined) throw new Error(`dialect ${name} has no implementation`);
  return found;
}
