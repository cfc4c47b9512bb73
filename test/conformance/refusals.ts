/** What a provider's API cannot express: the cells in which the gateway refuses, or serves with a loss that it tells. */
export interface Limit {
  readonly clients: readonly string[];
  readonly providers: readonly string[];
  readonly features: readonly string[];
  /** `refused`: a 4xx before anything is sent. `warned`: served without it, and `x-aigw-warnings` says so. */
  readonly outcome: 'refused' | 'warned';
  /** What the error's message or the warning must say. */
  readonly says: RegExp;
  /** Why it cannot be had. */
  readonly reason: string;
}

/** The limits of chats. A cell that is served in full in spite of an entry here fails: the entry is stale. */
export const CHAT_LIMITS: readonly Limit[] = [
  {
    clients: ['openai-chat', 'openai-responses'],
    providers: ['cohere'],
    features: ['reasoning', 'reasoning, streamed'],
    outcome: 'warned',
    says: /reasoning effort was left out/,
    reason: 'Cohere knows a budget of tokens, and its models that think do so unasked',
  },
];

/** Providers that give the number of tokens and nothing else. */
const ONLY_COUNTING = ['anthropic', 'aws-bedrock', 'aws-anthropic', 'google', 'gcp-vertex', 'gcp-anthropic'];

/** All columns of the table of counts. */
const EVERY_COUNT = ['answer', 'error 400', 'error 429', 'error 500'];

/** The limits of embeddings, rerank and token counts. */
export const FAMILY_LIMITS: readonly Limit[] = [
  {
    clients: ['vllm tokenize prompt', 'vllm tokenize messages'],
    providers: ONLY_COUNTING,
    features: ['answer'],
    outcome: 'warned',
    says: /Only the number of tokens is known/,
    reason: 'these providers count tokens and do not show them',
  },
  {
    clients: ['openai input_tokens'],
    providers: ONLY_COUNTING,
    features: EVERY_COUNT,
    outcome: 'refused',
    says: /\/v1\/responses\/input_tokens is not available from the provider of this model/,
    reason: "OpenAI's count of the tokens of a response is passed on, not translated",
  },
  {
    clients: ['anthropic count_tokens', 'gemini countTokens', 'bedrock count-tokens'],
    providers: ['openai'],
    features: EVERY_COUNT,
    outcome: 'refused',
    says: / is not available from the provider of this model/,
    reason: 'OpenAI has no tokenizer, and its count of the tokens of a response is not translated to',
  },
];

/** The limit of a cell. */
export function limitOf(client: string, provider: string, feature: string): Limit | undefined {
  return [...CHAT_LIMITS, ...FAMILY_LIMITS].find(
    (limit) => limit.features.includes(feature) && limit.providers.includes(provider) && limit.clients.includes(client),
  );
}
