import type { Resource, ResourcePath } from './resource.ts';

/** The name of one target of a policy. */
export interface PolicyTarget {
  group: string;
  kind: string;
  name: string;
  sectionName?: string | undefined;
}

interface Targeting {
  targetRef?: PolicyTarget | undefined;
  targetRefs?: PolicyTarget[] | undefined;
}

/** The targets of an Envoy Gateway policy and where each stands. */
export function policyTargets(policy: Resource<{ spec: Targeting }>): { target: PolicyTarget; path: ResourcePath }[] {
  const { targetRef, targetRefs = [] } = policy.body.spec;
  const single = targetRef === undefined ? [] : [{ target: targetRef, path: ['spec', 'targetRef'] }];
  return [...single, ...targetRefs.map((target, index) => ({ target, path: ['spec', 'targetRefs', index] }))];
}
