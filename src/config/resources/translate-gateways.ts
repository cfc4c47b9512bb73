import type { ListenerInput } from './config-input.ts';
import type { KindBody } from './kinds.ts';
import type { Report } from './report.ts';
import type { Resource } from './resource.ts';
import { nearestOf, type ResourceSet } from './resource-set.ts';

/** Controllers whose GatewayClasses are served: the reference system's and this gateway's own. */
const CONTROLLERS = ['gateway.envoyproxy.io/gatewayclass-controller', 'aigw.dev/gatewayclass-controller'];
/** Annotation of a Gateway that names its GatewayConfig. */
export const CONFIG_ANNOTATION = 'aigateway.envoyproxy.io/gateway-config';
/** Gateway API listeners are open on every interface. */
const ANY_ADDRESS = '0.0.0.0';

type Gateway = Resource<KindBody<'Gateway'>>;
type GatewayListener = Gateway['body']['spec']['listeners'][number];

/** A listener of a Gateway that is open. */
export interface OpenListener {
  gateway: Gateway;
  /** The listener as the Gateway names it. */
  section: GatewayListener;
  /** Name in the model; listeners of one address and port share it. */
  name: string;
}

/** A Gateway that is served. */
export interface ServedGateway {
  gateway: Gateway;
  listeners: OpenListener[];
  /** `host:port` of the proxy for its provider requests. */
  forwardProxy: string | undefined;
}

/** The Gateways of a configuration. */
export interface TranslatedGateways {
  /** By `namespace/name`. */
  served: ReadonlyMap<string, ServedGateway>;
  /** `namespace/name` of Gateways that belong to another controller. */
  foreign: ReadonlySet<string>;
  listeners: ListenerInput[];
}

/** Finds the Gateways to serve and the listeners to open. */
export function translateGateways(set: ResourceSet, report: Report): TranslatedGateways {
  const served = new Map<string, ServedGateway>();
  const foreign = new Set<string>();
  const opened: (OpenListener & { address: string; port: number })[] = [];
  for (const gateway of set.list('Gateway')) {
    const key = `${gateway.namespace}/${gateway.name}`;
    if (!isServed(gateway, set, report)) {
      foreign.add(key);
      continue;
    }
    const address = addressOf(gateway, report);
    const listeners = gateway.body.spec.listeners.flatMap((section, index) => {
      const path = ['spec', 'listeners', index];
      if (section.protocol !== 'HTTP') {
        const message = `${section.protocol} is not supported yet: this listener is not opened`;
        report.warning(gateway, [...path, 'protocol'], message, { fix: 'use protocol: HTTP behind a TLS proxy' });
        return [];
      }
      const { port } = section;
      const shared = opened.find((other) => other.port === port && other.address === address);
      const name = shared?.name ?? freeName(section.name, `${key}/${section.name}`, opened);
      const listener = { gateway, section, name, address, port };
      opened.push(listener);
      return [listener];
    });
    if (listeners.length === 0) report.error(gateway, ['spec', 'listeners'], 'has no listener that can be opened');
    served.set(key, { gateway, listeners, forwardProxy: forwardProxyOf(gateway, set, report) });
  }
  const distinct = new Map(opened.map(({ name, address, port }) => [name, { name, address, port }]));
  return { served, foreign, listeners: [...distinct.values()] };
}

function freeName(wanted: string, qualified: string, opened: readonly OpenListener[]): string {
  return opened.some((listener) => listener.name === wanted) ? qualified : wanted;
}

function isServed(gateway: Gateway, set: ResourceSet, report: Report): boolean {
  const { gatewayClassName } = gateway.body.spec;
  const path = ['spec', 'gatewayClassName'];
  const gatewayClass = set.find('GatewayClass', '', gatewayClassName);
  if (gatewayClass === undefined) {
    if (!set.isDeclared('GatewayClass', '', gatewayClassName)) {
      report.error(gateway, path, `there is no GatewayClass ${gatewayClassName}`, {
        fix: nearestOf(set, 'GatewayClass', gatewayClassName),
      });
    }
    return false;
  }
  const { controllerName } = gatewayClass.body.spec;
  if (CONTROLLERS.includes(controllerName)) return true;
  const message = `GatewayClass ${gatewayClassName} belongs to the controller ${controllerName}: this Gateway is ignored`;
  report.warning(gateway, path, message, { fix: `served here: ${CONTROLLERS.join(', ')}` });
  return false;
}

function addressOf(gateway: Gateway, report: Report): string {
  const addresses = gateway.body.spec.addresses ?? [];
  for (const [index, { type = 'IPAddress' }] of addresses.entries()) {
    const path = ['spec', 'addresses', index];
    if (index > 0) report.warning(gateway, path, 'only the first address is listened on: ignored');
    else if (type !== 'IPAddress')
      report.warning(gateway, path, `addresses of type ${type} are not supported: ignored`);
  }
  const [first] = addresses;
  return first?.value !== undefined && (first.type ?? 'IPAddress') === 'IPAddress' ? first.value : ANY_ADDRESS;
}

function forwardProxyOf(gateway: Gateway, set: ResourceSet, report: Report): string | undefined {
  const name = gateway.annotations[CONFIG_ANNOTATION];
  if (name === undefined) return undefined;
  const config = set.find('GatewayConfig', gateway.namespace, name);
  if (config === undefined && !set.isDeclared('GatewayConfig', gateway.namespace, name)) {
    const key = `${gateway.namespace}/${name}`;
    report.error(gateway, ['metadata', 'annotations', CONFIG_ANNOTATION], `there is no GatewayConfig ${key}`, {
      fix: nearestOf(set, 'GatewayConfig', key),
    });
  }
  return config?.body.spec.forwardProxy?.address;
}
