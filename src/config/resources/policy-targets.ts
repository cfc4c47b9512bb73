import type { KindName } from './kinds.ts';
import type { Report } from './report.ts';
import { compareAge, type Resource, type ResourceHead, type ResourcePath } from './resource.ts';
import { nearestOf, type ResourceSet } from './resource-set.ts';
import type { TargetSelector } from './schema-parts.ts';
import type { OpenListener, TranslatedGateways } from './translate-gateways.ts';

/** The name of one target of a policy. */
export interface PolicyTarget {
  group: string;
  kind: string;
  name: string;
  sectionName?: string | undefined;
}

/** How a policy names its targets. */
export interface Targeting {
  targetRef?: PolicyTarget | undefined;
  targetRefs?: PolicyTarget[] | undefined;
  targetSelectors?: TargetSelector[] | undefined;
}

/** The kinds here that stand for a kind of the Gateway API: an AIGatewayRoute makes an HTTPRoute of its name. */
const STANDS_FOR: Readonly<Record<string, readonly KindName[]>> = {
  HTTPRoute: ['AIGatewayRoute', 'HTTPRoute', 'MCPRoute'],
  Gateway: ['Gateway'],
};

/** The targets of an Envoy Gateway policy, those that it selects by labels too, and where each stands. */
export function policyTargets(
  policy: Resource<{ spec: Targeting }>,
  set: ResourceSet,
): { target: PolicyTarget; path: ResourcePath }[] {
  const { targetRef, targetRefs = [], targetSelectors = [] } = policy.body.spec;
  const single = targetRef === undefined ? [] : [{ target: targetRef, path: ['spec', 'targetRef'] }];
  return [
    ...single,
    ...targetRefs.map((target, index) => ({ target, path: ['spec', 'targetRefs', index] })),
    ...targetSelectors.flatMap((selector, index) =>
      (STANDS_FOR[selector.kind] ?? [])
        .flatMap((kind): readonly ResourceHead[] => set.list(kind))
        .filter(({ namespace, labels }) => namespace === policy.namespace && isSelected(labels, selector))
        .map(({ name }) => ({
          target: { group: selector.group ?? 'gateway.networking.k8s.io', kind: selector.kind, name },
          path: ['spec', 'targetSelectors', index],
        })),
    ),
  ];
}

/** Whether a policy says what it targets, be it something that is not there. */
export function namesTargets({ targetRef, targetRefs = [], targetSelectors = [] }: Targeting): boolean {
  return targetRef !== undefined || targetRefs.length > 0 || targetSelectors.length > 0;
}

function isSelected(labels: Readonly<Record<string, string>>, selector: TargetSelector): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
        default:
          return operator satisfies never;
      }
    })
  );
}

/** A rule of a route, whose policies are asked for. */
export interface RuleAddress {
  /** `namespace/name` of the AIGatewayRoute. */
  route: string;
  /** The rule's name. */
  rule: string | undefined;
  /** Listeners that the route is attached to. */
  listeners: readonly OpenListener[];
}

/** Finds the policies of a rule, the most specific first: its own, its route's, its listeners', their Gateways'. */
export type PolicyLookup<Policy> = (address: RuleAddress) => readonly Policy[];

/** What finding the policies of rules needs. */
export interface PolicyContext {
  set: ResourceSet;
  gateways: TranslatedGateways;
  report: Report;
}

/** Indexes policies by their targets. Of two policies of one target the older holds; what leads nowhere is reported. */
export function indexPolicies<Policy extends Resource<{ spec: Targeting }>>(
  policies: readonly Policy[],
  context: PolicyContext,
): PolicyLookup<Policy> {
  const { report } = context;
  const byTarget = new Map<string, Policy>();
  for (const policy of policies.toSorted(compareAge)) {
    for (const { target, path } of policyTargets(policy, context.set)) {
      if (!isTarget(policy, { target, path }, context)) continue;
      const name = `${policy.namespace}/${target.name}`;
      const key = targetKey(target.kind, name, target.sectionName);
      const other = byTarget.get(key);
      if (other === undefined) byTarget.set(key, policy);
      else if (other !== policy) {
        const message = `${name} already has the policy ${other.namespace}/${other.name}: ignored`;
        report.warning(policy, path, message);
      }
    }
  }
  return ({ route, rule, listeners }) => {
    const gateways = listeners.map(({ gateway, section }) => ({
      name: `${gateway.namespace}/${gateway.name}`,
      section: section.name,
    }));
    const keys = [
      ...(rule === undefined ? [] : [targetKey('HTTPRoute', route, rule)]),
      targetKey('HTTPRoute', route),
      ...gateways.map(({ name, section }) => targetKey('Gateway', name, section)),
      ...gateways.map(({ name }) => targetKey('Gateway', name)),
    ];
    return [...new Set(keys.flatMap((key) => byTarget.get(key) ?? []))];
  };
}

function isTarget(
  policy: Resource<{ spec: Targeting }>,
  { target, path }: { target: PolicyTarget; path: ResourcePath },
  { set, gateways, report }: PolicyContext,
): boolean {
  const { kind } = target;
  if (kind !== 'HTTPRoute' && kind !== 'Gateway') {
    report.warning(policy, path, `targets a ${kind}; only a Gateway and a route can be targeted: ignored`);
    return false;
  }
  const name = `${policy.namespace}/${target.name}`;
  const known =
    kind === 'Gateway'
      ? gateways.served.has(name) || gateways.foreign.has(name)
      : (STANDS_FOR['HTTPRoute'] ?? []).some((one) => set.isDeclared(one, policy.namespace, target.name));
  if (known) return true;
  const whose = kind === 'HTTPRoute' ? ', nor an AIGatewayRoute that makes one' : '';
  report.warning(policy, path, `there is no ${kind} ${name}${whose}: ignored`, {
    fix: nearestOf(set, kind === 'HTTPRoute' ? 'AIGatewayRoute' : 'Gateway', name),
  });
  return false;
}

function targetKey(kind: string, name: string, section?: string): string {
  return section === undefined ? `${kind} ${name}` : `${kind} ${name} ${section}`;
}
