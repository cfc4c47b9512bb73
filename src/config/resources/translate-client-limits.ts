import type { GatewayConfigInput } from '../model.ts';
import { parseDuration, parseSize } from '../units.ts';
import { compact } from './compact.ts';
import { policyTargets } from './policy-targets.ts';
import type { Report } from './report.ts';
import { nearestOf, type ResourceSet } from './resource-set.ts';
import type { TranslatedGateways } from './translate-gateways.ts';

/**
 * The bounds that ClientTrafficPolicies put on requests. They hold for all listeners: where policies differ
 * the largest counts. Undefined when no policy sets one.
 */
export function translateClientLimits(
  set: ResourceSet,
  gateways: TranslatedGateways,
  report: Report,
): GatewayConfigInput['limits'] {
  const sizes: number[] = [];
  const durations: number[] = [];
  for (const policy of set.list('ClientTrafficPolicy')) {
    let applies = false;
    for (const { target, path } of policyTargets(policy, set)) {
      const key = `${policy.namespace}/${target.name}`;
      if (target.kind !== 'Gateway') {
        report.warning(policy, path, `targets a ${target.kind}; only a Gateway can be targeted: ignored`);
      } else if (gateways.served.has(key)) {
        applies = true;
      } else if (!gateways.foreign.has(key)) {
        report.warning(policy, path, `there is no Gateway ${key}: ignored`, { fix: nearestOf(set, 'Gateway', key) });
      }
    }
    if (!applies) continue;
    const { connection, timeout } = policy.body.spec;
    const limit = connection?.bufferLimit;
    const size = typeof limit === 'string' ? parseSize(limit) : limit;
    if (size !== undefined) sizes.push(size);
    const received = timeout?.http?.requestReceivedTimeout;
    const duration = received === undefined ? undefined : parseDuration(received);
    if (duration !== undefined) durations.push(duration);
  }
  const limits = compact({
    max_body: sizes.length === 0 ? undefined : Math.max(...sizes),
    request_received_timeout: durations.length === 0 ? undefined : Math.max(...durations),
  });
  return Object.keys(limits).length === 0 ? undefined : limits;
}
