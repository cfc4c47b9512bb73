import { isObject } from '../json/types.ts';
import { ExitError } from './exit-error.ts';

/** Where a running gateway's admin API is, and who asks. */
export interface AdminClientOptions {
  /** URL of the admin listener. */
  adminUrl: string;
  /** A token of `admin.tokens`. */
  token?: string | undefined;
}

/** One call of the admin API. */
export interface AdminCall {
  method: 'GET' | 'POST' | 'DELETE';
  /** Below the URL, such as `/api/v1/keys`. */
  path: string;
  query?: URLSearchParams;
  body?: object;
}

const TIMEOUT_MS = 30_000;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Calls the admin API of a running gateway and resolves to the JSON of its answer. Everything else ends the command: status 2 for a
 * URL that is none, 1 for a gateway that does not answer or refuses, with what it said.
 */
export async function callAdmin<Answer>(options: AdminClientOptions, call: AdminCall): Promise<Answer> {
  const url = targetOf(options.adminUrl, call);
  warnOfOpenToken(url, options.token);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: call.method,
      headers: {
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      // The token is for this address alone.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    throw new ExitError(
      1,
      `no gateway answers at ${url.origin}: ${reasonOf(error)}; start one with \`aigw run\`, or name another with --admin-url`,
    );
  }
  const answer = parse(text);
  if (response.ok && answer !== undefined) return answer as Answer;
  throw new ExitError(1, refusalText(answer, { status: response.status, origin: url.origin }));
}

function targetOf(adminUrl: string, { path, query }: AdminCall): URL {
  const base = URL.canParse(adminUrl) ? new URL(adminUrl) : undefined;
  if (base === undefined || (base.protocol !== 'http:' && base.protocol !== 'https:')) {
    throw new ExitError(2, `--admin-url ${adminUrl} is not a URL; write one such as http://127.0.0.1:9901`);
  }
  const url = new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base.origin);
  if (query !== undefined) url.search = query.toString();
  return url;
}

function warnOfOpenToken({ protocol, hostname, origin }: URL, token: string | undefined): void {
  if (token === undefined || protocol === 'https:' || LOOPBACK.test(hostname)) return;
  process.stderr.write(`aigw: warning: the token goes to ${origin} unencrypted; use https or a port forward\n`);
}

/** `fetch` says only that it failed; the reason is below. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusalText(answer: unknown, { status, origin }: { status: number; origin: string }): string {
  const error = isObject(answer) ? answer['error'] : undefined;
  if (!isObject(error)) {
    return `${origin} answered ${status}, and not as an admin API does; is this the admin listener (\`admin.port\`)?`;
  }
  const { code, message } = error;
  const hint =
    code === 'token_required' || code === 'token_unknown' || code === 'loopback_only'
      ? ' Give the token with AIGW_ADMIN_TOKEN or --token.'
      : '';
  return `${typeof message === 'string' ? message : `it answered ${status}`}${hint}`;
}
