/**
 * Tokens in classes that do not overlap, so that price × count sums to the bill: `output` includes `reasoning`,
 * `outputAudio` and `outputImage`; `input` includes `inputAudio` and `inputImage`. Whole numbers.
 */
export interface UsageTokens {
  input: number;
  cacheRead: number;
  cacheWrite: number;
  cacheWrite1h: number;
  output: number;
  reasoning: number;
  inputAudio: number;
  outputAudio: number;
  inputImage: number;
  outputImage: number;
}

/** What is billed by other units than tokens. */
export interface UsageUnits {
  /** Images made. */
  images: number;
  /** Seconds of sound or video; may have a fraction. */
  seconds: number;
  /** Characters read aloud. */
  characters: number;
  /** Searches of rerank and tool calls; may have a fraction. */
  searchUnits: number;
}

/** Where a price came from: the bundled table, the configuration, or nowhere. */
export type PriceSource = 'table' | 'config' | 'unknown';

/**
 * One line of the ledger: a client's request, or a further provider attempt of it that cost tokens. Texts are empty
 * when there is nothing to say. Texts over 256 characters are cut, numbers that no provider can mean are bounded.
 */
export interface UsageRecord {
  /**
   * Unique for ever: a record whose id is known already is not counted again. Must be made by the gateway, never taken
   * from the client.
   */
  id: string;
  /** `attempt` lines add tokens and cost, but count as no request. */
  kind: 'request' | 'attempt';
  /** The client's request that the line belongs to: equals `id` for a line of kind `request`. */
  requestId: string;
  /** When the request came, in milliseconds since 1970. */
  timeMs: number;
  service: string;
  route: string;
  cluster: string;
  provider: string;
  requestedModel: string;
  sentModel: string;
  answeredModel: string;
  organization: string;
  team: string;
  user: string;
  keyId: string;
  keyName: string;
  /** What the request itself says about who asks, such as OpenAI's `user` field. */
  endUser: string;
  operation: string;
  clientDialect: string;
  stream: boolean;
  /** Status sent to the client. */
  status: number;
  /** The gateway's own error code. */
  errorCode: string;
  /** Requests sent to providers. */
  attempts: number;
  durationMs: number;
  /** Null when the answer was not streamed or had no content. */
  timeToFirstTokenMs: number | null;
  tokens: UsageTokens;
  units: UsageUnits;
  /** In 1e-9 USD; null when the price is unknown. */
  costNanoUsd: number | null;
  priced: PriceSource;
  /** Whether any count is the gateway's own estimate instead of the provider's figure. */
  estimated: boolean;
  /** At most 32 tags of at most 64 and 256 characters. */
  tags: Readonly<Record<string, string>>;
  /** Only when asked for in the configuration; redacted by the caller. At most 1 Mi characters each are kept. */
  bodies?: UsageBodies | undefined;
}

/** The text of a request and its answer. */
export interface UsageBodies {
  request: string | null;
  response: string | null;
}

/** Zero tokens of every class. */
export function noTokens(): UsageTokens {
  return {
    input: 0,
    cacheRead: 0,
    cacheWrite: 0,
    cacheWrite1h: 0,
    output: 0,
    reasoning: 0,
    inputAudio: 0,
    outputAudio: 0,
    inputImage: 0,
    outputImage: 0,
  };
}

/** Nothing billed by other units. */
export function noUnits(): UsageUnits {
  return { images: 0, seconds: 0, characters: 0, searchUnits: 0 };
}
