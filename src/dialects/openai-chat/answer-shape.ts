import type { ResponseContext } from '../dialect.ts';
import type { DialectName } from '../names.ts';
import type { AnswerApi } from '../neutral/answer-losses.ts';
import type { UsageDetails } from '../openai/usage.ts';

/** This API in sentences about what of an answer it cannot show. */
export const CHAT_ANSWER: AnswerApi = { dialect: 'openai-chat', title: 'chat completions' };

/** Details of an answer's form that do not change what it says. */
export interface AnswerShape {
  /** Whether usage has its details objects even when they are empty. */
  readonly usageDetails: UsageDetails;
  /** Whether every chunk of a stream repeats the role, a chunk with the role alone first, and tool call chunks all their fields. */
  readonly fullChunks: boolean;
  /** Whether an answer for which the provider gave neither id nor time has neither. */
  readonly bareIdentity: boolean;
}

const ORDINARY: AnswerShape = { usageDetails: 'always', fullChunks: false, bareIdentity: false };

/**
 * The forms that clients of the reference system know, by the API the answer came from. They are
 * kept so that moving to this gateway changes nothing a client could see.
 */
const SHAPES: Partial<Record<DialectName, AnswerShape>> = {
  'bedrock-converse': { usageDetails: 'when-known', fullChunks: true, bareIdentity: false },
  gemini: { usageDetails: 'always', fullChunks: false, bareIdentity: true },
};

/** The form for answers of the provider API in `context`; the ordinary one when it names none. */
export function answerShape(context: ResponseContext): AnswerShape {
  return (context.providerDialect === undefined ? undefined : SHAPES[context.providerDialect]) ?? ORDINARY;
}
