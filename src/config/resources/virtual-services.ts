import type { RouteMatchInput, VirtualRouteInput, VirtualServiceInput } from './config-input.ts';
import type { Report } from './report.ts';
import type { Attachment } from './route-attachment.ts';
import type { OpenListener } from './translate-gateways.ts';
import { compareFlatRoutes, type FlatRoute } from './translate-routes.ts';
import type { Guard, GuardLookup } from './translate-security.ts';

/** The flat routes of one resource and where they are attached. */
export interface AttachedRoutes {
  routes: readonly FlatRoute[];
  attachments: readonly Attachment[];
}

interface Cell {
  listener: OpenListener;
  domain: string;
  routes: Set<FlatRoute>;
}

/** What grouping routes needs. */
export interface GroupContext {
  /** Names of all listeners in the model. */
  listenerNames: readonly string[];
  guards: GuardLookup;
  report: Report;
}

/** A virtual service and what guards it. */
export interface GuardedService {
  service: VirtualServiceInput;
  guard: Guard | undefined;
}

/**
 * Groups routes into virtual services. On one listener the most specific host name decides alone, as with a
 * Gateway API implementation: so all routes of a host name come together, and host names and listeners with
 * the same routes and the same guard share a service.
 */
export function groupVirtualServices(attached: readonly AttachedRoutes[], context: GroupContext): GuardedService[] {
  const cells = new Map<string, Cell>();
  for (const { routes, attachments } of attached) {
    for (const { listener, domains } of attachments) {
      for (const domain of domains) {
        const key = `${listener.name} ${domain}`;
        const cell = cells.get(key) ?? { listener, domain, routes: new Set() };
        for (const route of routes) cell.routes.add(route);
        cells.set(key, cell);
      }
    }
  }
  const groups = new Map<
    string,
    { listener: string; domains: string[]; routes: FlatRoute[]; guard: Guard | undefined }
  >();
  for (const { listener, domain, routes: found } of cells.values()) {
    const routes = [...found];
    const guard = commonGuard(routes, { listener, domain, context });
    const key = `${listener.name} ${guardId(guard)} ${routeIds(routes)}`;
    const group = groups.get(key) ?? { listener: listener.name, domains: [], routes, guard };
    group.domains.push(domain);
    groups.set(key, group);
  }
  const services = new Map<
    string,
    { listeners: string[]; domains: string[]; routes: FlatRoute[]; guard: Guard | undefined }
  >();
  for (const { listener, domains, routes, guard } of groups.values()) {
    const key = `${domains.toSorted().join()} ${guardId(guard)} ${routeIds(routes)}`;
    const service = services.get(key) ?? { listeners: [], domains, routes, guard };
    service.listeners.push(listener);
    services.set(key, service);
  }
  return [...services.values()].map(({ listeners, domains, routes, guard }) => {
    const onAll = context.listenerNames.every((name) => listeners.includes(name));
    const service: VirtualServiceInput = {
      name: serviceName(domains, onAll ? [] : listeners),
      ...(onAll ? {} : { listeners }),
      domains,
      // A client must not get around the conditions of routes by naming a cluster itself.
      model_addressing: false,
      ...(guard?.filter === undefined ? {} : { auth_filter: guard.filter }),
      virtual_routes: mergeRoutes(routes.toSorted(compareFlatRoutes)),
    };
    return { service, guard };
  });
}

function guardId(guard: Guard | undefined): string {
  return guard?.filter === undefined ? '' : guard.id;
}

/**
 * Who may use the routes of one host name. A service asks before it knows the route, so all routes of a host name must be
 * under the same policy: else one that asks for a key would let in whom another does not, and that is an error.
 */
function commonGuard(
  routes: readonly FlatRoute[],
  { listener, domain, context }: { listener: OpenListener; domain: string; context: GroupContext },
): Guard | undefined {
  const guards = new Map<string, { guard: Guard | undefined; route: string }>();
  for (const { route, rule } of routes) {
    const name = `${route.namespace}/${route.name}`;
    const guard = context.guards({ route: name, rule, listeners: [listener] });
    if (!guards.has(guardId(guard))) guards.set(guardId(guard), { guard, route: name });
  }
  const found = [...guards.values()];
  const [first] = found;
  if (found.length < 2) return first?.guard;
  const strict = found.find(({ guard }) => guard?.filter !== undefined);
  const other = found.find((one) => one !== strict);
  if (strict?.guard !== undefined) {
    const whose = other?.guard?.filter === undefined ? 'no policy that authenticates' : other.guard.id;
    const host = domain === '*' ? 'all host names' : `the host name ${domain}`;
    context.report.error(
      strict.guard.from,
      ['spec'],
      `cannot be enforced for AIGatewayRoute ${strict.route} alone: ${whose} guards AIGatewayRoute ${other?.route}, which shares ${host} of listener ${listener.section.name} with it`,
      { fix: 'give the routes `hostnames` of their own, or let one policy target both or their Gateway' },
    );
  }
  return strict?.guard;
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
