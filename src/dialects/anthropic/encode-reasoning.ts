import { isObject, type JsonObject } from '../../json/types.ts';
import type { NeutralReasoning, NeutralRequest } from '../neutral/request.ts';
import type { EncodeState } from './encode-blocks.ts';
import { lacksThinkingInToolLoop } from './encode-messages.ts';
import type { ModelTraits } from './model-traits.ts';

/** The least thinking budget the API takes, in tokens. */
const MIN_BUDGET = 1024;

type Effort = NonNullable<NeutralReasoning['effort']>;

/** Thinking budgets that stand for an effort at models that know budgets only, in tokens. */
const BUDGETS: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: MIN_BUDGET,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_000,
  max: 32_000,
};

/** What to send for the wanted reasoning. */
export interface ThinkingPlan {
  thinking?: JsonObject;
  effort?: string;
  maxTokens: number;
}

/** An effort this model takes; `minimal` is not a word of this API. */
export function wireEffort(effort: Effort, traits: ModelTraits): string {
  if (effort === 'minimal') return 'low';
  if (effort === 'xhigh' && traits.maxEffort !== 'xhigh') return 'high';
  if (effort === 'max' && traits.maxEffort === 'high') return 'high';
  return effort;
}

/** How thoughts are shown, which clients of both APIs write in `thinking.display`. */
function displayOf(request: NeutralRequest): string | undefined {
  for (const dialect of ['anthropic', 'openai-chat'] as const) {
    const thinking = request.extensions?.[dialect]?.['thinking'];
    if (isObject(thinking) && typeof thinking['display'] === 'string') return thinking['display'];
  }
  return undefined;
}

function withDisplay(thinking: JsonObject, request: NeutralRequest): JsonObject {
  const display = displayOf(request);
  return display === undefined ? thinking : { ...thinking, display };
}

function budgetPlan(request: NeutralRequest, maxTokens: number, state: EncodeState): ThinkingPlan {
  const wanted = request.reasoning?.budgetTokens;
  let budget: number;
  if (wanted !== undefined) {
    budget = Math.max(MIN_BUDGET, wanted);
    if (budget !== wanted) state.warn(`The thinking budget was raised to ${MIN_BUDGET} tokens, the least there is.`);
  } else {
    const usual = BUDGETS[request.reasoning?.effort ?? 'medium'];
    // A budget of our choosing leaves half of the client's limit for the answer.
    const room = request.maxOutputTokens === undefined ? usual : Math.floor(maxTokens / 2);
    budget = Math.max(MIN_BUDGET, Math.min(usual, room));
  }
  let limit = maxTokens;
  if (limit <= budget) {
    limit = budget + maxTokens;
    if (request.maxOutputTokens !== undefined) {
      state.warn(`max_tokens was raised to ${limit}: it must exceed the thinking budget.`);
    }
  }
  return { thinking: withDisplay({ type: 'enabled', budget_tokens: budget }, request), maxTokens: limit };
}

function adaptivePlan(request: NeutralRequest, traits: ModelTraits, maxTokens: number): ThinkingPlan {
  const plan: ThinkingPlan = { thinking: withDisplay({ type: 'adaptive' }, request), maxTokens };
  const effort = request.reasoning?.effort;
  if (effort !== undefined && effort !== 'none' && traits.maxEffort !== undefined)
    plan.effort = wireEffort(effort, traits);
  return plan;
}

/** Chooses `thinking`, `output_config.effort` and `max_tokens` for this model. */
export function planThinking(
  request: NeutralRequest,
  state: EncodeState,
  options: { traits: ModelTraits; maxTokens: number },
): ThinkingPlan {
  const { traits, maxTokens } = options;
  const reasoning = request.reasoning;
  if (reasoning === undefined) return { maxTokens };
  if (reasoning.enabled === false || reasoning.effort === 'none') {
    return traits.thinking ? { thinking: { type: 'disabled' }, maxTokens } : { maxTokens };
  }
  const asked = reasoning.enabled === true || reasoning.adaptive === true || reasoning.budgetTokens !== undefined;
  const own = request.extensions?.anthropic;
  if (own !== undefined && !asked) {
    // In this API an effort says nothing of thinking; an unknown form of it is passed on as it was.
    const plan: ThinkingPlan = { maxTokens };
    if (reasoning.effort !== undefined) plan.effort = reasoning.effort;
    return plan;
  }
  if (!traits.thinking) {
    state.warn(`Reasoning settings were left out: '${request.model}' does not think.`);
    return { maxTokens };
  }
  if (reasoning.adaptive === true && traits.adaptive) return adaptivePlan(request, traits, maxTokens);
  if (traits.adaptiveOnly) {
    if (reasoning.budgetTokens !== undefined) {
      state.warn('The thinking budget was left out: this model decides by itself how much to think.');
    }
    return adaptivePlan(request, traits, maxTokens);
  }
  if (!asked && traits.adaptive && traits.maxEffort !== undefined) return adaptivePlan(request, traits, maxTokens);
  if (reasoning.adaptive === true)
    state.warn('Adaptive thinking was sent as a thinking budget: this model knows no other.');
  if (lacksThinkingInToolLoop(request.messages)) {
    state.warn('Thinking was turned off for this turn: its tool calls were made without signed thoughts.');
    return { maxTokens };
  }
  const plan = budgetPlan(request, maxTokens, state);
  if (own !== undefined && reasoning.effort !== undefined) plan.effort = reasoning.effort;
  return plan;
}
