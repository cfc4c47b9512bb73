import { GatewayError } from '../../errors/gateway-error.ts';
import { parseObject } from '../../json/parse-object.ts';
import type { JsonObject } from '../../json/types.ts';
import type { StreamFrame } from '../dialect.ts';
import { bedrockBetaFlags } from './anthropic-beta.ts';

/** The `anthropic_version` of Claude on Bedrock. */
export const BEDROCK_ANTHROPIC_VERSION = 'bedrock-2023-05-31';

/** What the wrapping takes from outside the body. */
export interface WrapOptions {
  /** The cluster's `anthropic_version`; default: the body's own, else the cloud's. */
  anthropicVersion?: string | undefined;
  /** The flags of the client's `anthropic-beta` header, as parseAnthropicBeta gives them. */
  beta?: readonly string[] | undefined;
  /** Told of every beta flag that is left out. */
  warn?: ((warning: string) => void) | undefined;
}

/**
 * Wraps an Anthropic body for InvokeModel: model and stream stand in the path, the version and the beta flags in the
 * body (API_runtime_InvokeModel, Claude messages). Flags Bedrock does not take are left out; `anthropic_beta` of the
 * body itself stays as it is.
 */
export function wrapRequest(body: JsonObject, options: WrapOptions = {}): JsonObject {
  const { model: _model, stream: _stream, ...wrapped } = body;
  wrapped['anthropic_version'] = options.anthropicVersion ?? body['anthropic_version'] ?? BEDROCK_ANTHROPIC_VERSION;
  const own = body['anthropic_beta'];
  const ownFlags = Array.isArray(own) ? own : [];
  const flags = bedrockBetaFlags(options.beta ?? [], options.warn ?? noWarning);
  if (flags.length > 0) wrapped['anthropic_beta'] = [...new Set([...ownFlags, ...flags])];
  return wrapped;
}

function noWarning(): void {}

/**
 * Unwraps the payload of a `chunk` event of InvokeModelWithResponseStream: `{"bytes": base64}` of one Anthropic event.
 * The frame's event is the inner `type`, its data the inner JSON text unchanged. Throws `provider_bad_response`.
 */
export function unwrapBedrockChunk(payload: string): StreamFrame {
  const bytes = parseObject(payload)?.['bytes'];
  if (typeof bytes !== 'string') throw badChunk();
  const data = decodeBase64Text(bytes);
  return { event: typeOf(data), data };
}

/**
 * Turns any frame of InvokeModelWithResponseStream into Anthropic's: a `chunk` is unwrapped; an exception (its event
 * ends in `Exception`) becomes an `error` event; undefined for other events, which carry nothing.
 */
export function unwrapBedrockFrame(frame: StreamFrame): StreamFrame | undefined {
  if (frame.event === 'chunk') return unwrapBedrockChunk(frame.data);
  if (!frame.event.endsWith('Exception')) return undefined;
  const message = parseObject(frame.data)?.['message'];
  const error = {
    type: ERROR_TYPES[frame.event] ?? 'api_error',
    message: typeof message === 'string' ? message : frame.event,
  };
  return { event: 'error', data: JSON.stringify({ type: 'error', error }) };
}

/** Anthropic's error types for the exceptions of API_runtime_ResponseStream. */
const ERROR_TYPES: Readonly<Record<string, string>> = {
  throttlingException: 'rate_limit_error',
  validationException: 'invalid_request_error',
  serviceUnavailableException: 'overloaded_error',
  modelTimeoutException: 'timeout_error',
};

/** Claude writes `type` first: then the event's name is read without parsing what the decoder parses again. */
function typeOf(data: string): string {
  const start = '{"type":"';
  if (data.startsWith(start)) {
    const end = data.indexOf('"', start.length);
    const type = data.slice(start.length, end);
    if (end !== -1 && !type.includes('\\')) return type;
  }
  const type = parseObject(data)?.['type'];
  if (typeof type !== 'string') throw badChunk();
  return type;
}

function decodeBase64Text(base64: string): string {
  let binary: string;
  try {
    binary = atob(base64);
  } catch {
    throw badChunk();
  }
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

function badChunk(): GatewayError {
  return new GatewayError('provider_bad_response', 'The Bedrock stream holds a chunk without an Anthropic event.');
}
