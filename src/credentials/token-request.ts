import { isObject, type JsonObject } from '../json/types.ts';
import type { CredentialEnvironment, HttpCall } from './credential.ts';
import { type CredentialKind, credentialError } from './credential-error.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
const ERROR_NAME = /^[\w.:-]{1,80}$/;
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const JWT = /eyJ[\w-]+(?:\.[\w-]*){0,4}/g;

/** One call to a token service. */
export interface TokenRequest {
  kind: CredentialKind;
  /** The service in people's words, such as `the token endpoint`. */
  service: string;
  method: 'GET' | 'POST' | 'PUT';
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** The default is 10 s. */
  timeoutMs?: number;
  /** Only for metadata services; a URL that itself names loopback, such as a side-car's, is let through without it. */
  allowLocal?: boolean;
  /** What the call carries that must not turn up in an error, even if the service echoes it. */
  secrets?: readonly string[];
}

/**
 * Calls a token service and gives back the body of its answer. Rejects with `credential_unavailable` when it is not
 * reached or answers anything but 2xx; a redirect is such a failure, because a secret must not follow it.
 */
export async function requestText(environment: CredentialEnvironment, request: TokenRequest): Promise<string> {
  const call: Parameters<HttpCall>[0] = {
    method: request.method,
    url: request.url,
    headers: request.headers ?? {},
    timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
  if (request.body !== undefined) call.body = request.body;
  if (request.allowLocal === true || isLoopbackUrl(request.url)) call.allowLocal = true;
  let response: Awaited<ReturnType<HttpCall>>;
  try {
    response = await environment.http(call);
  } catch (error) {
    throw credentialError(request.kind, `${request.service} cannot be reached`, error);
  }
  if (response.status >= 200 && response.status < 300) return response.body;
  const name = errorName(response.body);
  const text = redact(response.body, request.secrets ?? []).slice(0, 500);
  throw credentialError(
    request.kind,
    `${request.service} answered ${response.status}${name === undefined ? '' : ` (${name})`}`,
    new Error(`${request.method} ${withoutQuery(request.url)}: ${response.status} ${text}`),
  );
}

/** Whether a URL names this machine outright; a name that only resolves to it does not count. */
export function isLoopbackUrl(url: string): boolean {
  return URL.canParse(url) && LOOPBACK.test(new URL(url).hostname);
}

/** Like `requestText`, for an answer that is a JSON object. The parser's own error is not kept: it quotes the answer. */
export async function requestJson(environment: CredentialEnvironment, request: TokenRequest): Promise<JsonObject> {
  const answer = parseJsonObject(await requestText(environment, request));
  if (answer === undefined) throw credentialError(request.kind, `${request.service} did not answer with a JSON object`);
  return answer;
}

/** The JSON object in a text; undefined when it is not one. Tells nothing about the text, which may be secret. */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // The parser's message quotes the text.
    return undefined;
  }
}

/** A field that is a text of at least one character; undefined otherwise. */
export function textField(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A form body (`application/x-www-form-urlencoded`); undefined values are left out. */
export function formBody(fields: Record<string, string | undefined>): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) form.append(name, value);
  }
  return form.toString();
}

/** The media type of `formBody`. */
export const FORM_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'application/x-www-form-urlencoded',
  accept: 'application/json',
};

/** The short error name in an answer of OAuth (`error`), Google (`error.status`) or AWS (`Code`), if it is harmless to show. */
function errorName(body: string): string | undefined {
  const json = parseJsonObject(body);
  let name: unknown;
  if (json !== undefined) name = isObject(json['error']) ? json['error']['status'] : (json['error'] ?? json['Code']);
  else name = xmlText(body, 'Code');
  return typeof name === 'string' && ERROR_NAME.test(name) && !name.startsWith('eyJ') ? name : undefined;
}

/** The text of the first `<tag>` in an XML document; undefined without one. Enough for the flat answers of AWS STS. */
export function xmlText(document: string, tag: string): string | undefined {
  const start = document.indexOf(`<${tag}>`);
  if (start < 0) return undefined;
  const from = start + tag.length + 2;
  const end = document.indexOf(`</${tag}>`, from);
  if (end < 0) return undefined;
  return document
    .slice(from, end)
    .trim()
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}

function redact(text: string, secrets: readonly string[]): string {
  let clean = text.replace(JWT, '***');
  for (const secret of secrets) {
    if (secret.length >= 4) clean = clean.replaceAll(secret, '***');
  }
  return clean;
}

function withoutQuery(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
