import { checkAuth } from './check-auth.ts';
import { checkCounters, checkLimits, type LimitPlace, serviceLevels } from './check-limits.ts';
import { checkOrganizations, organizationLevels, routeNames } from './check-organizations.ts';
import { checkStores } from './check-stores.ts';
import type { UnplacedIssue } from './issue.ts';
import type { GatewayConfig } from './model.ts';

/** Checks who may use the gateway, how much of it, and where that is counted. */
export function checkGovernance(config: GatewayConfig): UnplacedIssue[] {
  const clusters = [...Object.keys(config.static_cluster), ...Object.keys(config.dynamic_cluster)];
  const ofServices = serviceLevels(config);
  const ofOrganizations = organizationLevels(config);
  const allRoutes = routeNames(config);
  const routesOf = config.virtual_services.map((service) => routeNames({ virtual_services: [service] }));
  return [
    ...ofServices.flatMap(({ level, path, service }) => {
      const place: LimitPlace = { path, clusters, routes: routesOf[service] ?? [] };
      return checkLimits(level, place);
    }),
    ...ofOrganizations.flatMap(({ level, path }) => checkLimits(level, { path, clusters, routes: allRoutes })),
    ...checkCounters([...ofServices, ...ofOrganizations]),
    ...checkOrganizations(config),
    ...checkAuth(config),
    ...checkStores(config),
  ];
}
