import { createExpressionCompiler, createUint, type Expression, integerOf } from './expression.ts';

/**
 * What cost expressions may name: the variables of the reference system's `llmRequestCosts`, so that its expressions mean the
 * same here. `model` is the model that was sent to the provider, `backend` the cluster.
 */
const VARIABLES = {
  model: 'string',
  backend: 'string',
  route_name: 'string',
  input_tokens: 'uint',
  output_tokens: 'uint',
  total_tokens: 'uint',
  cached_input_tokens: 'uint',
  cache_creation_input_tokens: 'uint',
  reasoning_tokens: 'uint',
};

/** What an expression is told of a request. */
export interface CostAmounts {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheCreationInputTokens: number;
  readonly reasoningTokens: number;
  /** The model that was sent to the provider, the cluster that was asked, the route. */
  readonly sentModel: string;
  readonly cluster: string;
  readonly route: string;
}

function variablesOf(amounts: CostAmounts): object {
  return {
    model: amounts.sentModel,
    backend: amounts.cluster,
    route_name: amounts.route,
    input_tokens: createUint(amounts.inputTokens),
    output_tokens: createUint(amounts.outputTokens),
    total_tokens: createUint(amounts.inputTokens + amounts.outputTokens),
    cached_input_tokens: createUint(amounts.cachedInputTokens),
    cache_creation_input_tokens: createUint(amounts.cacheCreationInputTokens),
    reasoning_tokens: createUint(amounts.reasoningTokens),
  };
}

/**
 * Compiles a cost expression (CEL) over token counts. Throws Error with a readable message for one that cannot be used. The
 * function gives a whole number of at least 0; an expression that has no value for a request costs its tokens.
 */
export function compileCost(text: string): (amounts: CostAmounts) => number {
  const expression: Expression = createExpressionCompiler({
    variables: VARIABLES,
    large: [],
    results: ['uint', 'int'],
  })(text);
  return (amounts) => {
    try {
      const cost = integerOf(expression.evaluate(variablesOf(amounts)));
      return cost >= 0 ? cost : 0;
    } catch {
      return amounts.inputTokens + amounts.outputTokens;
    }
  };
}
