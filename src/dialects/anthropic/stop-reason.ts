import type { FinishReason, NeutralCandidate } from '../neutral/response.ts';

/** The parts of a finish that a stop reason says. */
export type Finish = Pick<NeutralCandidate, 'finishReason' | 'rawFinishReason' | 'stopSequence'>;

/** Anthropic's `stop_reason` in the neutral words; the word itself is kept where the neutral one says less. */
export function decodeStopReason(word: string | undefined, stopSequence: string | undefined): Finish {
  const finish: Finish = { finishReason: neutralReason(word) };
  if (word !== undefined && EXACT_WORDS[finish.finishReason] !== word) finish.rawFinishReason = word;
  if (stopSequence !== undefined) finish.stopSequence = stopSequence;
  return finish;
}

function neutralReason(word: string | undefined): FinishReason {
  switch (word) {
    case undefined:
    case 'end_turn':
      return 'stop';
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'stop_sequence':
      return 'stop-sequence';
    case 'tool_use':
      return 'tool-calls';
    case 'pause_turn':
      return 'pause';
    case 'refusal':
      return 'content-filter';
    default:
      return 'other';
  }
}

const EXACT_WORDS: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'stop-sequence': 'stop_sequence',
  'tool-calls': 'tool_use',
  pause: 'pause_turn',
  'content-filter': 'refusal',
  other: 'end_turn',
};

/** The neutral reason as `stop_reason`. `refused` is set where the answer holds a refusal in words. */
export function encodeStopReason(finish: Finish, refused: boolean): string {
  if (finish.rawFinishReason === 'model_context_window_exceeded') return finish.rawFinishReason;
  if (refused && finish.finishReason === 'stop') return 'refusal';
  return EXACT_WORDS[finish.finishReason];
}
