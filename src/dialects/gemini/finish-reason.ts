import type { FinishReason } from '../neutral/response.ts';

/** Google's finish reasons and what they mean (https://ai.google.dev/api/generate-content#FinishReason). */
const NEUTRAL: Readonly<Record<string, FinishReason>> = {
  FINISH_REASON_UNSPECIFIED: 'other',
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  LANGUAGE: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  MODEL_ARMOR: 'content-filter',
  IMAGE_SAFETY: 'content-filter',
  IMAGE_PROHIBITED_CONTENT: 'content-filter',
  IMAGE_RECITATION: 'content-filter',
  CONTINUATION: 'pause',
  MALFORMED_FUNCTION_CALL: 'other',
  UNEXPECTED_TOOL_CALL: 'other',
  TOO_MANY_TOOL_CALLS: 'other',
  MISSING_THOUGHT_SIGNATURE: 'other',
  MALFORMED_RESPONSE: 'other',
  NO_IMAGE: 'other',
  IMAGE_OTHER: 'other',
  OTHER: 'other',
};

/** A finish reason with the provider's word where the neutral one says less. */
export interface DecodedFinish {
  finishReason: FinishReason;
  rawFinishReason?: string;
}

/** Reads Google's finish reason. `STOP` after a function call means that the caller is to answer it. */
export function decodeFinishReason(raw: string, hasToolCalls: boolean): DecodedFinish {
  if (raw === 'STOP') return { finishReason: hasToolCalls ? 'tool-calls' : 'stop' };
  if (raw === 'MAX_TOKENS') return { finishReason: 'length' };
  const finishReason = Object.hasOwn(NEUTRAL, raw) ? NEUTRAL[raw] : undefined;
  return { finishReason: finishReason ?? 'other', rawFinishReason: raw };
}

/** Writes Google's finish reason; a raw word is used only when it is Google's and means the same. */
export function encodeFinishReason(finish: DecodedFinish): string {
  const raw = finish.rawFinishReason;
  if (raw !== undefined && Object.hasOwn(NEUTRAL, raw) && NEUTRAL[raw] === finish.finishReason) return raw;
  switch (finish.finishReason) {
    case 'stop':
    case 'stop-sequence':
    case 'tool-calls':
      return 'STOP';
    case 'length':
      return 'MAX_TOKENS';
    case 'content-filter':
      return 'SAFETY';
    case 'pause':
    case 'other':
      return 'OTHER';
    default:
      return finish.finishReason satisfies never;
  }
}
