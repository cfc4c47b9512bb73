import type { JsonObject, JsonValue } from '../json/types.ts';
import type { FaultKind } from './faults.ts';
import type { RefusalDetails } from './refusal.ts';
import type { MockState } from './state.ts';

/** One request as an endpoint sees it. */
export interface Call {
  readonly method: string;
  /** Path without the query, as sent (still escaped). */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The JSON body; empty where the route has none. */
  readonly json: JsonObject;
  /** What the route's pattern captured, unescaped. */
  readonly params: readonly string[];
  readonly api: ApiFamily;
  readonly control: CallControl;
  readonly strict: boolean;
  /** The models served: listed, and in strict mode the only ones accepted when given by the user. */
  readonly models: readonly string[];
  /** Whether other models than `models` are refused (strict mode with `--models`). */
  readonly onlyListedModels: boolean;
  readonly state: MockState;
  /** `length` (24) letters and digits after `prefix`. */
  newId(prefix: string, length?: number): string;
  newUuid(): string;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What the `x-mock-*` headers of one request, or else the server's options, ask for. */
export interface CallControl {
  tokens?: number;
  forcedTools?: readonly string[];
  cachedTokens?: number;
  status?: number;
  body?: Buffer;
  contentType?: string;
  latencyMs?: number;
  tokensPerSecond?: number;
  fault?: FaultKind;
  /** Content coding of the answer. */
  encoding?: 'gzip' | 'br';
}

/** An answer: whole, or in frames. */
export type Reply = WholeReply | StreamReply;

/** A whole answer. */
export interface WholeReply {
  kind: 'whole';
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
  usage?: ReplyUsage;
}

/** A streamed answer. */
export interface StreamReply {
  kind: 'stream';
  headers: Record<string, string>;
  frames: Iterable<Frame>;
  /** The frames that report an error inside the stream, as this API does; `first`: nothing was sent before. */
  errorFrames(details: { status: number; message: string; first: boolean }): (string | Uint8Array)[];
  usage?: ReplyUsage;
}

/** Tokens of one exchange, for pacing and statistics. */
export interface ReplyUsage {
  input: number;
  output: number;
}

/** One piece of a stream and how many tokens it carries: the pace follows the tokens. */
export interface Frame {
  data: string | Uint8Array;
  tokens: number;
}

/** What the endpoints of one API have in common. */
export interface ApiFamily {
  readonly name: string;
  /** Headers on every answer, such as a request id. */
  headers(call: Pick<Call, 'newId' | 'newUuid'>): Record<string, string>;
  /** The provider's error answer: further headers and the JSON body. */
  error(
    details: RefusalDetails,
    call: Pick<Call, 'newId' | 'newUuid'>,
  ): { headers?: Record<string, string>; body: JsonValue };
  /** Throws Refusal when the caller does not show the credentials the provider wants. Strict mode only. */
  authorize(call: Pick<Call, 'headers' | 'query' | 'path'>): void;
}

/** One endpoint. */
export interface Route {
  readonly methods: readonly string[];
  /** Matched against the path without the query; captures become `params`. */
  readonly pattern: RegExp;
  readonly api: ApiFamily;
  /** `json`: the body must be a JSON object; `raw`: the handler reads the bytes, or there is none. */
  readonly body: 'json' | 'raw';
  readonly handle: (call: Call) => Reply;
  /** The route fits only requests that carry this header (lower case). */
  readonly onlyWithHeader?: string;
}

/** A whole JSON answer. */
export function jsonReply(
  body: JsonValue,
  options: { status?: number; usage?: ReplyUsage | undefined } = {},
): WholeReply {
  const reply: WholeReply = {
    kind: 'whole',
    status: options.status ?? 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  if (options.usage !== undefined) reply.usage = options.usage;
  return reply;
}

/** A whole answer of text or bytes. */
export function rawReply(contentType: string, body: string | Uint8Array): WholeReply {
  return { kind: 'whole', status: 200, headers: { 'content-type': contentType }, body };
}

/** A stream of server-sent events. */
export function sseReply(
  frames: Iterable<Frame>,
  options: { usage?: ReplyUsage; errorFrames: StreamReply['errorFrames'] },
): StreamReply {
  const reply: StreamReply = {
    kind: 'stream',
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
    frames,
    errorFrames: options.errorFrames,
  };
  if (options.usage !== undefined) reply.usage = options.usage;
  return reply;
}

/** One server-sent event as text; without a name only `data:`. */
export function sse(data: JsonValue, event = ''): string {
  const json = JSON.stringify(data);
  return event === '' ? `data: ${json}\n\n` : `event: ${event}\ndata: ${json}\n\n`;
}

/** A frame that carries no tokens. */
export function frame(data: string | Uint8Array, tokens = 0): Frame {
  return { data, tokens };
}
