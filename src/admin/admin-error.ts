import { GatewayError } from '../errors/gateway-error.ts';
import { type AdminAnswer, jsonAnswer } from './answer.ts';

/** One thing wrong with a request. */
export interface InputIssue {
  /** The field or query parameter, as `rate_limit[0].per`; empty for the whole. */
  readonly param: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

/** What `AdminError` takes beside status, code and message. */
export interface AdminErrorOptions {
  /** The field or query parameter at fault. */
  readonly param?: string | undefined;
  /** Everything that is wrong, when it is more than one thing. */
  readonly issues?: readonly InputIssue[] | undefined;
  /** Further headers of the answer, names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A refusal of the admin API. Its message is what the caller gets to read. */
export class AdminError extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | undefined;
  readonly issues: readonly InputIssue[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, { message, ...options }: AdminErrorOptions & { message: string }) {
    super(message);
    this.name = 'AdminError';
    this.status = status;
    this.code = code;
    this.param = options.param;
    this.issues = options.issues;
    this.headers = options.headers ?? {};
  }
}

/** A 400 for one field or parameter. */
export function invalidInput(param: string, message: string): AdminError {
  return new AdminError(400, 'invalid_request', { message: `${param}: ${message}`, param });
}

/** What the stores' own error says of itself; they are above this folder, so it is known by its name. */
function databaseErrorKind(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'DatabaseError' || !('kind' in error)) return undefined;
  return typeof error.kind === 'string' ? error.kind : undefined;
}

/** The refusal that an error stands for; undefined when it is a fault of the program. */
export function toAdminError(error: unknown): AdminError | undefined {
  if (error instanceof AdminError) return error;
  if (GatewayError.is(error) && error.status < 500) {
    return new AdminError(error.status, error.code, { message: error.publicMessage, param: error.param });
  }
  switch (databaseErrorKind(error)) {
    case 'unavailable':
    case 'timeout':
      return new AdminError(503, 'store_unavailable', {
        message: 'The database of `stores.ledger` does not answer; what was asked may or may not have been done.',
      });
    case 'conflict':
      return new AdminError(409, 'conflict', { message: 'It exists already; try again.' });
    default:
      return undefined;
  }
}

/** The answer that tells of a refusal. */
export function refusalAnswer({ status, code, message, param, issues, headers }: AdminError): AdminAnswer {
  const error = {
    code,
    message,
    ...(param === undefined ? {} : { param }),
    ...(issues === undefined ? {} : { errors: issues }),
  };
  return jsonAnswer(status, { error }, headers);
}
