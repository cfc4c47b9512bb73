import { createHmac, hash } from 'node:crypto';
import type { SignableRequest } from '../credential.ts';
import { removeHeader, setHeader } from '../header-list.ts';

/** Keys to sign with. */
export interface AwsKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** Signs requests for one service in one region. */
export type SigV4Signer = (request: SignableRequest, keys: AwsKeys, nowMs: number) => void;

const ALGORITHM = 'AWS4-HMAC-SHA256';
const EMPTY_BODY = new Uint8Array(0);
const RESERVED = /[^A-Za-z0-9\-._~/]/;
const RESERVED_ALL = /[^A-Za-z0-9\-._~/]+/g;
const RESERVED_IN_QUERY = /[^A-Za-z0-9\-._~]+/g;
const BLANKS = /[ \t]+/g;

/**
 * Makes a Signature Version 4 signer (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 * It sets `authorization`, `x-amz-date`, `x-amz-content-sha256` and, for temporary keys, `x-amz-security-token`; signed are
 * `host`, `content-type` and every `x-amz-` header, never `content-length`, which a proxy may change. A body that is
 * undefined is signed as empty. The signing key is kept for the day.
 */
export function createSigV4Signer(service: string, region: string): SigV4Signer {
  let derived: { secret: string; day: string; key: Buffer } | undefined;
  let stamp = { second: Number.NaN, date: '', day: '' };

  function stampOf(nowMs: number): typeof stamp {
    const second = Math.floor(nowMs / 1000);
    if (stamp.second !== second) {
      const date = amzDate(nowMs);
      stamp = { second, date, day: date.slice(0, 8) };
    }
    return stamp;
  }

  function signingKey(secret: string, day: string): Buffer {
    if (derived === undefined || derived.day !== day || derived.secret !== secret) {
      const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), 'aws4_request');
      derived = { secret, day, key };
    }
    return derived.key;
  }

  return (request, keys, nowMs) => {
    const { date, day } = stampOf(nowMs);
    const { headers } = request;
    const payloadHash = hash('sha256', request.body ?? EMPTY_BODY, 'hex');
    removeHeader(headers, 'authorization');
    setHeader(headers, 'x-amz-date', date);
    setHeader(headers, 'x-amz-content-sha256', payloadHash);
    if (keys.sessionToken === undefined) removeHeader(headers, 'x-amz-security-token');
    else setHeader(headers, 'x-amz-security-token', keys.sessionToken);

    const { names, lines } = canonicalHeaders(request);
    const query = request.path.indexOf('?');
    const path = query < 0 ? request.path : request.path.slice(0, query);
    const canonicalQuery = query < 0 ? '' : toCanonicalQuery(request.path.slice(query + 1));
    const canonical = `${request.method}\n${toCanonicalPath(path)}\n${canonicalQuery}\n${lines}\n${names}\n${payloadHash}`;
    const scope = `${day}/${region}/${service}/aws4_request`;
    const toSign = `${ALGORITHM}\n${date}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
    const signature = createHmac('sha256', signingKey(keys.secretAccessKey, day)).update(toSign).digest('hex');
    headers.push(
      'authorization',
      `${ALGORITHM} Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    );
  };
}

/**
 * The canonical form of a path as it goes on the wire: dot segments and empty segments resolved, every segment encoded
 * once more, so that `%3A` becomes `%253A` (all services but S3).
 */
export function toCanonicalPath(path: string): string {
  const normal = path.includes('//') || path.includes('/.') ? removeDotSegments(path) : path;
  if (normal === '') return '/';
  return RESERVED.test(normal) ? normal.replace(RESERVED_ALL, encodeStrictly) : normal;
}

/** The canonical form of a query string as it goes on the wire, without `?`: decoded, encoded strictly, sorted. */
export function toCanonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs: [string, string][] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? '' : part.slice(equals + 1);
    pairs.push([recode(name), recode(value)]);
  }
  pairs.sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

/** The `x-amz-date` of an instant, such as `20150830T123600Z`. */
function amzDate(nowMs: number): string {
  const iso = new Date(nowMs).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}

function canonicalHeaders(request: SignableRequest): { names: string; lines: string } {
  const signed: [string, string][] = [['host', request.host]];
  const { headers } = request;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (name !== 'content-type' && !name.startsWith('x-amz-')) continue;
    const value = (headers[index + 1] ?? '').trim().replace(BLANKS, ' ');
    const same = signed.find((entry) => entry[0] === name);
    if (same === undefined) signed.push([name, value]);
    else same[1] += `,${value}`;
  }
  signed.sort(([a], [b]) => compare(a, b));
  let names = '';
  let lines = '';
  for (const [name, value] of signed) {
    names += names === '' ? name : `;${name}`;
    lines += `${name}:${value}\n`;
  }
  return { names, lines };
}

function removeDotSegments(path: string): string {
  const out: string[] = [];
  const segments = path.split('/');
  for (const segment of segments) {
    if (segment === '..') out.pop();
    else if (segment !== '' && segment !== '.') out.push(segment);
  }
  const last = segments.at(-1);
  const ending = out.length > 0 && (last === '' || last === '.' || last === '..') ? '/' : '';
  return `/${out.join('/')}${ending}`;
}

function recode(text: string): string {
  let plain = text;
  try {
    plain = decodeURIComponent(text);
  } catch {
    // A stray percent sign stands for itself.
  }
  return plain.replace(RESERVED_IN_QUERY, encodeStrictly);
}

/** Percent-encodes everything, also what `encodeURIComponent` leaves alone. Only called with characters to encode. */
function encodeStrictly(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text, 'utf8')) out += `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
  return out;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
