import { policyTargets } from './policy-targets.ts';
import type { Report } from './report.ts';
import type { ResourceSet } from './resource-set.ts';
import { CONFIG_ANNOTATION } from './translate-gateways.ts';

/** Sections of a SecurityPolicy that keep clients out. */
const GUARDS = ['apiKeyAuth', 'basicAuth', 'jwt', 'oidc', 'extAuth', 'authorization'] as const;

/** Warns of parts that are checked and have no effect, where the schema alone cannot tell. */
export function warnUnsupported(set: ResourceSet, report: Report): void {
  warnSecurityPolicies(set, report);
  for (const kind of ['BackendTrafficPolicy', 'ClientTrafficPolicy', 'SecurityPolicy'] as const) {
    for (const policy of set.list(kind)) {
      if (policyTargets(policy).length === 0) report.warning(policy, ['spec'], 'has no targetRefs: it has no effect');
    }
  }
  for (const route of set.list('AIGatewayRoute')) {
    for (const field of ['llmRequestCosts', 'rateLimitsFromHeaders'] as const) {
      if (route.body.spec[field] === undefined) continue;
      report.warning(route, ['spec', field], 'is not supported yet: ignored', { part: 'key' });
    }
  }
  const annotated = new Set(
    set.list('Gateway').map((gateway) => `${gateway.namespace}/${gateway.annotations[CONFIG_ANNOTATION]}`),
  );
  for (const config of set.list('GatewayConfig')) {
    if (!annotated.has(`${config.namespace}/${config.name}`)) {
      const fix = `annotate the Gateway with ${CONFIG_ANNOTATION}: ${config.name}`;
      report.warning(config, [], 'is named by no Gateway: ignored', { fix });
    }
    for (const field of ['globalLLMRequestCosts', 'globalRateLimitsFromHeaders'] as const) {
      if (config.body.spec[field] === undefined) continue;
      report.warning(config, ['spec', field], 'is not supported yet: ignored', { part: 'key' });
    }
  }
}

function warnSecurityPolicies(set: ResourceSet, report: Report): void {
  for (const policy of set.list('SecurityPolicy')) {
    const targets = policyTargets(policy).map(({ target }) => `${target.kind} ${policy.namespace}/${target.name}`);
    const whom = targets.length === 0 ? 'its targets' : targets.join(', ');
    for (const guard of GUARDS) {
      if (policy.body.spec[guard] === undefined) continue;
      report.warning(
        policy,
        ['spec', guard],
        `NOT ENFORCED: ${guard} is not supported yet, so anyone who reaches the listener can use ${whom}`,
        { part: 'key', fix: 'keep the listener private, or let something in front of it authenticate' },
      );
    }
    if (policy.body.spec.cors !== undefined) {
      report.warning(policy, ['spec', 'cors'], 'is not supported yet: ignored', { part: 'key' });
    }
  }
}
