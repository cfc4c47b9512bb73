import type { GatewayConfigInput } from '../model.ts';
import { compact } from './compact.ts';
import type { KindBody } from './kinds.ts';
import type { Report } from './report.ts';
import type { Resource, ResourceHead, ResourcePath } from './resource.ts';
import { nearestOf, type ResourceSet } from './resource-set.ts';
import type { TranslatedGateways } from './translate-gateways.ts';

type EnvoyProxy = Resource<KindBody<'EnvoyProxy'>>;
type AccessLogInput = GatewayConfigInput['access_log'];
type Setting = NonNullable<
  NonNullable<NonNullable<EnvoyProxy['body']['spec']['telemetry']>['accessLog']>['settings']
>[number];

/** Devices that stand for the process's own streams. */
const STREAMS: Record<string, string> = { '/dev/stdout': 'stdout', '/dev/stderr': 'stderr' };

/**
 * The access log of the EnvoyProxy that the served Gateways, or their classes, name. There is one log: of
 * several the first counts. Undefined when none is set.
 */
export function translateAccessLog(set: ResourceSet, gateways: TranslatedGateways, report: Report): AccessLogInput {
  const proxies = new Map<string, EnvoyProxy>();
  for (const { gateway } of gateways.served.values()) {
    const found = proxyOfGateway(gateway, set, report) ?? proxyOfClass(gateway.body.spec.gatewayClassName, set, report);
    if (found !== undefined) proxies.set(`${found.namespace}/${found.name}`, found);
  }
  for (const proxy of set.list('EnvoyProxy')) {
    if (proxies.has(`${proxy.namespace}/${proxy.name}`)) continue;
    report.warning(proxy, [], 'is named by no Gateway and no GatewayClass: ignored');
  }
  const [chosen, ...others] = [...proxies.values()].filter((proxy) => settingsOf(proxy) !== undefined);
  for (const other of others) {
    const message = `there is one access log, that of EnvoyProxy ${chosen?.namespace}/${chosen?.name}: ignored`;
    report.warning(other, ['spec', 'telemetry', 'accessLog'], message);
  }
  return chosen === undefined ? undefined : toAccessLog(chosen, report);
}

function settingsOf(proxy: EnvoyProxy) {
  return proxy.body.spec.telemetry?.accessLog;
}

interface ParametersReference {
  group: string;
  kind: string;
  name: string;
  namespace?: string | undefined;
}

function proxyOfGateway(
  gateway: Resource<KindBody<'Gateway'>>,
  set: ResourceSet,
  report: Report,
): EnvoyProxy | undefined {
  const reference = gateway.body.spec.infrastructure?.parametersRef;
  const path = ['spec', 'infrastructure', 'parametersRef'];
  return reference === undefined
    ? undefined
    : findProxy({ ...reference, namespace: gateway.namespace }, { from: gateway, path }, { set, report });
}

function proxyOfClass(name: string, set: ResourceSet, report: Report): EnvoyProxy | undefined {
  const gatewayClass = set.find('GatewayClass', '', name);
  const reference = gatewayClass?.body.spec.parametersRef;
  if (gatewayClass === undefined || reference === undefined) return undefined;
  return findProxy(reference, { from: gatewayClass, path: ['spec', 'parametersRef'] }, { set, report });
}

function findProxy(
  reference: ParametersReference,
  place: { from: ResourceHead; path: ResourcePath },
  { set, report }: { set: ResourceSet; report: Report },
): EnvoyProxy | undefined {
  if (reference.kind !== 'EnvoyProxy') {
    report.warning(place.from, place.path, `parameters of kind ${reference.kind} are not supported: ignored`);
    return undefined;
  }
  const namespace = reference.namespace ?? 'default';
  const found = set.find('EnvoyProxy', namespace, reference.name);
  if (found === undefined && !set.isDeclared('EnvoyProxy', namespace, reference.name)) {
    const key = `${namespace}/${reference.name}`;
    report.error(place.from, place.path, `there is no EnvoyProxy ${key}`, { fix: nearestOf(set, 'EnvoyProxy', key) });
  }
  return found;
}

function toAccessLog(proxy: EnvoyProxy, report: Report): AccessLogInput {
  const accessLog = settingsOf(proxy);
  const path = ['spec', 'telemetry', 'accessLog'];
  if (accessLog?.disable === true) return false;
  const settings = accessLog?.settings ?? [];
  for (const index of settings.keys()) {
    if (index > 0) report.warning(proxy, [...path, 'settings', index], 'there is one access log, the first: ignored');
  }
  const [setting] = settings;
  if (setting === undefined) return true;
  const place = { from: proxy, path: [...path, 'settings', 0] };
  const file = fileOf(setting, place, report);
  if (file === undefined) return undefined;
  return compact({ path: STREAMS[file] ?? file, fields: fieldsOf(setting, place, report) });
}

interface Place {
  from: ResourceHead;
  path: ResourcePath;
}

function fileOf(setting: Setting, place: Place, report: Report): string | undefined {
  let file: string | undefined;
  for (const [index, sink] of setting.sinks.entries()) {
    const path = [...place.path, 'sinks', index];
    if (sink.type !== 'File' || sink.file === undefined) {
      report.warning(place.from, path, `the access log sink ${sink.type} is not supported yet: ignored`);
    } else if (file !== undefined) {
      report.warning(place.from, path, 'the access log goes to one file, the first: ignored');
    } else {
      file = sink.file.path;
    }
  }
  return file;
}

function fieldsOf(setting: Setting, place: Place, report: Report): Record<string, string> | undefined {
  const { format } = setting;
  if (format === undefined) return undefined;
  if (format.json === undefined) {
    const message = 'the text format is not supported: the gateway writes its own JSON fields';
    report.warning(place.from, [...place.path, 'format'], message, { fix: 'use type: JSON' });
    return undefined;
  }
  const fields: [string, string][] = [];
  for (const [name, value] of Object.entries(format.json)) {
    if (typeof value === 'string') fields.push([name, value]);
    else report.warning(place.from, [...place.path, 'format', 'json', name], 'only text is supported here: ignored');
  }
  return Object.fromEntries(fields);
}
