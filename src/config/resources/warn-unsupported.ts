import { namesTargets, policyTargets } from './policy-targets.ts';
import type { Report } from './report.ts';
import type { ResourceSet } from './resource-set.ts';
import { CONFIG_ANNOTATION } from './translate-gateways.ts';

/** Sections of a SecurityPolicy that keep clients out and are not acted on. */
const GUARDS = ['oidc', 'extAuth', 'authorization'] as const;

/** Warns of parts that are checked and have no effect, where the schema alone cannot tell. */
export function warnUnsupported(set: ResourceSet, report: Report): void {
  warnSecurityPolicies(set, report);
  for (const kind of ['BackendTrafficPolicy', 'ClientTrafficPolicy', 'SecurityPolicy'] as const) {
    for (const policy of set.list(kind)) {
      if (!namesTargets(policy.body.spec)) report.warning(policy, ['spec'], 'has no targetRefs: it has no effect');
      else if (policyTargets(policy, set).length === 0) {
        report.warning(policy, ['spec', 'targetSelectors'], 'selects nothing: it has no effect');
      }
    }
  }
  for (const route of set.list('AIGatewayRoute')) {
    if (route.body.spec.rateLimitsFromHeaders === undefined) continue;
    report.warning(route, ['spec', 'rateLimitsFromHeaders'], 'is not supported yet: ignored', { part: 'key' });
  }
  const annotated = new Set(
    set.list('Gateway').map((gateway) => `${gateway.namespace}/${gateway.annotations[CONFIG_ANNOTATION]}`),
  );
  for (const config of set.list('GatewayConfig')) {
    if (!annotated.has(`${config.namespace}/${config.name}`)) {
      const fix = `annotate the Gateway with ${CONFIG_ANNOTATION}: ${config.name}`;
      report.warning(config, [], 'is named by no Gateway: ignored', { fix });
    }
    if (config.body.spec.globalRateLimitsFromHeaders === undefined) continue;
    const path = ['spec', 'globalRateLimitsFromHeaders'];
    report.warning(config, path, 'is not supported yet: ignored', { part: 'key' });
  }
}

function warnSecurityPolicies(set: ResourceSet, report: Report): void {
  for (const policy of set.list('SecurityPolicy')) {
    const { spec } = policy.body;
    const targets = policyTargets(policy, set).map(({ target }) => `${target.kind} ${policy.namespace}/${target.name}`);
    const whom = targets.length === 0 ? 'its targets' : targets.join(', ');
    const known = (['apiKeyAuth', 'basicAuth', 'jwt'] as const).filter((way) => spec[way] !== undefined);
    const who = known.length === 0 ? 'anyone who reaches the listener' : `everyone who passes ${known.join(', ')}`;
    for (const guard of GUARDS) {
      if (spec[guard] === undefined) continue;
      report.warning(
        policy,
        ['spec', guard],
        `NOT ENFORCED: ${guard} is not supported yet, so ${who} can use ${whom}`,
        { part: 'key', fix: 'keep the listener private, or let something in front of it decide' },
      );
    }
    if (spec.cors !== undefined) {
      report.warning(policy, ['spec', 'cors'], 'is not supported yet: ignored', { part: 'key' });
    }
  }
}
