import { isObject, type JsonObject } from '../../json/types.ts';
import { base64ToText, textToBase64 } from '../bedrock-converse/opaque-bytes.ts';
import { DIALECT_NAMES, type DialectName } from '../names.ts';

/** What another provider gave to prove or continue its thinking, on its way through `encrypted_content`. */
export interface ForeignToken {
  /** The API of the provider that made it; absent when it is not known. */
  dialect?: DialectName;
  signature?: string;
  encrypted?: string;
  /** A signature that belongs to the tool call behind the reasoning item (Gemini signs calls). */
  callSignature?: string;
}

const FOREIGN_MARK = 'aigw1:';

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

/**
 * Stands before OpenAI's token on its way through other APIs, by which it is known when it comes back.
 * The whole is base64 since some of them carry such tokens as bytes.
 */
const OWN_MARK = 'aigw-rs:';

/** The beginning of `OWN_MARK` in base64. */
const OWN_START = 'YWlndy1y';

/** Writes OpenAI's token for the neutral field `encrypted`: canonical base64. */
export function packOwnToken(token: OwnToken): string {
  return textToBase64(`${OWN_MARK}${token.id}:${token.encryptedContent}`);
}

/** Reads what `packOwnToken` wrote, in either alphabet of base64; `undefined` for another provider's token. */
export function unpackOwnToken(text: string): OwnToken | undefined {
  if (!text.startsWith(OWN_START)) return undefined;
  const packed = base64ToText(text.replaceAll('-', '+').replaceAll('_', '/'));
  if (packed === undefined || !packed.startsWith(OWN_MARK)) return undefined;
  const rest = packed.slice(OWN_MARK.length);
  const colon = rest.indexOf(':');
  return colon < 0 ? undefined : { id: rest.slice(0, colon), encryptedContent: rest.slice(colon + 1) };
}

/**
 * The origin that tells other dialects' writers whose token a thought carries, so that none sends it
 * to a provider that did not make it; `undefined` where the maker's writer wants no origin.
 */
export function originOfToken(
  token: ForeignToken,
  text: string,
): { dialect: DialectName; value: JsonObject } | undefined {
  if (token.dialect === 'anthropic') return { dialect: 'anthropic', value: {} };
  if (token.dialect === 'gemini' && token.signature !== undefined) {
    return { dialect: 'gemini', value: { text, thought: true, thoughtSignature: token.signature } };
  }
  return undefined;
}
