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

/** The limits of embeddings, rerank and token counts. */
export const FAMILY_LIMITS: readonly Limit[] = [];

/** The limit of a cell. */
export function limitOf(client: string, provider: string, feature: string): Limit | undefined {
  return [...CHAT_LIMITS, ...FAMILY_LIMITS].find(
    (limit) => limit.features.includes(feature) && limit.providers.includes(provider) && limit.clients.includes(client),
  );
}
