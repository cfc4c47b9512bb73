import { isObject } from '../../json/types.ts';
import { DIALECT_NAMES, type DialectName } from '../names.ts';
import { makerOrigin, markToken, readMarkedToken } from '../neutral/opaque-token.ts';
import type { NeutralOrigin } from '../neutral/request.ts';

/** What another provider gave to prove or continue its thinking, on its way through `encrypted_content`. */
export interface ForeignToken {
  /** The API of the provider that made it; absent when it is not known. */
  dialect?: DialectName;
  signature?: string;
  encrypted?: string;
  /** A signature that belongs to the tool call behind the reasoning item (Gemini signs calls). */
  callSignature?: string;
}

/** How another provider's token begins as an `encrypted_content`: OpenAI refuses it. */
export const FOREIGN_MARK = 'aigw1:';

/** Writes another provider's token as an `encrypted_content`: a mark, then JSON. */
export function packForeignToken(token: ForeignToken): string {
  const { dialect: d, signature: s, encrypted: e, callSignature: c } = token;
  return FOREIGN_MARK + JSON.stringify({ d, s, e, c });
}

/** Reads what `packForeignToken` wrote; `undefined` for OpenAI's own `encrypted_content`. */
export function unpackForeignToken(text: string): ForeignToken | undefined {
  if (!text.startsWith(FOREIGN_MARK)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text.slice(FOREIGN_MARK.length));
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const token: ForeignToken = {};
  const dialect = DIALECT_NAMES.find((name) => name === value['d']);
  if (dialect !== undefined) token.dialect = dialect;
  if (typeof value['s'] === 'string') token.signature = value['s'];
  if (typeof value['e'] === 'string') token.encrypted = value['e'];
  if (typeof value['c'] === 'string') token.callSignature = value['c'];
  return token;
}

/** OpenAI's reasoning item, without its text. */
export interface OwnToken {
  /** The item's id, which OpenAI checks against the content; empty when unknown. */
  id: string;
  encryptedContent: string;
}

/** Writes OpenAI's token for the neutral field `encrypted`, in which it travels marked, see neutral/opaque-token.ts. */
export function packOwnToken(token: OwnToken): string {
  return markToken({ maker: 'openai-responses', kind: 'encrypted', token: `${token.id}:${token.encryptedContent}` });
}

/** Reads what `packOwnToken` wrote; `undefined` for another provider's token. */
export function unpackOwnToken(text: string): OwnToken | undefined {
  const marked = readMarkedToken(text);
  if (marked?.maker !== 'openai-responses') return undefined;
  const colon = marked.token.indexOf(':');
  return colon < 0 ? undefined : { id: marked.token.slice(0, colon), encryptedContent: marked.token.slice(colon + 1) };
}

/**
 * The origin that tells other dialects' writers whose token a thought carries, so that none sends it to a provider that
 * did not make it; `undefined` where the maker is not known.
 */
export function originOfToken(token: ForeignToken, text: string): NeutralOrigin | undefined {
  if (token.dialect === 'gemini' && token.signature !== undefined) {
    return { dialect: 'gemini', value: { text, thought: true, thoughtSignature: token.signature } };
  }
  return token.dialect === undefined ? undefined : makerOrigin(token.dialect);
}
