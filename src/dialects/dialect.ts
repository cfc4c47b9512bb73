import type { JsonObject } from '../json/types.ts';
import type { DialectName } from './names.ts';
import type { NeutralRequest } from './neutral/request.ts';
import type { NeutralEvent, NeutralResponse, ProviderError } from './neutral/response.ts';
import type { UsedUnits } from './neutral/units.ts';
import type { Usage } from './neutral/usage.ts';

/**
 * What an API is for. Dialects of one family translate into each other through the neutral model;
 * a request never leaves its family.
 */
export type DialectFamily =
  | 'generation'
  | 'completions'
  | 'embeddings'
  | 'rerank'
  | 'images'
  | 'speech'
  | 'transcription'
  | 'moderations'
  | 'files'
  | 'tokenize';

/** How a stream is cut into frames. */
export type Framing = 'sse' | 'aws-event-stream' | 'json-lines';

/** One frame of a stream: SSE's event name (or `:event-type`) and its data as text. */
export interface StreamFrame {
  /** Empty when the frame has no name. */
  event: string;
  data: string;
}

/** One wire API: `client` is what applications speak to us, `provider` what we speak to providers. */
export interface Dialect {
  readonly name: DialectName;
  readonly family: DialectFamily;
  /** How a streamed answer of this API is framed. */
  readonly framing: Framing;
  readonly client?: ClientDialect;
  readonly provider?: ProviderDialect;
  /** Reads usage from answers that pass through untranslated. */
  readonly usage: UsageDialect;
  /** How the gateway's and foreign providers' errors look in this API. */
  readonly errors: ErrorDialect;
}

/** The side that faces applications. All functions are pure. */
export interface ClientDialect {
  /** Reads a request body. Throws GatewayError `invalid_request` with `param` where a field is wrong. */
  decodeRequest(body: JsonObject, context: DecodeContext): NeutralRequest;
  /** Writes a whole answer. */
  encodeResponse(response: NeutralResponse, context: ResponseContext): JsonObject;
  /** Makes the writer of one streamed answer. */
  createStreamEncoder(context: ResponseContext): StreamEncoder;
}

/** The side that faces providers. All functions are pure. */
export interface ProviderDialect {
  /** Writes a request body. What the API cannot express is an error or goes to `context.warn`. */
  encodeRequest(request: NeutralRequest, context: EncodeContext): JsonObject;
  /** Reads a whole answer. Throws GatewayError `provider_bad_response` when it is not one. */
  decodeResponse(body: JsonObject, context: ProviderResponseContext): NeutralResponse;
  /** Makes the reader of one streamed answer. */
  createStreamDecoder(context: ProviderResponseContext): StreamDecoder;
}

/** What a client request says outside its body. */
export interface DecodeContext {
  /** The model, where the API has it in the path. */
  model?: string;
  /** Whether a stream is asked for, where the API has it in the path. */
  stream?: boolean;
  /** Names a field that is known but has no effect: goes to `x-aigw-warnings`, as in `EncodeContext`. Absent: nobody listens. */
  warn?(warning: string): void;
}

/** What a provider dialect may know of the target it writes for. */
export interface EncodeContext {
  /** Names a loss: goes to `x-aigw-warnings`. Keep it one short ASCII sentence without line breaks. */
  warn(warning: string): void;
  /** `max_tokens` to send where the API demands one and the request has none. */
  defaultMaxOutputTokens: number;
  /** Which spelling of the output limit an OpenAI-compatible server wants. */
  maxTokensField: 'max_tokens' | 'max_completion_tokens';
  /** Flags of the client's `anthropic-beta` header, for APIs that take them in the body; absent: none. */
  anthropicBeta?: readonly string[];
}

/** What the writer of an answer may know beside it. */
export interface ResponseContext {
  /**
   * Names what of the answer its API cannot show, as in `EncodeContext`; the same twice counts once. Of a whole answer it
   * goes to `x-aigw-warnings`; of a stream what is said with its first content does, the rest is in the access log.
   */
  warn(warning: string): void;
  /** The model name of the client's request: stands in where the provider names none. */
  requestModel: string;
  /** Unix seconds: stands in where the provider gives no time. */
  created: number;
  /** A fresh id with this prefix, where the provider gave none. */
  newId(prefix: string): string;
  /** The request that is answered, where the answer repeats its settings (OpenAI's responses). */
  request?: NeutralRequest | undefined;
  /** The API the provider answered in: some writers keep a provider's habits that clients have come to expect. */
  providerDialect?: DialectName | undefined;
  /** Whether the client asked for usage in the stream (OpenAI's `stream_options.include_usage`). */
  includeUsage: boolean;
}

