import type { DialectName } from '../dialects/names.ts';
import { TOKEN_MARK } from '../dialects/neutral/opaque-token.ts';
import { FOREIGN_MARK } from '../dialects/openai-responses/reasoning-token.ts';

const MARKED = Buffer.from(TOKEN_MARK, 'latin1');
const FOREIGN_ITEM = Buffer.from(`${FOREIGN_MARK}{`, 'latin1');

/**
 * What tells another vendor's token in the bodies of an API. Chat completions are left out: its servers verify no tokens,
 * and most traffic is spared the search.
 */
const MARKS: Partial<Record<DialectName, Buffer>> = {
  anthropic: MARKED,
  'anthropic-count-tokens': MARKED,
  'bedrock-converse': MARKED,
  'bedrock-count-tokens': MARKED,
  gemini: MARKED,
  'gemini-count-tokens': MARKED,
  'openai-responses': FOREIGN_ITEM,
  'openai-input-tokens': FOREIGN_ITEM,
};

/**
 * Whether a client gives back thoughts that another vendor's model had when it answered in this conversation: such a
 * body cannot go as it is to the vendor whose API it is written in. One search through the bytes.
 */
export function holdsForeignTokens(dialect: DialectName, body: Uint8Array): boolean {
  const mark = MARKS[dialect];
  return mark !== undefined && asBuffer(body).includes(mark);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
