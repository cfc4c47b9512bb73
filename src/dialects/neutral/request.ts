import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { DialectName } from '../names.ts';
import type { NeutralCitation } from './citations.ts';

/**
 * The neutral request: what a generation request means, whichever API it was written in. Every
 * client dialect decodes into it and every provider dialect encodes from it. It holds what at least
 * two APIs can express; what only one knows travels in `extensions`, keyed by that dialect, so that
 * a request decoded from X and encoded to X loses nothing.
 */
export interface NeutralRequest {
  /** The model's name as the target wants it. */
  model: string;
  stream: boolean;
  /** Turns in order; `system` and `developer` turns stand where the client put them. */
  messages: NeutralMessage[];
  tools: NeutralTool[];
  toolChoice?: NeutralToolChoice;
  /** Whether the model may call several tools in one turn; absent: the provider's default. */
  parallelToolCalls?: boolean;
  /** The most tokens to generate, reasoning included. */
  maxOutputTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  seed?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  stop?: string[];
  /** How many answers to make; absent means 1. */
  candidateCount?: number;
  /** Log probabilities asked for; `top` is how many alternatives a token. */
  logprobs?: { top?: number };
  responseFormat?: NeutralResponseFormat;
  reasoning?: NeutralReasoning;
  /** A stable id of the end user, for the provider's abuse monitoring. */
  user?: string;
  metadata?: Record<string, string>;
  serviceTier?: string;
  /** Fields of the client's API that have no neutral meaning, by the dialect that wrote them. */
  extensions?: Partial<Record<DialectName, JsonObject>>;
}

/** One turn. Tool results are parts of a `tool` message. */
export interface NeutralMessage {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  content: NeutralPart[];
  /** A participant's name (OpenAI's `name`). */
  name?: string;
}

/** A prompt-cache breakpoint after a part: Anthropic's `cache_control`, Bedrock's `cachePoint`. */
export interface NeutralCacheMark {
  ttl?: '5m' | '1h';
}

/** Where the bytes of an image, a document or a sound are. */
export type NeutralSource =
  | { kind: 'base64'; mediaType: string; data: string }
  | { kind: 'url'; url: string; mediaType?: string }
  /** A file the provider keeps; the id means something to that provider only. */
  | { kind: 'file'; id: string; mediaType?: string };

/**
 * A piece of content. `origin` carries the dialect's own object where it holds more than the neutral
 * fields do (signatures, encrypted items, citations); the same dialect's encoder writes it back as it was.
 */
export type NeutralPart =
  /** `citations` say of an answer's text what it is founded on, for APIs other than that of `origin`. */
  (
    | { type: 'text'; text: string; citations?: NeutralCitation[] }
    | { type: 'image'; source: NeutralSource; detail?: 'low' | 'high' | 'auto' }
    | { type: 'document'; source: NeutralSource | { kind: 'text'; text: string }; name?: string; context?: string }
    | { type: 'audio'; source: NeutralSource; format?: string }
    | { type: 'video'; source: NeutralSource }
    | { type: 'refusal'; text: string }
    | NeutralReasoningPart
    | NeutralToolCall
    | NeutralToolResult
    /** Something only `dialect` understands, such as a provider-run tool's result. */
    | { type: 'opaque'; dialect: DialectName; value: JsonValue }
  ) & { cache?: NeutralCacheMark; origin?: NeutralOrigin };

/** The dialect's own object behind a part. */
export interface NeutralOrigin {
  dialect: DialectName;
  value: JsonObject;
}

/** A piece of the model's thinking. */
export interface NeutralReasoningPart {
  type: 'reasoning';
  /** The visible thought; empty where only an opaque token is given. */
  text: string;
  /** The provider's token that proves or continues the thought; returned byte for byte. */
  signature?: string;
  /** Redacted or encrypted thinking, returned byte for byte. */
  encrypted?: string;
}

/** A call the model makes. `arguments` is the JSON text as the model wrote it. */
export interface NeutralToolCall {
  type: 'tool-call';
  id: string;
  name: string;
  arguments: string;
  /** Gemini's thought signature on the call, returned byte for byte. */
  signature?: string;
}

/** The answer to a call; `name` is filled by the decoder from the matching call where the API omits it. */
export interface NeutralToolResult {
  type: 'tool-result';
  callId: string;
  name?: string;
  content: NeutralPart[];
  isError?: boolean;
}

/** A function the model may call, or a tool the provider runs itself. */
export type NeutralTool =
  | {
      type: 'function';
      name: string;
      description?: string;
      /** JSON Schema of the arguments; absent means no arguments. */
      parameters?: JsonObject;
      strict?: boolean;
      cache?: NeutralCacheMark;
      origin?: NeutralOrigin;
    }
  /** A provider's built-in tool (web search, code execution), as the client wrote it. */
  | { type: 'provider'; dialect: DialectName; name: string; value: JsonObject };

/** Which tool the model must use. */
export type NeutralToolChoice = { type: 'auto' | 'none' | 'required' } | { type: 'tool'; name: string };

/** What form the answer must have. */
export type NeutralResponseFormat =
  | { type: 'text' }
  | { type: 'json' }
  | { type: 'json-schema'; name: string; schema: JsonObject; description?: string; strict?: boolean };

/** How much the model should think. `enabled: false` forbids it; `adaptive` leaves it to the model. */
export interface NeutralReasoning {
  enabled?: boolean;
  adaptive?: boolean;
  effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';
  budgetTokens?: number;
  /** Whether thoughts come back as text: OpenAI's `summary`, Gemini's `includeThoughts`. */
  summary?: string;
}