/** What the reader of an answer may know beside it. */
export interface ProviderResponseContext {
  /** Response header by lower-case name; `undefined` when absent. */
  header(name: string): string | undefined;
  /** The model name sent to the provider. */
  requestModel: string;
  newId(prefix: string): string;
}

/** Reads frames, emits neutral events. Bounded: holds no more than the current block needs. */
export interface StreamDecoder {
  /** Throws GatewayError `provider_bad_response` on a frame that is not of this API. */
  push(frame: StreamFrame, emit: (event: NeutralEvent) => void): void;
  /** The provider's bytes ended: emits `end` if the answer was whole, else `error`. Must not emit either twice. */
  finish(emit: (event: NeutralEvent) => void): void;
}

/** Writes neutral events as the bytes of this API's stream. */
export interface StreamEncoder {
  /** What to send for this event: text (UTF-8), bytes, or an empty string for nothing. */
  push(event: NeutralEvent): string | Uint8Array;
}

/** Reads usage and completeness of answers that pass through as bytes. */
export interface UsageDialect {
  /** Top-level fields of a whole answer that `read` wants, such as `usage` and `model`. */
  readonly fields: readonly string[];
  /** Usage and model of a whole answer, from those fields and response headers (by lower-case name) alone. */
  read(fields: JsonObject, header?: (name: string) => string | undefined): ObservedAnswer;
  /** Makes the watcher of one streamed answer. */
  createStreamObserver(): StreamObserver;
  /**
   * Whether a frame carries nothing that a client could have used, as those do that only open an answer: a stream that fails
   * after such frames alone may still be answered by another provider. Absent where an API has none.
   */
  isPreamble?(event: string, data: string): boolean;
}

/** What is known of an answer that passed through. */
export interface ObservedAnswer {
  usage?: Usage | undefined;
  model?: string | undefined;
  /** What the answer says was used beside tokens. */
  units?: UsedUnits | undefined;
  /** The service tier that was billed, in the provider's words. */
  serviceTier?: string | undefined;
  /** Names finished work that went on apart from this exchange (a batch, a background response), whose usage this is. */
  workId?: string | undefined;
}

/** Watches the frames of a stream that passes through as bytes. Data may be Latin-1 decoded: only ASCII fields count. */
export interface StreamObserver {
  frame(event: string, data: string): void;
  readonly usage: Usage | undefined;
  readonly model: string | undefined;
  /** As in `ObservedAnswer`; absent where the API's streams do not say. */
  readonly units?: UsedUnits | undefined;
  readonly serviceTier?: string | undefined;
  /** Whether the event that ends a whole answer was seen. */
  readonly complete: boolean;
  /** An error event of the provider. */
  readonly error: ProviderError | undefined;
}

/** How errors look. */
export interface ErrorDialect {
  /** The body of an error answer. `code` is the gateway's code, or the provider's. */
  encode(error: ErrorAnswer): JsonObject;
  /** The headers of an error answer that clients of this API read: names in lower case and values in turn. Absent: none. */
  headers?(error: ErrorAnswer): string[];
  /** The frames that end a stream with an error, as text or bytes. */
  encodeInStream(error: ErrorAnswer): string | Uint8Array;
  /** Reads a provider's error answer; `body` is undefined when it is not a JSON object, `text` is then its text. */
  decode(
    status: number,
    header: (name: string) => string | undefined,
    body: JsonObject | undefined,
    text: string,
  ): ProviderError;
}

/** An error on its way to a client. */
export interface ErrorAnswer {
  status: number;
  /** OpenAI's `type` for the gateway's own errors, the provider's own type for a provider's. */
  type: string;
  code: string;
  message: string;
  param?: string | undefined;
  /** `gateway`: the gateway refused or failed; `provider`: a provider's error, translated. */
  source: 'gateway' | 'provider';
  /** How long the client should wait. `retry-after` is written for every API; some also say it their own way. */
  retryAfterSeconds?: number | undefined;
  /** Id of the request, as the provider or the gateway names it. Absent: the error is in a stream. */
  requestId?: string | undefined;
}
