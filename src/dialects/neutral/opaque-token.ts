import { DIALECT_NAMES, type DialectName } from '../names.ts';
import { base64ToText, textToBase64 } from './base64.ts';
import type { NeutralOrigin, NeutralPart } from './request.ts';

/**
 * Tokens by which a model takes up its thoughts again (signatures, encrypted reasoning) on their way through the API of
 * another vendor. There they carry a mark, so that they are known when they come back and reach their maker alone: any
 * other would refuse the request.
 */
export interface OpaqueToken {
  /** Whose token it is, by the API that speaks for the vendor, see `vendorOf`. */
  maker: DialectName;
  /** `thought` signs a thought, `call` the tool call that follows, `encrypted` is a thought itself. */
  kind: 'thought' | 'call' | 'encrypted';
  /** Byte for byte as the maker gave it. */
  token: string;
}

const MARK = 'aigw-token:';

/**
 * How every marked token begins: base64 of nine characters of the mark. Base64 since some APIs carry such tokens as
 * bytes; the text cannot come about in JSON otherwise but by chance.
 */
export const TOKEN_MARK = 'YWlndy10b2tl';

const KINDS: readonly OpaqueToken['kind'][] = ['thought', 'call', 'encrypted'];

/** APIs whose tokens are another's: Claude's are good at Anthropic, on Bedrock and on Vertex AI alike. */
const SPOKESMEN: Partial<Record<DialectName, DialectName>> = { 'bedrock-converse': 'anthropic' };

/** The API that speaks for the vendor whose tokens this API carries. */
export function vendorOf(dialect: DialectName): DialectName {
  return SPOKESMEN[dialect] ?? dialect;
}

/** Writes a token for an API of another vendor: canonical base64. */
export function markToken({ maker, kind, token }: OpaqueToken): string {
  return textToBase64(`${MARK}${kind}:${maker}:${token}`);
}

/** Reads what `markToken` wrote, in either alphabet of base64; `undefined` for an unmarked token. */
export function readMarkedToken(text: string): OpaqueToken | undefined {
  if (!text.startsWith(TOKEN_MARK)) return undefined;
  const plain = base64ToText(text.replaceAll('-', '+').replaceAll('_', '/'));
  if (plain === undefined || !plain.startsWith(MARK)) return undefined;
  const kindEnd = plain.indexOf(':', MARK.length);
  const makerEnd = plain.indexOf(':', kindEnd + 1);
  if (kindEnd < 0 || makerEnd < 0) return undefined;
  const kind = KINDS.find((name) => name === plain.slice(MARK.length, kindEnd));
  const maker = DIALECT_NAMES.find((name) => name === plain.slice(kindEnd + 1, makerEnd));
  if (kind === undefined || maker === undefined) return undefined;
  return { kind, maker, token: plain.slice(makerEnd + 1) };
}

/**
 * A token as a client of the API `client` gets it from a provider of the API `provider`: marked, unless it is a token of
 * the client's own vendor, or the provider is not known.
 */
export function tokenForClient(
  token: string,
  kind: OpaqueToken['kind'],
  to: { client: DialectName; provider: DialectName | undefined },
): string {
  if (to.provider === undefined || token.startsWith(TOKEN_MARK)) return token;
  const maker = vendorOf(to.provider);
  return maker === vendorOf(to.client) ? token : markToken({ maker, kind, token });
}

/** A signature of a tool call as a client gets it in a thought without text, where its API has no other place. Google alone signs calls. */
export function callTokenForClient(signature: string): string {
  return signature.startsWith(TOKEN_MARK) ? signature : markToken({ maker: 'gemini', kind: 'call', token: signature });
}

/** The fields of a thought that tokens stand in. */
export interface ThoughtTokens {
  signature?: string;
  encrypted?: string;
  /** A signature that belongs to the tool call that follows. */
  callSignature?: string;
  /** Whose they are; absent where nobody knows. */
  origin?: NeutralOrigin;
}

/**
 * Reads a token that a client gives back as the neutral fields. `unmarked` is the vendor of a token without a mark;
 * undefined where clients of the API give back those of several vendors as they are.
 */
export function thoughtTokens(
  text: string,
  as: 'signature' | 'encrypted',
  unmarked: DialectName | undefined,
): ThoughtTokens {
  const marked = readMarkedToken(text);
  if (marked === undefined) {
    const origin = unmarked === undefined ? {} : { origin: makerOrigin(unmarked) };
    return as === 'signature' ? { signature: text, ...origin } : { encrypted: text, ...origin };
  }
  if (marked.kind === 'call') return { callSignature: marked.token };
  // A thought that its maker gave no token is anyone's.
  if (marked.token === '') return {};
  const origin = makerOrigin(marked.maker);
  if (marked.kind === 'thought') return { signature: marked.token, origin };
  // OpenAI's travels marked through the neutral model as well: it is an id and a token in one.
  return { encrypted: marked.maker === 'openai-responses' ? text : marked.token, origin };
}

/** Gives the tool calls among a client's parts the signatures that came in thoughts without text before them. */
export function placeCallSignatures(parts: readonly (NeutralPart & { callSignature?: string })[]): NeutralPart[] {
  if (!parts.some((part) => part.callSignature !== undefined)) return [...parts];
  const placed: NeutralPart[] = [];
  let waiting: string | undefined;
  for (const { callSignature, ...part } of parts) {
    if (callSignature !== undefined) waiting = callSignature;
    else if (part.type !== 'tool-call' || waiting === undefined) placed.push(part);
    else {
      placed.push({ ...part, signature: waiting });
      waiting = undefined;
    }
  }
  return placed;
}

/** The origin of a thought of which nothing is known but its maker. */
export function makerOrigin(dialect: DialectName): NeutralOrigin {
  return { dialect: vendorOf(dialect), value: {} };
}
