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

const REQUEST_DROPPED: ReadonlySet<string> = new Set([
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
]);

/** Where clients put credentials: they are for the gateway, not for the provider. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  // They say whose key it is.
  'openai-organization',
  'openai-project',
]);

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

function isInternal(name: string): boolean {
  if (name.charCodeAt(0) !== 0x78 || name.charCodeAt(1) !== 0x2d) return false;
  for (const prefix of INTERNAL_PREFIXES) if (name.startsWith(prefix)) return true;
  return false;
}

/** Headers of which only the first is read, here as in Node's parser: a second one must not count elsewhere. */
const SINGLE: ReadonlySet<string> = new Set([
  'authorization',
  'content-type',
  'from',
  'if-modified-since',
  'if-unmodified-since',
  'max-forwards',
  'referer',
  'user-agent',
]);

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
    const name = (raw[index] as string).toLowerCase();
    const value = raw[index + 1] as string;
    if (REQUEST_DROPPED.has(name)) {
      if (name === 'connection') dropped = connectionTokens(value) ?? dropped;
      continue;
    }
    if (allowed !== undefined && !allowed.has(name) && name !== 'content-type') continue;
    if (isInternal(name)) continue;
    if (CREDENTIALS.has(name) && !rules.credentials) continue;
    if (rules.translated && (name === 'content-type' || name === 'accept')) continue;
    if (consumed.length > 0 && isConsumed(name, consumed)) continue;
    if (mutation.remove.size > 0 && mutation.remove.has(name)) continue;
    if (SINGLE.has(name) && headers.includes(name)) continue;
    headers.push(name, value);
  }
  if (dropped !== undefined) removeNames(headers, dropped);
  for (const entry of mutation.set) headers.push(entry);
  return headers;
}

function removeNames(headers: string[], names: ReadonlySet<string>): void {
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    if (names.has(headers[index] as string)) headers.splice(index, 2);
  }
}

/** A provider's answer headers: names in lower case and values in turn, with a look-up. */
export class ResponseHeaders {
  readonly flat: string[];

  constructor(raw: readonly Uint8Array[]) {
    const flat: string[] = new Array(raw.length);
    for (let index = 0; index < raw.length; index += 2) {
      flat[index] = latin1(raw[index] as Uint8Array).toLowerCase();
      flat[index + 1] = latin1(raw[index + 1] as Uint8Array);
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
      if (RESPONSE_DROPPED.has(name) || name.startsWith('x-aigw-')) continue;
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

function latin1(bytes: Uint8Array): string {
  return (bytes as Buffer).toString('latin1');
}
