import type { ExplainRequest } from '../exchange/explain.ts';
import { isObject, type JsonObject, type JsonValue } from '../json/types.ts';
import { ExitError } from './exit-error.ts';

/** What the command line says about the request. */
export interface RequestOptions {
  /** The path that the JSON is a body for; undefined: the JSON describes a whole request. */
  path?: string;
}

const FIELDS: readonly string[] = [
  'method',
  'path',
  'host',
  'listener',
  'headers',
  'query',
  'body',
  'source_ip',
  'principal',
  'claims',
];
const PRINCIPAL_FIELDS = ['organization', 'team', 'user', 'key'] as const;

function wrong(message: string): ExitError {
  return new ExitError(2, `the request cannot be explained: ${message}`);
}

function textOf(request: JsonObject, name: string): string | undefined {
  const value = request[name];
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(`\`${name}\` must be text`);
}

function mapOf(request: JsonObject, name: string): JsonObject {
  const value = request[name] ?? {};
  if (isObject(value)) return value;
  throw wrong(`\`${name}\` must be a map`);
}

function scalarText(value: JsonValue | undefined, name: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw wrong(`\`${name}\` must be text`);
}

function refuseUnknown(map: JsonObject, known: readonly string[], where: string): void {
  const unknown = Object.keys(map).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const bare = where === '' ? '; for the body of a request alone give --path' : '';
  throw wrong(`\`${where}${unknown}\` is unknown; known are ${known.join(', ')}${bare}`);
}

function readHeaders(request: JsonObject, host: string | undefined): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(mapOf(request, 'headers'))) {
    headers.set(name.toLowerCase(), scalarText(value, `headers.${name}`));
  }
  if (host !== undefined) headers.set('host', host);
  else if (!headers.has('host')) headers.set('host', 'localhost');
  if (request['body'] !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json');
  return headers;
}

function readUrl(request: JsonObject, path: string): string {
  const query = request['query'];
  if (query === undefined) return path;
  if (typeof query === 'string') return `${path}?${query.replace(/^\?/, '')}`;
  const pairs = Object.entries(mapOf(request, 'query')).map(([name, value]): [string, string] => [
    name,
    scalarText(value, `query.${name}`),
  ]);
  return `${path}?${new URLSearchParams(pairs)}`;
}

function readPrincipal(request: JsonObject): ExplainRequest['principal'] {
  if (request['principal'] === undefined) return undefined;
  const map = mapOf(request, 'principal');
  refuseUnknown(map, PRINCIPAL_FIELDS, 'principal.');
  return Object.fromEntries(
    PRINCIPAL_FIELDS.flatMap((name) =>
      map[name] === undefined ? [] : [[name, scalarText(map[name], `principal.${name}`)]],
    ),
  );
}

function readBody(body: JsonValue | undefined): Uint8Array {
  if (body === undefined) return new Uint8Array();
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/**
 * Reads a request to explain: `{ method?, path, host?, listener?, headers?, query?, body?, source_ip?, principal?,
 * claims? }`, or with a path the body alone. Throws ExitError for what is neither.
 */
export function parseRequest(text: string, options: RequestOptions): ExplainRequest {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw wrong(`it is not JSON: ${(error as Error).message}`);
  }
  const request: JsonValue = options.path === undefined ? value : { path: options.path, body: value };
  if (!isObject(request)) throw wrong('it must be a map with `path` and what else the client sends');
  refuseUnknown(request, FIELDS, '');
  const path = textOf(request, 'path');
  if (path === undefined) throw wrong('`path` is missing; write one such as /v1/chat/completions');
  if (!path.startsWith('/')) throw wrong('`path` must start with "/"');
  const claims = request['claims'] === undefined ? undefined : mapOf(request, 'claims');
  return {
    method: textOf(request, 'method')?.toUpperCase() ?? (request['body'] === undefined ? 'GET' : 'POST'),
    url: readUrl(request, path),
    headers: readHeaders(request, textOf(request, 'host')),
    listener: textOf(request, 'listener') ?? '',
    sourceIp: textOf(request, 'source_ip') ?? '127.0.0.1',
    body: readBody(request['body']),
    principal: readPrincipal(request),
    claims,
  };
}
