import { isObject, type JsonObject } from '../../json/types.ts';
import { lacksThinkingInToolLoop } from '../anthropic/encode-messages.ts';
import type { ModelTraits as ClaudeTraits } from '../anthropic/model-traits.ts';
import type { NeutralReasoning, NeutralRequest } from '../neutral/request.ts';
import { asNumber, asObject } from './wire.ts';

type Warn = (warning: string) => void;
type Effort = NonNullable<NeutralReasoning['effort']>;

/** Thinking budgets in tokens that stand for an effort at models that know budgets only. */
const BUDGETS: Readonly<Record<Exclude<Effort, 'none'>, number>> = {
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 16384,
  xhigh: 32000,
  max: 32000,
};
const MIN_BUDGET = 1024;

/**
 * Writes Claude's `thinking` and `output_config.effort` for `additionalModelRequestFields`. An explicit
 * form (`enabled` with its budget, `adaptive`, `disabled`) is kept where the model takes it; a bare effort becomes
 * adaptive thinking, or a budget at models before it. `traits` are absent for a model of unknown make.
 */
export function encodeThinking(request: NeutralRequest, traits: ClaudeTraits | undefined, warn: Warn): JsonObject {
  const reasoning = request.reasoning ?? {};
  if (reasoning.enabled === false) return { thinking: { type: 'disabled' } };
  const asked = reasoning.enabled === true || reasoning.adaptive === true || reasoning.budgetTokens !== undefined;
  // Claude does not think unless asked to.
  if (!asked && reasoning.effort === 'none') return {};
  const effort = encodeEffort(reasoning.effort, traits, warn);
  // In Anthropic's API an effort alone says nothing of thinking.
  if (!asked && request.extensions?.anthropic !== undefined) return effort;
  const adaptive = traits?.adaptive ?? true;
  if (reasoning.adaptive === true && adaptive)
    return { ...effort, thinking: withDisplay({ type: 'adaptive' }, request) };
  if (traits?.adaptiveOnly === true || (reasoning.budgetTokens === undefined && traits?.adaptive === true)) {
    if (reasoning.budgetTokens !== undefined) {
      warn('The thinking budget was not sent: this model decides by itself how much to think.');
    }
    return { ...effort, thinking: withDisplay({ type: 'adaptive' }, request) };
  }
  if (traits !== undefined && lacksThinkingInToolLoop(request.messages)) {
    warn('Thinking was turned off for this turn: its tool calls were made without signed thoughts.');
    return {};
  }
  const budget = budgetOf(request, reasoning, warn);
  if (budget === undefined) return effort;
  return { ...effort, thinking: withDisplay({ type: 'enabled', budget_tokens: budget }, request) };
}

function encodeEffort(effort: Effort | undefined, traits: ClaudeTraits | undefined, warn: Warn): JsonObject {
  if (effort === undefined || effort === 'none') return {};
  if (traits !== undefined && traits.maxEffort === undefined) return {};
  const highest = traits?.maxEffort ?? 'max';
  let known: Effort = effort === 'minimal' ? 'low' : effort;
  if ((known === 'xhigh' && highest !== 'xhigh') || (known === 'max' && highest === 'high')) known = 'high';
  if (known !== effort) warn(`Reasoning effort ${effort} was sent as ${known}, which the model knows.`);
  return { output_config: { effort: known } };
}

function budgetOf(request: NeutralRequest, reasoning: NeutralReasoning, warn: Warn): number | undefined {
  if (reasoning.budgetTokens !== undefined) return reasoning.budgetTokens;
  const usual = BUDGETS[reasoning.effort === undefined || reasoning.effort === 'none' ? 'medium' : reasoning.effort];
  // A budget of our choosing leaves half of the client's limit for the answer.
  const room = request.maxOutputTokens === undefined ? usual : Math.floor(request.maxOutputTokens / 2);
  const budget = Math.min(usual, Math.max(MIN_BUDGET, room));
  if (request.maxOutputTokens === undefined || request.maxOutputTokens > budget) return budget;
  warn('Thinking was not asked for: max_tokens leaves no room for its least budget of 1024 tokens.');
  return undefined;
}

/** How thoughts are shown, which clients of two APIs write in `thinking.display`. */
function withDisplay(thinking: JsonObject, request: NeutralRequest): JsonObject {
  for (const dialect of ['anthropic', 'openai-chat'] as const) {
    const written = request.extensions?.[dialect]?.['thinking'];
    if (isObject(written) && typeof written['display'] === 'string')
      return { ...thinking, display: written['display'] };
  }
  return thinking;
}

/** Takes out what a Claude refuses: sampling while it thinks or where its version has none, two samplings at once. */
export function fitClaudeSampling(
  inferenceConfig: JsonObject,
  additional: JsonObject,
  { traits, warn }: { traits: ClaudeTraits; warn: Warn },
): void {
  const temperature = asNumber(inferenceConfig['temperature']);
  const topP = asNumber(inferenceConfig['topP']);
  const thinking = asObject(additional['thinking'])?.['type'];
  const thinks = thinking === 'enabled' || thinking === 'adaptive';
  const least = traits.adaptiveOnly ? 1 : 0.95;
  if (traits.adaptiveOnly || thinks) {
    const why = thinks ? 'a Claude that thinks takes none' : 'this model takes none';
    if (temperature !== undefined && temperature !== 1) drop(inferenceConfig, 'temperature', why, warn);
    if (topP !== undefined && topP < least) drop(inferenceConfig, 'topP', why, warn);
    if (additional['top_k'] !== undefined) drop(additional, 'top_k', why, warn);
  }
  if (!traits.oneSamplingParameter) return;
  if (inferenceConfig['temperature'] === undefined || inferenceConfig['topP'] === undefined) return;
  // A value of 1 is the default of either: leaving it out loses nothing.
  if (temperature === 1) delete inferenceConfig['temperature'];
  else if (topP === 1) delete inferenceConfig['topP'];
  else drop(inferenceConfig, 'topP', 'this model takes it or the temperature, not both', warn);
}

function drop(fields: JsonObject, name: string, why: string, warn: Warn): void {
  delete fields[name];
  warn(`${name} was not sent: ${why}.`);
}
