import type { FinishReason } from '../neutral/response.ts';

/** A stop reason in the neutral model's words. */
export interface DecodedStop {
  finishReason: FinishReason;
  /** Bedrock's word where the neutral one says less. */
  rawFinishReason?: string;
}

/**
 * Reads `stopReason` (API_runtime_Converse). An absent or null reason means that the model called its tools, if
 * it called any, else that it was done.
 */
export function decodeStopReason(stopReason: string | undefined, calledTool: boolean): DecodedStop {
  switch (stopReason) {
    case undefined:
      return { finishReason: calledTool ? 'tool-calls' : 'stop' };
    case 'end_turn':
      return { finishReason: 'stop' };
    case 'tool_use':
      return { finishReason: 'tool-calls' };
    case 'max_tokens':
      return { finishReason: 'length' };
    case 'stop_sequence':
      return { finishReason: 'stop-sequence' };
    case 'guardrail_intervened':
    case 'content_filtered':
      return { finishReason: 'content-filter', rawFinishReason: stopReason };
    case 'model_context_window_exceeded':
      return { finishReason: 'length', rawFinishReason: stopReason };
    default:
      return { finishReason: 'other', rawFinishReason: stopReason };
  }
}

const BEDROCK_WORDS = [
  'guardrail_intervened',
  'content_filtered',
  'model_context_window_exceeded',
  'malformed_model_output',
  'malformed_tool_use',
];

/** Writes `stopReason`. Bedrock's own finer words survive a round trip. */
export function encodeStopReason(finishReason: FinishReason, rawFinishReason?: string): string {
  if (rawFinishReason !== undefined && BEDROCK_WORDS.includes(rawFinishReason)) return rawFinishReason;
  switch (finishReason) {
    case 'length':
      return 'max_tokens';
    case 'tool-calls':
      return 'tool_use';
    case 'content-filter':
      return 'content_filtered';
    case 'stop-sequence':
      return 'stop_sequence';
    case 'stop':
    case 'pause':
    case 'other':
      return 'end_turn';
  }
}
