import {
  asException,
  type IdentityHeaders,
  type LimitConditions,
  type RateLimitInput,
  type Selection,
  toMatch,
  translateSelectors,
} from './rate-limit-selectors.ts';
import type { Report } from './report.ts';
import type { CostTable, RequestCost } from './request-costs.ts';
import type { ResourcePath } from './resource.ts';
import type { CostSpecifier, RateLimitRule } from './schema-rate-limit.ts';
import type { PolicyRules } from './translate-traffic.ts';

/** What turning the rules of a policy into the limits of a route needs. */
export interface RateLimitContext {
  report: Report;
  /** `namespace/name` of the route. */
  route: string;
  costs: CostTable;
  identities: IdentityHeaders;
}

const UNITS = {
  Second: 'second',
  Minute: 'minute',
  Hour: 'hour',
  Day: 'day',
  Month: 'month',
  Year: '365d',
} as const satisfies Record<RateLimitRule['limit']['unit'], RateLimitInput['per']>;

/** Namespace of the metadata in which the reference system keeps costs. */
const COST_NAMESPACE = 'io.envoy.ai_gateway';

type Amount = Pick<RateLimitInput, 'requests' | 'tokens' | 'input_tokens' | 'output_tokens' | 'cost'>;

/**
 * The limits that a list of rules makes for one route. Every rule counts what it selects; a rule of a local list without
 * selectors counts what no other rule of the list does, as Envoy's default bucket. A rule that cannot be held to is
 * reported as not enforced and left out.
 */
export function translateRateLimits(
  { policy, scope, rules }: PolicyRules,
  context: RateLimitContext,
): RateLimitInput[] {
  const selections = rules.map((rule) => translateSelectors(rule.clientSelectors ?? [], context.identities));
  return rules.flatMap((rule, index): RateLimitInput[] => {
    const path = ['spec', 'rateLimit', scope, 'rules', index];
    const place = { policy, path, context };
    const selection = selections[index];
    if (selection === undefined) return [];
    if (selection.fault !== undefined) {
      notEnforced(place, [...path, 'clientSelectors'], selection.fault);
      return [];
    }
    const amount = translateAmount(rule, place);
    if (amount === undefined) return [];
    const isDefault = scope === 'local' && (rule.clientSelectors ?? []).length === 0;
    const effective = isDefault ? { ...selection, except: exceptionsFor(selections, index, place) } : selection;
    const name = `${policy.namespace}/${policy.name}/${scope}/${rule.name ?? index}`;
    const limit: RateLimitInput = {
      name,
      ...toMatch(effective),
      // The counts of a route are its own, but one for all of its rules and host names.
      counter: `BackendTrafficPolicy ${name}${rule.shared === true ? '' : ` ${context.route}`}`,
      ...amount,
      per: UNITS[rule.limit.unit],
    };
    return [rule.shadowMode === true ? { ...limit, shadow: true } : limit];
  });
}

interface Place {
  policy: PolicyRules['policy'];
  path: ResourcePath;
  context: RateLimitContext;
}

function notEnforced({ policy, context }: Place, path: ResourcePath, reason: string): void {
  context.report.warning(policy, path, `NOT ENFORCED: ${reason}; the rule is ignored`);
}

function exceptionsFor(
  selections: readonly Selection[],
  own: number,
  { policy, path, context }: Place,
): LimitConditions[] {
  return selections.flatMap((selection, index) => {
    if (index === own || selection.fault !== undefined) return [];
    const exception = asException(selection);
    if (exception !== undefined) return Object.keys(exception).length === 0 ? [] : [exception];
    context.report.warning(policy, path, `counts the requests of rules[${index}] too: they cannot be told apart`);
    return [];
  });
}

/** What a request and its answer cost: a fixed number, and what an expression makes of its tokens. */
interface CostPart {
  fixed: number;
  counted: RequestCost | undefined;
}

function translateAmount(rule: RateLimitRule, place: Place): Amount | undefined {
  const { requests: limit } = rule.limit;
  const request = readCost(rule.cost?.request, 1, { ...place, path: [...place.path, 'cost', 'request'] });
  const response = readCost(rule.cost?.response, 0, { ...place, path: [...place.path, 'cost', 'response'] });
  if (request === undefined || response === undefined) return undefined;
  if (request.counted !== undefined) {
    notEnforced(place, [...place.path, 'cost', 'request'], 'the cost of a request is known only after its answer');
    return undefined;
  }
  const fixed = request.fixed + response.fixed;
  const { counted } = response;
  if (counted === undefined) {
    if (fixed === 1) return { requests: limit };
    if (fixed > 0) return { cost: { cel: String(fixed), limit } };
    notEnforced(place, [...place.path, 'cost'], 'neither requests nor their answers cost anything');
    return undefined;
  }
  if (fixed === 0 && counted.measure !== undefined) return { [counted.measure]: limit };
  return { cost: { cel: fixed === 0 ? counted.cel : `uint(${counted.cel}) + uint(${fixed})`, limit } };
}

function readCost(cost: CostSpecifier | undefined, absent: number, place: Place): CostPart | undefined {
  if (cost === undefined) return { fixed: absent, counted: undefined };
  if (cost.metadata === undefined) return { fixed: cost.number ?? 0, counted: undefined };
  const { namespace, key } = cost.metadata;
  const { costs, route } = place.context;
  const path = [...place.path, 'metadata'];
  if (namespace !== COST_NAMESPACE) {
    notEnforced(
      place,
      [...path, 'namespace'],
      `there is no metadata ${namespace} here; costs are in ${COST_NAMESPACE}`,
    );
    return undefined;
  }
  const counted = costs.get(key);
  if (counted !== undefined) return { fixed: 0, counted };
  const known = costs.size === 0 ? 'none' : [...costs.keys()].join(', ');
  const where = `no llmRequestCosts of AIGatewayRoute ${route} or its Gateway has the key ${key} (there: ${known})`;
  notEnforced(place, [...path, 'key'], where);
  return undefined;
}
