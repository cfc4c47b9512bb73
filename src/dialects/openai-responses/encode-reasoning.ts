import type { JsonObject } from '../../json/types.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { EncodeState } from './encode-parts.ts';
import { unpackOwnToken } from './reasoning-token.ts';
import { ownValue } from './wire.ts';

type Reasoning = NeutralPart & { type: 'reasoning' };

function summaryOf(text: string): JsonObject[] {
  return text === '' ? [] : [{ type: 'summary_text', text }];
}

/** Whether a thought is nothing but its text. */
function isBare(part: NeutralPart | undefined): part is Reasoning {
  return part?.type === 'reasoning' && part.signature === undefined && part.encrypted === undefined;
}

/** OpenAI's own thought, whole; `text` is its summary where an API in between kept that apart. */
function encodeOwn(part: Reasoning, text: string): JsonObject | undefined {
  const own = ownValue(part);
  if (typeof own?.['encrypted_content'] === 'string') return own;
  const token = part.encrypted === undefined ? undefined : unpackOwnToken(part.encrypted);
  if (token === undefined) return undefined;
  const item: JsonObject = { type: 'reasoning' };
  if (token.id !== '') item['id'] = token.id;
  item['summary'] = summaryOf(part.text === '' ? text : part.text);
  item['encrypted_content'] = token.encryptedContent;
  return item;
}

/**
 * Writes the thoughts at `at` of an answer's parts: an item, or nothing with a warning for those that
 * OpenAI did not make. A bare thought right before an encrypted one without text is its summary: APIs
 * that cannot hold both in one part give them back as two.
 */
export function encodeReasoning(
  parts: readonly NeutralPart[],
  at: number,
  state: EncodeState,
): { item: JsonObject | undefined; next: number } {
  const part = parts[at];
  if (part?.type !== 'reasoning') return { item: undefined, next: at + 1 };
  const following = parts[at + 1];
  if (isBare(part) && ownValue(part) === undefined && following?.type === 'reasoning' && following.text === '') {
    const joined = encodeOwn(following, part.text);
    if (joined !== undefined) return { item: joined, next: at + 2 };
  }
  const item = encodeOwn(part, '');
  if (item !== undefined) return { item, next: at + 1 };
  if (state.sameDialect && isBare(part)) {
    return { item: ownValue(part) ?? { type: 'reasoning', summary: summaryOf(part.text) }, next: at + 1 };
  }
  state.warn('Thoughts without a token of OpenAI were left out: the Responses API cannot take them back.');
  return { item: undefined, next: at + 1 };
}
