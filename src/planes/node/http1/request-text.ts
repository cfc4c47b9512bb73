import type { UpstreamRequest } from '../../../exchange/ports.ts';
import { NOT_IN_VALUE, TOKEN } from './characters.ts';
import type { HeaderLines } from './header-lines.ts';

const NOT_IN_PATH = /[^\x21-\x7e\x80-\xff]/;

/** Why a request cannot be put into HTTP/1.1. */
export class UnsendableRequest extends Error {
  override readonly name = 'UnsendableRequest';
}

/** Methods whose requests have a body as a rule (RFC 9110 §9.3): one without says so. */
export function expectsBody(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}

/**
 * The head of a request, one character for each byte, with the empty line (RFC 9112 §3). `host` is the value of `host` unless
 * the request brings its own; `keep` asks for the connection to be kept; `lines` are those of other requests, all written here. Throws UnsendableRequest for what could be read as
 * something else than it says.
 */
export function requestText(
  request: UpstreamRequest,
  options: { host: string; keep: boolean; length: number; lines: HeaderLines },
): string {
  const { method, path, headers } = request;
  if (method !== 'POST' && !TOKEN.test(method)) throw new UnsendableRequest('the method is not valid');
  if (path.charCodeAt(0) !== 0x2f || NOT_IN_PATH.test(path)) throw new UnsendableRequest('the path is not valid');
  const { lines } = options;
  let { host, keep } = options;
  let fields = '';
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string;
    const value = headers[index + 1] as string;
    const line = lines.find(index, name, value);
    if (line !== undefined) {
      fields += line;
      continue;
    }
    if (!TOKEN.test(name) || NOT_IN_VALUE.test(value))
      throw new UnsendableRequest(`the header ${quoted(name)} is not valid`);
    switch (connectionHeader(name)) {
      case undefined:
        fields += lines.add(index, name, value);
        break;
      case 'host':
        host = value;
        break;
      case 'connection':
        keep &&= !value.toLowerCase().split(',').some(isClose);
        break;
      default:
        throw new UnsendableRequest(`the header ${name} is not the caller's to set`);
    }
  }
  const { length } = options;
  const connection = keep ? 'keep-alive' : 'close';
  const counted = length > 0 || expectsBody(method) ? `content-length: ${length}\r\n` : '';
  return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${connection}\r\n${fields}${counted}\r\n`;
}

function isClose(token: string): boolean {
  return token.trim() === 'close';
}

/** What a name is in lower case if it belongs to the connection or the framing; undefined for all others. */
function connectionHeader(name: string): string | undefined {
  switch (name.length) {
    case 4:
    case 6:
    case 7:
    case 10:
    case 14:
    case 17: {
      const lower = name.toLowerCase();
      return CONNECTION_HEADERS.has(lower) ? lower : undefined;
    }
    default:
      return undefined;
  }
}

const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'expect',
  'upgrade',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
]);

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 50));
}
