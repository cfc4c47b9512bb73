import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { NeutralPart } from '../neutral/request.ts';
import { readString } from '../openai/fields.ts';
import { originOfToken, packOwnToken, unpackForeignToken } from './reasoning-token.ts';
import { originOf } from './wire.ts';

/** The texts of a list of `summary_text` or `reasoning_text` parts. */
function textsOf(list: JsonValue | undefined): string[] {
  if (!Array.isArray(list)) return [];
  return list.map((part) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : ''));
}

/** What stands between the parts of a summary when they are read as one text. */
export const SUMMARY_BREAK = '\n\n';

/** The visible thought of a reasoning item: its summary, or the reasoning itself where a server gives that. */
export function reasoningText(item: JsonObject): string {
  const summary = textsOf(item['summary']);
  return summary.length > 0 ? summary.join(SUMMARY_BREAK) : textsOf(item['content']).join('');
}

/** Reads a reasoning item of OpenAI's; its token is made fit to travel through other APIs. */
export function decodeOwnReasoning(item: JsonObject): NeutralPart {
  const part: NeutralPart = { type: 'reasoning', text: reasoningText(item), origin: originOf(item) };
  const token = item['encrypted_content'];
  if (typeof token === 'string' && token !== '') {
    const id = typeof item['id'] === 'string' ? item['id'] : '';
    part.encrypted = packOwnToken({ id, encryptedContent: token });
  }
  return part;
}

/** What a reasoning item of a request says. */
export interface DecodedReasoning {
  /** Absent where the item only carried the signature of the call behind it. */
  part?: NeutralPart;
  /** The signature of the call behind it. */
  callSignature?: string;
}

/**
 * Reads a reasoning item of a request: OpenAI's own, or another provider's that this gateway wrote as
 * one. A thought without a token belongs to no provider: only its text is kept.
 */
export function decodeReasoning(item: JsonObject, at: string): DecodedReasoning {
  const content = readString(item, 'encrypted_content', at);
  const text = reasoningText(item);
  if (content === undefined || content === '') {
    return { part: text === '' ? { type: 'reasoning', text, origin: originOf(item) } : { type: 'reasoning', text } };
  }
  const token = unpackForeignToken(content);
  if (token === undefined) return { part: decodeOwnReasoning(item) };
  const decoded: DecodedReasoning = {};
  if (token.callSignature !== undefined) decoded.callSignature = token.callSignature;
  if (text === '' && token.signature === undefined && token.encrypted === undefined) return decoded;
  const part: NeutralPart = { type: 'reasoning', text };
  decoded.part = part;
  // Without a token of its maker a thought is anyone's.
  if (token.signature === undefined && token.encrypted === undefined) return decoded;
  if (token.signature !== undefined) part.signature = token.signature;
  if (token.encrypted !== undefined) part.encrypted = token.encrypted;
  const origin = originOfToken(token, text);
  if (origin !== undefined) part.origin = origin;
  return decoded;
}
