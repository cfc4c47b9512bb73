import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { FOREIGN_MARK } from './reasoning-token.ts';

function isForeign(item: JsonValue): boolean {
  if (!isObject(item) || item['type'] !== 'reasoning') return false;
  const content = item['encrypted_content'];
  return typeof content === 'string' && content.startsWith(FOREIGN_MARK);
}

/**
 * A request without the reasoning items that this gateway made of another provider's thoughts: OpenAI cannot decrypt
 * them, nor does it know their ids, and refuses the request. Everything else stays as it is.
 */
export function withoutForeignItems(body: JsonObject, warn: (warning: string) => void): JsonObject {
  const input = body['input'];
  if (!Array.isArray(input)) return body;
  const kept = input.filter((item) => !isForeign(item));
  if (kept.length === input.length) return body;
  warn('Thoughts without a token of OpenAI were left out: the Responses API cannot take them back.');
  return { ...body, input: kept };
}
