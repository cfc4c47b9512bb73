import type { RouteMatchInput, VirtualRouteInput, VirtualServiceInput } from './config-input.ts';
import type { Attachment } from './route-attachment.ts';
import { compareFlatRoutes, type FlatRoute } from './translate-routes.ts';

/** The flat routes of one resource and where they are attached. */
export interface AttachedRoutes {
  routes: readonly FlatRoute[];
  attachments: readonly Attachment[];
}

interface Cell {
  listener: string;
  domain: string;
  routes: Set<FlatRoute>;
}

/**
 * Groups routes into virtual services. On one listener the most specific host name decides alone, as with a
 * Gateway API implementation: so all routes of a host name come together, and host names and listeners with
 * the same routes share a service.
 */
export function groupVirtualServices(
  attached: readonly AttachedRoutes[],
  listenerNames: readonly string[],
): VirtualServiceInput[] {
  const cells = new Map<string, Cell>();
  for (const { routes, attachments } of attached) {
    for (const { listener, domains } of attachments) {
      for (const domain of domains) {
        const key = `${listener.name} ${domain}`;
        const cell = cells.get(key) ?? { listener: listener.name, domain, routes: new Set() };
        for (const route of routes) cell.routes.add(route);
        cells.set(key, cell);
      }
    }
  }
  const groups = new Map<string, { listener: string; domains: string[]; routes: FlatRoute[] }>();
  for (const { listener, domain, routes: found } of cells.values()) {
    const routes = [...found];
    const key = `${listener} ${routeIds(routes)}`;
    const group = groups.get(key) ?? { listener, domains: [], routes };
    group.domains.push(domain);
    groups.set(key, group);
  }
  const services = new Map<string, { listeners: string[]; domains: string[]; routes: FlatRoute[] }>();
  for (const { listener, domains, routes } of groups.values()) {
    const key = `${domains.toSorted().join()} ${routeIds(routes)}`;
    const service = services.get(key) ?? { listeners: [], domains, routes };
    service.listeners.push(listener);
    services.set(key, service);
  }
  return [...services.values()].map(({ listeners, domains, routes }) => {
    const onAll = listenerNames.every((name) => listeners.includes(name));
    return {
      name: serviceName(domains, onAll ? [] : listeners),
      ...(onAll ? {} : { listeners }),
      domains,
      // A client must not get around the conditions of routes by naming a cluster itself.
      model_addressing: false,
      virtual_routes: mergeRoutes(routes.toSorted(compareFlatRoutes)),
    };
  });
}

function routeIds(routes: readonly FlatRoute[]): string {
  return routes.map((route) => `${route.ruleId}/${route.matchIndex}`).join();
}

function serviceName(domains: readonly string[], listeners: readonly string[]): string {
  const name = domains.length === 1 && domains[0] === '*' ? 'default' : domains.join(',');
  return listeners.length === 0 ? name : `${name}@${listeners.join(',')}`;
}

/** Neighbours of one rule become one route with several matches. */
function mergeRoutes(sorted: readonly FlatRoute[]): VirtualRouteInput[] {
  const merged: { first: FlatRoute; matches: RouteMatchInput[] }[] = [];
  for (const route of sorted) {
    const last = merged.at(-1);
    if (last?.first.ruleId === route.ruleId) last.matches.push(route.match);
    else merged.push({ first: route, matches: [route.match] });
  }
  return merged.map(({ first, matches }) => {
    const [match] = matches;
    return {
      name: matches.length === first.matchCount ? first.ruleId : `${first.ruleId}/match/${first.matchIndex}`,
      match: matches.length === 1 && match !== undefined ? match : matches,
      ...first.rest,
    };
  });
}
