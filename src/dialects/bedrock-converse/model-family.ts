import { type ModelTraits as ClaudeTraits, modelTraits as claudeTraits } from '../anthropic/model-traits.ts';

/**
 * Who made a Bedrock model. Converse is one API, but what goes into `additionalModelRequestFields`
 * (thinking, top_k) is each maker's own.
 */
export type ModelFamily = 'claude' | 'nova' | 'gpt-oss' | 'gpt' | 'kimi' | 'llama' | 'cohere' | 'other';

/** What the request encoder must know of a model. */
export interface ModelTraits {
  family: ModelFamily;
  /** Set for family `claude`: what this version takes. */
  claude?: ClaudeTraits;
  /** Whether `strict` tools are refused by the model: Nova and Claude before structured outputs. */
  refusesStrictTools: boolean;
}

/**
 * Tells the family of a model by its id or ARN, also behind a region prefix such as `eu.`. An
 * application inference profile or an imported model says nothing of what it is: `other`.
 */
export function modelTraits(model: string): ModelTraits {
  if (model.includes('claude')) {
    const claude = claudeTraits(model);
    return { family: 'claude', claude, refusesStrictTools: !claude.structuredOutput };
  }
  return { family: familyOf(model), refusesStrictTools: model.includes('amazon.nova') };
}

function familyOf(model: string): ModelFamily {
  if (model.includes('amazon.nova')) return 'nova';
  if (model.includes('gpt-oss')) return 'gpt-oss';
  if (model.includes('openai.')) return 'gpt';
  if (model.includes('moonshot')) return 'kimi';
  if (model.includes('meta.')) return 'llama';
  if (model.includes('cohere.')) return 'cohere';
  return 'other';
}
