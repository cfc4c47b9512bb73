import type { FinishReason } from '../neutral/response.ts';

/** OpenAI's `finish_reason` in the neutral words. Unknown words are `other`. */
export function decodeFinishReason(word: string): FinishReason {
  switch (word) {
    case 'stop':
    // Words of OpenAI-compatible servers.
    case 'eos':
    case 'eos_token':
      return 'stop';
    case 'stop_sequence':
      return 'stop-sequence';
    case 'length':
    case 'max_tokens':
    case 'model_length':
      return 'length';
    case 'tool_calls':
    case 'function_call':
      return 'tool-calls';
    case 'content_filter':
    case 'sensitive':
      return 'content-filter';
    default:
      return 'other';
  }
}

/** The neutral reason in OpenAI's words, of which there are four: whatever ended well is `stop`. */
export function encodeFinishReason(reason: FinishReason): 'stop' | 'length' | 'tool_calls' | 'content_filter' {
  switch (reason) {
    case 'stop':
    case 'stop-sequence':
    case 'pause':
    case 'other':
      return 'stop';
    case 'length':
      return 'length';
    case 'tool-calls':
      return 'tool_calls';
    case 'content-filter':
      return 'content_filter';
    default:
      return reason satisfies never;
  }
}
