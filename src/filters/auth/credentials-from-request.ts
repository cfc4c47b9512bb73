import { GatewayError } from '../../errors/gateway-error.ts';

/** Where clients' keys and tokens are looked for. Names of headers are in lower case. */
export interface CredentialPlaces {
  readonly headers: readonly string[];
  readonly query: readonly string[];
  readonly cookies: readonly string[];
  /** Whether `authorization: Basic` counts. */
  readonly basic: boolean;
  /** True at the length of each header that is looked at: most of a request's need not be compared. */
  readonly headerLengths: readonly boolean[];
}

/** Where the official SDKs put keys, in the order in which a credential is named in messages and logs. */
export const SDK_HEADERS: readonly string[] = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'];
const SDK_QUERY: readonly string[] = ['key'];
const COOKIE = 'cookie';

/** The places of `auth_filter.extract_from`, which take the place of the usual ones as soon as one is named. */
export function credentialPlaces(
  extractFrom: {
    readonly headers?: readonly string[] | undefined;
    readonly query?: readonly string[] | undefined;
    readonly cookies?: readonly string[] | undefined;
  } = {},
  { basic = false }: { basic?: boolean } = {},
): CredentialPlaces {
  const { headers, query, cookies } = extractFrom;
  if (headers === undefined && query === undefined && cookies === undefined) {
    return { headers: SDK_HEADERS, query: SDK_QUERY, cookies: [], basic, headerLengths: lengthsOf(SDK_HEADERS) };
  }
  const named = (headers ?? []).map((name) => name.toLowerCase());
  const looked = basic && !named.includes('authorization') ? ['authorization', ...named] : named;
  return {
    headers: looked,
    query: query ?? [],
    cookies: cookies ?? [],
    basic,
    headerLengths: lengthsOf(cookies === undefined ? looked : [...looked, COOKIE]),
  };
}

function lengthsOf(names: readonly string[]): boolean[] {
  const longest = Math.max(0, ...names.map(({ length }) => length));
  return Array.from({ length: longest + 1 }, (_, length) => names.some((name) => name.length === length));
}

/** A credential that a client sent. Not verified. */
export interface PresentedCredential {
  /** `bearer`: a key or a token with that scheme; `key`: a key from elsewhere; `basic`: user and password. */
  readonly kind: 'bearer' | 'key' | 'basic';
  /** The key or token; for `basic` the decoded `user:password`. */
  readonly text: string;
  /** Where it stood, such as `the header x-api-key`: for messages. */
  readonly place: string;
}

/** Longer credentials are refused. */
const MAX_CREDENTIAL_LENGTH = 16 * 1024;

const BEARER = 'bearer ';
const BASIC = 'basic ';

/**
 * The credential of a request; undefined when there is none. The same key in several places is one key; two different ones
 * are refused, since only one of them would be checked. Throws GatewayError `unauthenticated`.
 */
export function credentialFromRequest(
  { rawHeaders, query }: { rawHeaders: readonly string[]; query: string },
  places: CredentialPlaces,
): PresentedCredential | undefined {
  let found: PresentedCredential | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const written = rawHeaders[index] as string;
    if (places.headerLengths[written.length] !== true) continue;
    const name = written.toLowerCase();
    if (places.headers.includes(name)) {
      found = joined(found, fromHeader(name, rawHeaders[index + 1] as string, places));
    } else if (name === COOKIE && places.cookies.length > 0) {
      for (const cookie of places.cookies) {
        found = joined(found, fromPairs(rawHeaders[index + 1] as string, cookie, COOKIES));
      }
    }
  }
  if (query !== '') {
    for (const parameter of places.query) found = joined(found, fromPairs(query, parameter, QUERY));
  }
  return found;
}

function fromHeader(
  name: string,
  value: string,
  { basic, headers }: CredentialPlaces,
): PresentedCredential | undefined {
  const place = `the header ${name}`;
  const text = bounded(value.trim(), place);
  if (name !== 'authorization') return text === '' ? undefined : { kind: 'key', text: withoutBearer(text), place };
  if (startsWithScheme(text, BEARER)) {
    const token = text.slice(BEARER.length).trim();
    return token === '' ? undefined : { kind: 'bearer', text: token, place };
  }
  if (startsWithScheme(text, BASIC)) {
    if (!basic) return undefined;
    const decoded = Buffer.from(text.slice(BASIC.length).trim(), 'base64').toString('utf8');
    if (!decoded.includes(':')) throw unauthenticated('The header authorization holds no user and password.');
    return { kind: 'basic', text: decoded, place };
  }
  // Another scheme, such as a signature: it proves nothing to the gateway. A bare key counts where it was configured.
  return headers === SDK_HEADERS || text === '' || text.includes(' ') ? undefined : { kind: 'key', text, place };
}

function startsWithScheme(text: string, scheme: string): boolean {
  return text.length > scheme.length && text.slice(0, scheme.length).toLowerCase() === scheme;
}

function withoutBearer(text: string): string {
  return startsWithScheme(text, BEARER) ? text.slice(BEARER.length).trim() : text;
}

interface PairSyntax {
  /** Between pairs. */
  readonly separator: string;
  readonly label: string;
  /** Whether `+` is a space and `%41` an `A`. */
  readonly encoded: boolean;
}

const QUERY: PairSyntax = { separator: '&', label: 'the query parameter', encoded: true };
const COOKIES: PairSyntax = { separator: ';', label: 'the cookie', encoded: false };

function fromPairs(text: string, name: string, syntax: PairSyntax): PresentedCredential | undefined {
  const place = `${syntax.label} ${name}`;
  let found: PresentedCredential | undefined;
  const start = syntax.encoded && text.startsWith('?') ? 1 : 0;
  for (const pair of text.slice(start).split(syntax.separator)) {
    const equals = pair.indexOf('=');
    if (equals === -1 || decoded(pair.slice(0, equals).trim(), syntax) !== name) continue;
    const value = bounded(decoded(pair.slice(equals + 1).trim(), syntax), place);
    if (value !== '') found = joined(found, { kind: 'key', text: value, place });
  }
  return found;
}

function decoded(text: string, { encoded }: PairSyntax): string {
  if (!encoded || !/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // Not an encoded text: it is what it is, and no key.
    return text;
  }
}

function joined(
  first: PresentedCredential | undefined,
  second: PresentedCredential | undefined,
): PresentedCredential | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  if (first.text !== second.text || (first.kind === 'basic') !== (second.kind === 'basic')) {
    throw unauthenticated(`Two different credentials were sent, in ${first.place} and in ${second.place}; send one.`);
  }
  return first;
}

function bounded(text: string, place: string): string {
  if (text.length > MAX_CREDENTIAL_LENGTH) throw unauthenticated(`The credential in ${place} is too long.`);
  return text;
}

function unauthenticated(message: string): GatewayError {
  return new GatewayError('unauthenticated', message);
}
