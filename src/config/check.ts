import { checkClusters } from './check-clusters.ts';
import { checkGovernance } from './check-governance.ts';
import { checkListeners, type ListenerRules } from './check-listeners.ts';
import { checkServices } from './check-services.ts';
import type { UnplacedIssue } from './issue.ts';
import type { GatewayConfig } from './model.ts';

/** What a check may let pass. */
export type CheckOptions = ListenerRules;

/** Finds what the model alone cannot see: names that lead nowhere, settings that contradict one another. */
export function checkConfig(config: GatewayConfig, options: CheckOptions = {}): UnplacedIssue[] {
  return [
    ...checkListeners(config, options),
    ...checkClusters(config),
    ...checkServices(config),
    ...checkGovernance(config),
  ];
}
