import type { JsonObject } from '../../json/types.ts';
import type { NeutralReasoning } from '../neutral/request.ts';
import { GEMINI_2_5, GEMINI_3, type GeminiModel, isAtLeast } from './model-version.ts';

/**
 * Token budgets of the efforts, as Google's own OpenAI endpoint maps them
 * (https://ai.google.dev/gemini-api/docs/openai#thinking); what it has no name for goes beyond.
 */
const BUDGETS: Readonly<Record<NonNullable<NeutralReasoning['effort']>, number>> = {
  none: 0,
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 32_768,
  max: 32_768,
};

/** Budgets the 2.5 models take (https://ai.google.dev/gemini-api/docs/thinking#set-budget). */
const BUDGET_RANGE: Readonly<Record<'pro' | 'flash' | 'flash-lite', { min: number; max: number }>> = {
  pro: { min: 128, max: 32_768 },
  flash: { min: 1, max: 24_576 },
  'flash-lite': { min: 512, max: 24_576 },
};

/**
 * Writes `thinkingConfig`: a level from Gemini 3 on, a token budget before. Thoughts come back as
 * text when a summary is asked for, or thinking is switched on by itself. What the model cannot do
 * goes to `warn`; `undefined` when there is nothing to say.
 */
export function encodeThinking(
  reasoning: NeutralReasoning | undefined,
  model: GeminiModel,
  warn: (warning: string) => void,
): JsonObject | undefined {
  if (reasoning === undefined) return undefined;
  const off = reasoning.enabled === false || reasoning.effort === 'none';
  if (model.version !== undefined && model.version < GEMINI_2_5) {
    if (!off && Object.keys(reasoning).length > 0) warn('reasoning is left out: this Gemini model does not think');
    return undefined;
  }
  const out: JsonObject = isAtLeast(model, GEMINI_3)
    ? encodeLevel(reasoning, off, model, warn)
    : encodeBudget(reasoning, off, model, warn);
  if (!off) {
    const wanted = reasoning.summary === undefined ? reasoning.enabled === true : reasoning.summary !== 'none';
    if (wanted) out['includeThoughts'] = true;
  }
  return Object.keys(out).length === 0 ? undefined : out;
}

function encodeLevel(
  reasoning: NeutralReasoning,
  off: boolean,
  model: GeminiModel,
  warn: (warning: string) => void,
): JsonObject {
  const minimal = model.tier === 'flash' || model.tier === 'flash-lite' ? 'MINIMAL' : 'LOW';
  if (off) {
    if (minimal === 'LOW') warn('this Gemini model cannot stop thinking; it thinks as little as it can');
    return { thinkingLevel: minimal };
  }
  switch (reasoning.effort) {
    case undefined:
      // Level and budget exclude each other; the budget is the older field, which Gemini 3 still takes.
      return reasoning.budgetTokens === undefined ? {} : { thinkingBudget: reasoning.budgetTokens };
    case 'none':
    case 'minimal':
      return { thinkingLevel: minimal };
    case 'low':
      return { thinkingLevel: 'LOW' };
    case 'medium':
      // Gemini 3.0 Pro knows only low and high.
      return { thinkingLevel: model.tier === 'pro' && model.version === GEMINI_3 ? 'HIGH' : 'MEDIUM' };
    case 'high':
    case 'xhigh':
    case 'max':
      return { thinkingLevel: 'HIGH' };
    default:
      return reasoning.effort satisfies never;
  }
}

function encodeBudget(
  reasoning: NeutralReasoning,
  off: boolean,
  model: GeminiModel,
  warn: (warning: string) => void,
): JsonObject {
  const range = model.version === undefined || model.tier === 'other' ? undefined : BUDGET_RANGE[model.tier];
  if (off) {
    if (model.tier !== 'pro' || range === undefined) return { thinkingBudget: 0 };
    warn('this Gemini model cannot stop thinking; it thinks as little as it can');
    return { thinkingBudget: range.min };
  }
  const asked = reasoning.budgetTokens ?? (reasoning.effort === undefined ? undefined : BUDGETS[reasoning.effort]);
  if (asked === undefined) return reasoning.adaptive === true ? { thinkingBudget: -1 } : {};
  const budget = range === undefined || asked <= 0 ? asked : Math.min(Math.max(asked, range.min), range.max);
  if (budget !== asked && reasoning.budgetTokens !== undefined) {
    warn(`the reasoning budget of ${asked} tokens is set to ${budget}, which this Gemini model takes`);
  }
  return { thinkingBudget: budget };
}
