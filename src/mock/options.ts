import type { FaultSpec } from './faults.ts';

/** How a mock server behaves. */
export interface MockOptions {
  /** Milliseconds until the first byte of an answer; default 0. */
  latencyMs?: number;
  /** Random deviation from `latencyMs`, up or down; default 0. */
  jitterMs?: number;
  /** Pace of generation, also of whole answers; default 0: as fast as possible. */
  tokensPerSecond?: number;
  /** Exact length of text answers in tokens; default: as long as the text is. */
  tokens?: number;
  /** What goes wrong and how often; the probabilities may sum to 1. */
  faults?: readonly FaultSpec[];
  /** Makes ids, jitter and faults reproducible; default: different at every start. */
  seed?: number;
  /** Models to list; with `strict` others are refused. Default: a few well-known names, any accepted. */
  models?: readonly string[];
  /** Refuse what the real provider would refuse; default false. */
  strict?: boolean;
  /** How many requests are kept for inspection; default 200, 0 keeps none. */
  recordLimit?: number;
  /** Bytes kept of each recorded body; default 256 KiB. */
  recordBodyBytes?: number;
  /** Largest request body; larger ones are answered 413. Default 64 MiB. */
  maxBodyBytes?: number;
}

/** The models listed when none are named. */
export const DEFAULT_MODELS: readonly string[] = [
  'demo',
  'gpt-4o-mini',
  'claude-haiku-4-5',
  'gemini-2.5-flash',
  'text-embedding-3-small',
];
