import { anthropic } from './anthropic/dialect.ts';
import { bedrockConverse } from './bedrock-converse/dialect.ts';
import type { Dialect } from './dialect.ts';
import { gemini } from './gemini/dialect.ts';
import type { DialectName } from './names.ts';
import { openaiChat } from './openai-chat/dialect.ts';
import { openaiResponses } from './openai-responses/dialect.ts';
import { PASS_THROUGH_DIALECTS } from './pass-through/dialects.ts';

const DIALECTS: ReadonlyMap<DialectName, Dialect> = new Map(
  [openaiChat, openaiResponses, anthropic, bedrockConverse, gemini, ...PASS_THROUGH_DIALECTS].map((entry) => [
    entry.name,
    entry,
  ]),
);

/** The dialect of that name. Throws for a name that no folder implements: a fault of the gateway's own tables. */
export function dialect(name: DialectName): Dialect {
  const found = DIALECTS.get(name);
  if (found === undefined) throw new Error(`dialect ${name} has no implementation`);
  return found;
}
