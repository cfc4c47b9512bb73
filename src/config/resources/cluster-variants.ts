import type { ClusterInput } from './config-input.ts';
import type { ClusterTraffic, OwnedTraffic } from './translate-cluster-traffic.ts';
import type { FlatRoute } from './translate-routes.ts';

/**
 * Puts into the clusters what BackendTrafficPolicies say of them. The policy of a rule is not that of another rule with the same
 * backend: where they differ, the backend gets a cluster of its own for each, named `namespace/name@policy`.
 * `usedElsewhere` holds clusters that other routes name as they are.
 */
export function applyClusterTraffic(
  routes: readonly FlatRoute[],
  clusters: Map<string, ClusterInput>,
  usedElsewhere: ReadonlySet<string>,
): void {
  const uses = usesOf(routes);
  for (const [name, found] of uses) {
    const cluster = clusters.get(name);
    if (cluster === undefined) continue;
    const plain = found.find(({ owned }) => owned === undefined);
    const [base] = plain === undefined && !usedElsewhere.has(name) ? found : [plain];
    for (const use of found) {
      if (use === plain || use.owned === undefined) continue;
      if (use === base) clusters.set(name, withTraffic(cluster, use.owned.traffic));
      else {
        const variant = freeName(`${name}@${use.owned.owner}`, clusters);
        clusters.set(variant, withTraffic(cluster, use.owned.traffic));
        for (const target of use.targets) target.cluster = variant;
      }
    }
  }
}

interface Use {
  owned: OwnedTraffic | undefined;
  targets: { cluster: string }[];
}

/** Who uses each cluster, by what holds for it. */
function usesOf(routes: readonly FlatRoute[]): Map<string, Use[]> {
  const uses = new Map<string, Use[]>();
  // The matches of a rule share what else it says.
  const rules = new Map(routes.map((route) => [route.rest, route]));
  for (const { rest, backends } of rules.values()) {
    const key = JSON.stringify(backends?.traffic);
    for (const target of [...rest.split, ...(rest.fallback ?? [])]) {
      const found = uses.get(target.cluster) ?? [];
      const same = found.find(({ owned }) => JSON.stringify(owned?.traffic) === key);
      if (same === undefined) found.push({ owned: backends, targets: [target] });
      else same.targets.push(target);
      uses.set(target.cluster, found);
    }
  }
  return uses;
}

function withTraffic(cluster: ClusterInput, traffic: ClusterTraffic): ClusterInput {
  const { circuit_breaker, ...rest } = traffic;
  if (circuit_breaker === undefined || circuit_breaker === false) return { ...cluster, ...traffic };
  // The share counts all backends of a rule: of one endpoint alone it would let none rest.
  const { max_ejected_percent, ...breaker } = circuit_breaker;
  const several = (cluster.endpoints?.length ?? 1) > 1 && max_ejected_percent !== undefined;
  return { ...cluster, ...rest, circuit_breaker: several ? { ...breaker, max_ejected_percent } : breaker };
}

function freeName(wanted: string, clusters: ReadonlyMap<string, unknown>): string {
  let name = wanted;
  for (let number = 2; clusters.has(name); number++) name = `${wanted}@${number}`;
  return name;
}
