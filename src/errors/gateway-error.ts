import { ERROR_CODES, type ErrorCode } from './codes.ts';

const BRAND = Symbol.for('aigw.GatewayError');

/** What `GatewayError` takes beside its code and message. */
export interface GatewayErrorOptions {
  /** The underlying error: for logs only, never shown to a client. */
  cause?: unknown;
  /** The request field at fault, as a dotted path such as `messages[0].content`. */
  param?: string;
  /** Seconds after which the client may try again; rendered as `retry-after`. */
  retryAfterSeconds?: number;
}

/**
 * The one error type that crosses module borders. `publicMessage` is written for the client and is
 * all the client gets; `cause` stays in the log.
 */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  /** The `type` of OpenAI's error object; the other dialects map it. */
  readonly type: string;
  /** Whether another target might succeed where this one failed. */
  readonly retryable: boolean;
  readonly publicMessage: string;
  readonly param: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, publicMessage: string, options: GatewayErrorOptions = {}) {
    super(publicMessage, options.cause === undefined ? undefined : { cause: options.cause });
    const entry = ERROR_CODES[code];
    this.name = 'GatewayError';
    this.code = code;
    this.status = entry.status;
    this.type = entry.type;
    this.retryable = entry.retryable;
    this.publicMessage = publicMessage;
    this.param = options.param;
    this.retryAfterSeconds = options.retryAfterSeconds;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Whether `value` is a GatewayError, also one of another copy of this module. */
  static is(value: unknown): value is GatewayError {
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  /** The only normaliser: a GatewayError stays as it is, anything else becomes `internal_error` with a mute message. */
  static from(value: unknown): GatewayError {
    if (GatewayError.is(value)) return value;
    return new GatewayError('internal_error', 'The gateway failed to handle the request.', { cause: value });
  }
}
