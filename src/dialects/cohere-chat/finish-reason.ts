import type { FinishReason, NeutralCandidate } from '../neutral/response.ts';

/** Cohere's `finish_reason` in the neutral words; the word itself is kept where the neutral one says less. */
export function decodeFinishReason(
  word: string | undefined,
): Pick<NeutralCandidate, 'finishReason' | 'rawFinishReason'> {
  switch (word) {
    case undefined:
    case 'COMPLETE':
      return { finishReason: 'stop' };
    case 'STOP_SEQUENCE':
      return { finishReason: 'stop-sequence' };
    case 'MAX_TOKENS':
      return { finishReason: 'length' };
    case 'TOOL_CALL':
      return { finishReason: 'tool-calls' };
    case 'ERROR_LIMIT':
      return { finishReason: 'length', rawFinishReason: word };
    case 'ERROR_TOXIC':
      return { finishReason: 'content-filter', rawFinishReason: word };
    default:
      return { finishReason: 'other', rawFinishReason: word };
  }
}

/** The neutral reason in Cohere's words. A filtered answer is an error there: it must not pass for a whole one. */
export function encodeFinishReason(reason: FinishReason, raw: string | undefined): string {
  switch (reason) {
    case 'stop':
    case 'pause':
      return 'COMPLETE';
    case 'stop-sequence':
      return 'STOP_SEQUENCE';
    case 'length':
      return 'MAX_TOKENS';
    case 'tool-calls':
      return 'TOOL_CALL';
    case 'content-filter':
      return 'ERROR';
    case 'other':
      return raw === 'TIMEOUT' ? raw : 'COMPLETE';
    default:
      return reason satisfies never;
  }
}
