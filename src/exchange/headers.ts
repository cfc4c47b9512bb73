import type { HeaderMutation } from '../snapshot/snapshot.ts';

/** Headers of one connection, and those the gateway writes anew (RFC 9110 §7.6.1). */
const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

const REQUEST_DROPPED: readonly string[] = [
  ...HOP_BY_HOP,
  'host',
  'content-length',
  'expect',
  // Usage is read from the answer, so it should come as it is.
  'accept-encoding',
  'cookie',
  'forwarded',
  'via',
  'x-real-ip',
  'true-client-ip',
  'cf-connecting-ip',
];

/** Where clients put credentials: they are for the gateway, not for the provider. */
const CREDENTIALS: readonly string[] = [
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  // They say whose key it is.
  'openai-organization',
  'openai-project',
];

/** Headers of which only the first is read, here as in Node's parser: a second one must not count elsewhere. */
const SINGLE: readonly string[] = [
  'authorization',
  'content-type',
  'from',
  'if-modified-since',
  'if-unmodified-since',
  'max-forwards',
  'referer',
  'user-agent',
];

/** Headers that the body decides, so that a translated request has its own. */
const OF_BODY: readonly string[] = ['content-type', 'accept'];

/** What is known of a request header by its name alone. */
interface KnownHeader {
  /** In lower case. */
  name: string;
  dropped: boolean;
  credential: boolean;
  single: boolean;
  ofBody: boolean;
}

function titleCase(name: string): string {
  return name.replace(/(?:^|-)[a-z]/g, (letters) => letters.toUpperCase());
}

/** By the two spellings that clients use: one look-up says all about most headers. */
function createKnownHeaders(): ReadonlyMap<string, KnownHeader> {
  const known = new Map<string, KnownHeader>();
  for (const name of [...REQUEST_DROPPED, ...CREDENTIALS, ...SINGLE, ...OF_BODY]) {
    const header: KnownHeader = {
      name,
      dropped: REQUEST_DROPPED.includes(name),
      credential: CREDENTIALS.includes(name),
      single: SINGLE.includes(name),
      ofBody: OF_BODY.includes(name),
    };
    known.set(name, header);
    known.set(titleCase(name), header);
  }
  return known;
}

const KNOWN_HEADERS = createKnownHeaders();

const INTERNAL_PREFIXES: readonly string[] = ['x-aigw-', 'x-ai-eg-', 'x-envoy-', 'x-forwarded-', 'x-amz-'];

/** Not for the client: a provider's redirect would lead it, and its key, past the gateway. */
const RESPONSE_DROPPED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'content-length',
  'set-cookie',
  'server',
  'date',
  'alt-svc',
  'location',
]);

/** Whether a name starts with `x-` and a letter with which an internal prefix goes on: few others are compared at all. */
function mayBeInternal(name: string): boolean {
  if (name.charCodeAt(0) !== 0x78 || name.charCodeAt(1) !== 0x2d) return false;
  const third = name.charCodeAt(2);
  return third === 0x61 || third === 0x65 || third === 0x66;
}

function isInternal(name: string): boolean {
  if (!mayBeInternal(name)) return false;
  for (const prefix of INTERNAL_PREFIXES) if (name.startsWith(prefix)) return true;
  return false;
}

/** What decides which of a client's headers a provider sees. */
export interface ForwardRules {
  /** Allow-list in lower case; undefined: all that is not forbidden. */
  allowed: ReadonlySet<string> | undefined;
  /** Whether the client's own credential goes on. */
  credentials: boolean;
  /** Headers that carried credentials for this cluster; a trailing `*` stands for any rest. */
  consumed: readonly string[];
  mutation: HeaderMutation;
  /** Drops `content-type` and `accept`, which the translated request has of its own. */
  translated: boolean;
}

function isConsumed(name: string, consumed: readonly string[]): boolean {
  for (const entry of consumed) {
    if (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry) return true;
  }
  return false;
}

/** Names that a `connection` header declares to belong to this connection only; undefined when none. */
function connectionTokens(value: string): Set<string> | undefined {
  const lower = value.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close') return undefined;
  return new Set(lower.split(',').map((token) => token.trim()));
}

/**
 * The headers a provider request starts with: the client's, without hop-by-hop, credential, cookie, forwarding and
 * internal ones, then the configured ones. Names come out in lower case.
 */
export function forwardRequestHeaders(raw: readonly string[], rules: ForwardRules): string[] {
  const { allowed, mutation, consumed } = rules;
  const headers: string[] = [];
  let dropped: Set<string> | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const written = raw[index] as string;
    const value = raw[index + 1] as string;
    let known = KNOWN_HEADERS.get(written);
    const name = known === undefined ? written.toLowerCase() : known.name;
    if (known === undefined && name !== written) known = KNOWN_HEADERS.get(name);
    if (known?.dropped === true) {
      if (name === 'connection') dropped = connectionTokens(value) ?? dropped;
      continue;
    }
    if (allowed !== undefined && !allowed.has(name) && name !== 'content-type') continue;
    if (known === undefined) {
      if (isInternal(name)) continue;
    } else {
      if (known.credential && !rules.credentials) continue;
      if (known.ofBody && rules.translated) continue;
      if (known.single && hasName(headers, name)) continue;
    }
    if (consumed.length > 0 && isConsumed(name, consumed)) continue;
    if (mutation.remove.size > 0 && mutation.remove.has(name)) continue;
    headers.push(name, value);
  }
  if (dropped !== undefined) removeNames(headers, dropped);
  for (const entry of mutation.set) headers.push(entry);
  return headers;
}

function hasName(headers: readonly string[], name: string): boolean {
  for (let index = 0; index < headers.length; index += 2) if (headers[index] === name) return true;
  return false;
}

function removeNames(headers: string[], names: ReadonlySet<string>): void {
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    if (names.has(headers[index] as string)) headers.splice(index, 2);
  }
}

/** A provider's answer headers: names in lower case and values in turn, with a look-up. */
export class ResponseHeaders {
  readonly flat: string[];

  constructor(raw: readonly string[]) {
    const flat: string[] = new Array(raw.length);
    for (let index = 0; index < raw.length; index += 2) {
      flat[index] = (raw[index] as string).toLowerCase();
      flat[index + 1] = raw[index + 1] as string;
    }
    this.flat = flat;
  }

  /** The first value of a header; undefined when it is absent. */
  get(name: string): string | undefined {
    const flat = this.flat;
    for (let index = 0; index < flat.length; index += 2) if (flat[index] === name) return flat[index + 1];
    return undefined;
  }

  /** Removes a header. */
  drop(name: string): void {
    const flat = this.flat;
    for (let index = flat.length - 2; index >= 0; index -= 2) if (flat[index] === name) flat.splice(index, 2);
  }

  /** What of them may go to the client. `changed`: the body is not the provider's bytes any more. */
  forClient(changed: boolean): string[] {
    const headers: string[] = [];
    for (let index = 0; index < this.flat.length; index += 2) {
      const name = this.flat[index] as string;
      if (RESPONSE_DROPPED.has(name) || (mayBeInternal(name) && name.startsWith('x-aigw-'))) continue;
      if (
        changed &&
        (name === 'content-type' || name === 'content-encoding' || name === 'etag' || name === 'content-md5')
      )
        continue;
      headers.push(name, this.flat[index + 1] as string);
    }
    return headers;
  }
}
