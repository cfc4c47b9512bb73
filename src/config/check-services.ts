import { createRouteExpressionCompiler } from '../routing/route-expression.ts';
import { checkMatches, isEmptyMatch } from './check-match.ts';
import { unknownName } from './check-names.ts';
import { duplicateNames } from './duplicate-names.ts';
import type { ConfigPath, UnplacedIssue } from './issue.ts';
import type { GatewayConfig, VirtualRouteConfig, VirtualServiceConfig } from './model.ts';

/** Names in services and routes lead somewhere, no host has two owners, every split can be drawn from. */
export function checkServices(config: GatewayConfig): UnplacedIssue[] {
  const services = config.virtual_services;
  const compileExpression = createRouteExpressionCompiler();
  return [
    ...duplicateNames(
      services.map((service) => service.name),
      'virtual service',
      (index) => ['virtual_services', index, 'name'],
    ),
    ...domainConflicts(services),
    ...services.flatMap((service, index) => checkService(service, ['virtual_services', index], config)),
    ...services.flatMap((service, index) =>
      service.virtual_routes.flatMap((route, position) =>
        checkMatches(route, ['virtual_services', index, 'virtual_routes', position], { service, compileExpression }),
      ),
    ),
  ];
}

function checkService(service: VirtualServiceConfig, base: ConfigPath, config: GatewayConfig): UnplacedIssue[] {
  const listenerNames = config.listeners.flatMap((listener) => listener.name ?? []);
  const clusterNames = [...Object.keys(config.static_cluster), ...Object.keys(config.dynamic_cluster)];
  return [
    ...(service.listeners ?? []).flatMap((name, index) =>
      unknownName(name, { known: listenerNames, what: 'listener', path: [...base, 'listeners', index] }),
    ),
    ...duplicateNames(
      service.virtual_routes.map((route) => route.name),
      'virtual route of this service',
      (index) => [...base, 'virtual_routes', index, 'name'],
    ),
    ...service.virtual_routes.flatMap((route, index) =>
      checkRoute(route, [...base, 'virtual_routes', index], clusterNames),
    ),
    ...unreachableRoutes(service.virtual_routes, base),
  ];
}

function checkRoute(route: VirtualRouteConfig, base: ConfigPath, clusterNames: readonly string[]): UnplacedIssue[] {
  const targets = (['split', 'fallback', 'mirror'] as const).flatMap((list) =>
    route[list].map((target, index) => ({ target, path: [...base, list, index, 'cluster'] })),
  );
  const issues = targets.flatMap(({ target, path }) =>
    unknownName(target.cluster, { known: clusterNames, what: 'cluster', path }),
  );
  if (route.split.every((target) => target.weight === 0)) {
    const message = 'the weights add up to 0, so no target can be chosen';
    issues.push({ path: [...base, 'split'], severity: 'error', message, fix: 'give one target a weight above 0' });
  }
  for (const [index, target] of route.fallback.entries()) {
    const group = route.fallback.filter((other, at) => (other.priority ?? at + 1) === (target.priority ?? index + 1));
    if (group.some((other) => other.weight > 0)) continue;
    const message = 'weight 0 keeps this fallback from ever being tried';
    issues.push({ path: [...base, 'fallback', index], severity: 'error', message, fix: 'remove it or its weight' });
  }
  return issues;
}

/** Routes with conditions after one that takes every request. Those without any still make their clusters addressable. */
function unreachableRoutes(routes: readonly VirtualRouteConfig[], base: ConfigPath): UnplacedIssue[] {
  const catchAll = routes.findIndex(takesEverything);
  if (catchAll < 0) return [];
  const late = routes.findIndex((route, index) => index > catchAll && !takesEverything(route));
  if (late < 0) return [];
  const message = `is never reached: virtual_routes[${catchAll}] takes every request`;
  const path = [...base, 'virtual_routes', late];
  return [{ path, severity: 'warning', message, fix: `move virtual_routes[${catchAll}] to the end` }];
}

function takesEverything(route: VirtualRouteConfig): boolean {
  return [route.match].flat().some(isEmptyMatch);
}

/** A host name, or a pattern for several, belongs to one service on each listener. */
function domainConflicts(services: readonly VirtualServiceConfig[]): UnplacedIssue[] {
  const issues: UnplacedIssue[] = [];
  const owners = new Map<string, number[]>();
  for (const [index, service] of services.entries()) {
    for (const [position, domain] of service.domains.entries()) {
      const path = ['virtual_services', index, 'domains', position];
      if (/[/:]/.test(domain)) {
        const message = `"${domain}" is not a host name`;
        issues.push({ path, severity: 'error', message, fix: 'write the name alone, without scheme, port and path' });
      }
      const key = domain.toLowerCase();
      const earlier = owners.get(key) ?? [];
      const rival = earlier.find((other) => other === index || shareListener(services[other], service));
      if (rival !== undefined) {
        const owner = rival === index ? 'this service' : `virtual service "${services[rival]?.name}"`;
        const message = `the domain "${domain}" already belongs to ${owner}`;
        issues.push({ path, severity: 'error', message, fix: 'give each service its own `domains` or `listeners`' });
      }
      owners.set(key, [...earlier, index]);
    }
  }
  return issues;
}

function shareListener(a: VirtualServiceConfig | undefined, b: VirtualServiceConfig): boolean {
  if (a?.listeners === undefined || b.listeners === undefined) return true;
  return a.listeners.some((name) => b.listeners?.includes(name));
}
