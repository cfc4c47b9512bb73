import type { KindBody } from './kinds.ts';
import type { Report } from './report.ts';
import type { Resource } from './resource.ts';
import type { ResourceSet } from './resource-set.ts';
import { CONFIG_ANNOTATION, type OpenListener } from './translate-gateways.ts';

type AiRoute = Resource<KindBody<'AIGatewayRoute'>>;
type Cost = NonNullable<AiRoute['body']['spec']['llmRequestCosts']>[number];

/** What a request costs, under a metadata key: a CEL expression over its token counts, and the measure that is the same. */
export interface RequestCost {
  cel: string;
  measure: 'tokens' | 'input_tokens' | 'output_tokens' | undefined;
}

/** Costs by metadata key. */
export type CostTable = ReadonlyMap<string, RequestCost>;

const COSTS: Readonly<Record<Exclude<Cost['type'], 'CEL'>, RequestCost>> = {
  TotalToken: { cel: 'total_tokens', measure: 'tokens' },
  InputToken: { cel: 'input_tokens', measure: 'input_tokens' },
  OutputToken: { cel: 'output_tokens', measure: 'output_tokens' },
  CachedInputToken: { cel: 'cached_input_tokens', measure: undefined },
  CacheCreationInputToken: { cel: 'cache_creation_input_tokens', measure: undefined },
  ReasoningToken: { cel: 'reasoning_tokens', measure: undefined },
};

function toCost({ type, cel = '' }: Cost): RequestCost {
  return type === 'CEL' ? { cel, measure: undefined } : COSTS[type];
}

/**
 * The costs of a route's requests: its own `llmRequestCosts` before the `globalLLMRequestCosts` of its Gateways, key by
 * key. Names in expressions that mean something else here are reported.
 */
export function requestCosts(
  route: AiRoute,
  listeners: readonly OpenListener[],
  { set, report }: { set: ResourceSet; report: Report },
): CostTable {
  const costs = new Map<string, RequestCost>();
  const own = route.body.spec.llmRequestCosts ?? [];
  for (const [index, cost] of own.entries()) {
    costs.set(cost.metadataKey, toCost(cost));
    const path = ['spec', 'llmRequestCosts', index, 'cel'];
    for (const warning of foreignNames(cost.cel)) report.warning(route, path, warning);
  }
  for (const { gateway } of listeners) {
    const name = gateway.annotations[CONFIG_ANNOTATION];
    const config = name === undefined ? undefined : set.find('GatewayConfig', gateway.namespace, name);
    for (const [index, cost] of (config?.body.spec.globalLLMRequestCosts ?? []).entries()) {
      if (!costs.has(cost.metadataKey)) costs.set(cost.metadataKey, toCost(cost));
      const path = ['spec', 'globalLLMRequestCosts', index, 'cel'];
      if (config !== undefined) for (const warning of foreignNames(cost.cel)) report.warning(config, path, warning);
    }
  }
  return costs;
}

/** What to know of an expression that names things whose names are the gateway's own. */
export function foreignNames(cel: string | undefined): string[] {
  if (cel === undefined) return [];
  // Text in quotes names nothing.
  const code = cel.replaceAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, "''");
  return [
    ...(/\bbackend\b/.test(code) ? ['`backend` is the AIServiceBackend as `namespace/name` here'] : []),
    ...(/\broute_name\b/.test(code) ? ['`route_name` is `namespace/name/rule/index` here'] : []),
  ];
}
