/** What a Gemini model's name says about its abilities. */
export interface GeminiModel {
  /** Major × 100 + minor, such as 205 for Gemini 2.5; absent when the name does not tell. */
  version?: number;
  tier: 'pro' | 'flash' | 'flash-lite' | 'other';
}

/** First version that takes JSON Schema (`parametersJsonSchema`, `responseJsonSchema`) and thinks. */
export const GEMINI_2_5 = 205;

/** First version with thinking levels, media resolution on parts and mandatory thought signatures. */
export const GEMINI_3 = 300;

const VERSIONED = /gemini-(\d+)(?:\.(\d+))?/;
/** Names such as `gemini-flash-latest` follow the newest release. */
const ALIAS = /gemini-(?:pro|flash|flash-lite)-latest/;

/** Reads a model name, with or without a path before it (`models/…`, `publishers/google/models/…`). */
export function describeModel(name: string): GeminiModel {
  const lower = name.toLowerCase();
  const tier = lower.includes('flash-lite')
    ? 'flash-lite'
    : lower.includes('flash')
      ? 'flash'
      : lower.includes('pro')
        ? 'pro'
        : 'other';
  const match = VERSIONED.exec(lower);
  if (match !== null) return { version: Number(match[1]) * 100 + Number(match[2] ?? 0), tier };
  return ALIAS.test(lower) ? { version: GEMINI_3, tier } : { tier };
}

/** Whether the model is known to be of this version or newer. */
export function isAtLeast(model: GeminiModel, version: number): boolean {
  return model.version !== undefined && model.version >= version;
}
