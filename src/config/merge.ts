import type { ConfigPath, ConfigPlace, UnplacedIssue } from './issue.ts';
import type { GatewayConfig, VirtualServiceConfig } from './model.ts';

/** Finds where a path of the configuration was written. */
export type PlaceFinder = (path: ConfigPath, part?: 'key' | 'value') => ConfigPlace;

/** A configuration made from one kind of source. */
export interface ConfigPart {
  config: GatewayConfig;
  /** Top-level fields that were written, not filled in by default. */
  given: ReadonlySet<string>;
  placeOf: PlaceFinder;
}

/** Both kinds of sources as one. */
export interface MergedConfig {
  config: GatewayConfig;
  placeOf: PlaceFinder;
  listenersFromResources: boolean;
  issues: UnplacedIssue[];
}

/**
 * Puts a gateway file and resources together: clusters and services of both, services of the gateway file
 * first; of every other section the gateway file's where it is given.
 */
export function mergeParts(gateway: ConfigPart | undefined, resources: ConfigPart | undefined): MergedConfig {
  const single = gateway ?? resources;
  if (single === undefined) throw new Error('there is no configuration to merge');
  if (gateway === undefined || resources === undefined) {
    return { ...single, listenersFromResources: gateway === undefined, issues: [] };
  }
  const fromResources = (section: string) => !gateway.given.has(section) && resources.given.has(section);
  const config: GatewayConfig = { ...gateway.config };
  for (const section of Object.keys(resources.config) as (keyof GatewayConfig)[]) {
    if (fromResources(section)) Object.assign(config, { [section]: resources.config[section] });
  }
  config.static_cluster = { ...resources.config.static_cluster, ...gateway.config.static_cluster };
  const listenersFromResources = fromResources('listeners');
  const added = resources.config.virtual_services.map((service) =>
    listenersFromResources ? service : onKnownListeners(service, config),
  );
  config.virtual_services = [...gateway.config.virtual_services, ...added];
  return {
    config,
    listenersFromResources,
    placeOf: placeFinder(gateway, resources),
    issues: clashes(gateway, resources),
  };
}

/** Listeners of the gateway file take the place of the manifests' ones, whose names may then be gone. */
function onKnownListeners(service: VirtualServiceConfig, config: GatewayConfig): VirtualServiceConfig {
  const { listeners, ...rest } = service;
  const known = listeners?.filter((name) => config.listeners.some((listener) => listener.name === name)) ?? [];
  return known.length === 0 ? rest : { ...rest, listeners: known };
}

function placeFinder(gateway: ConfigPart, resources: ConfigPart): PlaceFinder {
  const offset = gateway.config.virtual_services.length;
  return (path, part) => {
    const [section, step, ...rest] = path;
    if (section === 'virtual_services' && typeof step === 'number' && step >= offset) {
      return resources.placeOf([section, step - offset, ...rest], part);
    }
    if (section === 'static_cluster' && !Object.hasOwn(gateway.config.static_cluster, String(step))) {
      return resources.placeOf(path, part);
    }
    const isForeign = section !== undefined && section !== 'virtual_services' && section !== 'static_cluster';
    if (isForeign && !gateway.given.has(String(section)) && resources.given.has(String(section))) {
      return resources.placeOf(path, part);
    }
    return gateway.placeOf(path, part);
  };
}

function clashes(gateway: ConfigPart, resources: ConfigPart): UnplacedIssue[] {
  return Object.keys(gateway.config.static_cluster)
    .filter((name) => Object.hasOwn(resources.config.static_cluster, name))
    .map((name) => ({
      path: ['static_cluster', name],
      part: 'key',
      severity: 'error',
      message: 'a resource makes a cluster of the same name',
      fix: 'choose another name',
    }));
}
