import type { KindBody } from './kinds.ts';
import type { Report } from './report.ts';
import type { Resource } from './resource.ts';
import { nearestOf, type ResourceSet } from './resource-set.ts';
import type { OpenListener, ServedGateway, TranslatedGateways } from './translate-gateways.ts';

/** A listener that a route is attached to, and the host names it serves there. */
export interface Attachment {
  listener: OpenListener;
  /** Host names and wildcards; `*` stands for all. */
  domains: string[];
}

type AiRoute = Resource<KindBody<'AIGatewayRoute'>>;
type ParentRef = NonNullable<AiRoute['body']['spec']['parentRefs']>[number];

/** What finding a route's listeners needs. */
export interface AttachmentContext {
  set: ResourceSet;
  report: Report;
  gateways: TranslatedGateways;
}

/** The listeners that a route is attached to; a reference that leads nowhere is reported. */
export function attachRoute(route: AiRoute, context: AttachmentContext): Attachment[] {
  const { report } = context;
  const parents = route.body.spec.parentRefs ?? [];
  if (parents.length === 0) {
    report.warning(route, ['spec'], 'has no parentRefs: it is attached to no Gateway and answers nothing');
    return [];
  }
  const attached = new Map<OpenListener, Attachment>();
  for (const [index, parent] of parents.entries()) {
    for (const listener of listenersOf(route, parent, { ...context, index })) {
      const domains = commonHostnames(listener.section.hostname, route.body.spec.hostnames ?? []);
      if (domains.length > 0) attached.set(listener, { listener, domains });
      else {
        const message = `no host name of this route is served by listener ${listener.section.name} (${listener.section.hostname}): not attached`;
        report.warning(route, ['spec', 'hostnames'], message);
      }
    }
  }
  return [...attached.values()];
}

function listenersOf(
  route: AiRoute,
  parent: ParentRef,
  context: AttachmentContext & { index: number },
): OpenListener[] {
  const { set, report, gateways } = context;
  const path = ['spec', 'parentRefs', context.index];
  const namespace = parent.namespace ?? route.namespace;
  const key = `${namespace}/${parent.name}`;
  const gateway = gateways.served.get(key);
  if (gateway === undefined) {
    if (gateways.foreign.has(key)) report.warning(route, path, `Gateway ${key} is not served here: not attached to it`);
    else if (!set.isDeclared('Gateway', namespace, parent.name)) {
      report.error(route, [...path, 'name'], `there is no Gateway ${key}`, { fix: nearestOf(set, 'Gateway', key) });
    }
    return [];
  }
  const chosen = gateway.listeners.filter(
    ({ section }) =>
      (parent.sectionName === undefined || section.name === parent.sectionName) &&
      (parent.port === undefined || section.port === parent.port),
  );
  if (chosen.length === 0) {
    reportMissingListener(route, { gateway, key, path, parent }, report);
    return [];
  }
  const allowed = chosen.filter((listener) => admits(listener, route, set));
  if (allowed.length === 0) {
    report.error(route, path, `no listener of Gateway ${key} admits routes of namespace ${route.namespace}`, {
      fix: 'set allowedRoutes.namespaces.from: All on the listener',
    });
  }
  return allowed;
}

function reportMissingListener(
  route: AiRoute,
  wanted: { gateway: ServedGateway; key: string; path: (string | number)[]; parent: ParentRef },
  report: Report,
): void {
  const { gateway, key, path, parent } = wanted;
  const names = gateway.gateway.body.spec.listeners.map((listener) => listener.name);
  if (parent.sectionName !== undefined && names.includes(parent.sectionName)) {
    report.warning(route, path, `listener ${parent.sectionName} of Gateway ${key} is not open: not attached to it`);
    return;
  }
  const what = parent.sectionName === undefined ? `on port ${parent.port}` : parent.sectionName;
  report.error(route, path, `Gateway ${key} has no open listener ${what}`, { fix: `it has ${names.join(', ')}` });
}

/** Whether a listener's `allowedRoutes` lets a route attach; by default those of its own namespace may. */
function admits({ gateway, section }: OpenListener, route: AiRoute, set: ResourceSet): boolean {
  const { from = 'Same', selector } = section.allowedRoutes?.namespaces ?? {};
  switch (from) {
    case 'All':
      return true;
    case 'Same':
      return route.namespace === gateway.namespace;
    case 'None':
      return false;
    case 'Selector': {
      const labels: Record<string, string> = {
        ...set.find('Namespace', '', route.namespace)?.labels,
        'kubernetes.io/metadata.name': route.namespace,
      };
      return Object.entries(selector?.matchLabels ?? {}).every(([name, value]) => labels[name] === value);
    }
    default:
      return from satisfies never;
  }
}

/** The host names that a listener and a route have in common (Gateway API, `HTTPRoute.spec.hostnames`). */
export function commonHostnames(listener: string | undefined, route: readonly string[]): string[] {
  const names = route.map((name) => name.toLowerCase());
  const own = listener?.toLowerCase();
  if (own === undefined || own === '*') return names.length === 0 ? ['*'] : names;
  if (names.length === 0) return [own];
  return names.flatMap((name) => (covers(own, name) ? [name] : covers(name, own) ? [own] : []));
}

function covers(pattern: string, name: string): boolean {
  return pattern === '*' || pattern === name || (pattern.startsWith('*.') && name.endsWith(pattern.slice(1)));
}
