import { PROVIDERS } from './providers.ts';

/** What an API cannot express: the cells in which the gateway refuses, serves with a loss that it tells, or is not asked. */
export interface Limit {
  readonly clients: readonly string[];
  readonly providers: readonly string[];
  readonly features: readonly string[];
  /**
   * `refused`: a 4xx before anything is sent. `warned`: served without it, and `x-aigw-warnings` says so. `unasked`: the
   * client's API cannot ask for it.
   */
  readonly outcome: 'refused' | 'warned' | 'unasked';
  /** What the error's message or the warning must say. */
  readonly says: RegExp;
  /** Why it cannot be had. */
  readonly reason: string;
}

const EVERY_PROVIDER = PROVIDERS.map(({ name }) => name);
const TOOLS = ['tool', 'tool, streamed', 'parallel tools', 'parallel tools, streamed', 'tool required', 'tool results'];

/** The limits of chats. A cell that is served in full in spite of an entry here fails: the entry is stale. */
export const CHAT_LIMITS: readonly Limit[] = [
  {
    clients: ['ollama-chat'],
    providers: EVERY_PROVIDER,
    features: ['tool required'],
    outcome: 'unasked',
    says: /has no tool choice/,
    reason: "Ollama's API leaves the choice of tools to the model",
  },
  {
    clients: ['ollama-generate'],
    providers: EVERY_PROVIDER,
    features: ['turns', ...TOOLS],
    outcome: 'unasked',
    says: /neither turns nor tools/,
    reason: "Ollama's generate takes one prompt; its chat API has turns and tools",
  },
  {
    clients: ['tgi'],
    providers: EVERY_PROVIDER,
    features: ['system', 'turns', ...TOOLS, 'image', 'reasoning', 'reasoning, streamed'],
    outcome: 'unasked',
    says: /neither instructions, turns, tools, images nor thoughts/,
    reason: "TGI's generate takes one prompt; its Messages API is OpenAI's chat completions",
  },
];

/** Providers that give the number of tokens and nothing else. */
const ONLY_COUNTING = [
  'azure-openai',
  'anthropic',
  'aws-bedrock',
  'aws-anthropic',
  'google',
  'gcp-vertex',
  'gcp-anthropic',
];

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
];

/** The limit of a cell. */
export function limitOf(client: string, provider: string, feature: string): Limit | undefined {
  return [...CHAT_LIMITS, ...FAMILY_LIMITS].find(
    (limit) => limit.features.includes(feature) && limit.providers.includes(provider) && limit.clients.includes(client),
  );
}
