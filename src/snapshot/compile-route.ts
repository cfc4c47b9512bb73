import { compileGlob, compileRegex, type Matcher } from '../routing/pattern.ts';
import { createRouteTable, type RouteCondition, type TableEntry } from '../routing/route-table.ts';
import { createSplit } from '../routing/split.ts';
import { mergeBodyMutations, mergeHeaderMutations } from './compile-mutation.ts';
import type { RouteMatchConfig, TargetConfig, VirtualRouteConfig, VirtualServiceConfig } from './config-types.ts';
import type { Cluster, ListedModel, RetryPolicy, Route, Service, Target } from './snapshot.ts';

/** Statuses that another target may not answer with: time-outs, rate limits and failures of the provider. */
const DEFAULT_RETRY_STATUSES = [408, 424, 429, 500, 502, 503, 504, 529];
/** A model may think for minutes before its first byte; official SDKs wait ten. */
const DEFAULT_HEAD_MS = 600_000;
const DEFAULT_IDLE_MS = 300_000;
const STANDARD_PATHS: Record<string, string> = {
  chat_completions: '/v1/chat/completions',
  completions: '/v1/completions',
  embeddings: '/v1/embeddings',
  responses: '/v1/responses',
  messages: '/v1/messages',
};

type Clusters = ReadonlyMap<string, Cluster>;

function compileTarget(config: TargetConfig, clusters: Clusters): Target {
  const cluster = clusters.get(config.cluster);
  if (cluster === undefined) throw new Error(`cluster "${config.cluster}" does not exist`);
  const own = cluster.config;
  const fixed = { remove: [], set: Object.entries(own.headers).map(([name, value]) => ({ name, value })) };
  return Object.freeze({
    cluster,
    model: config.model,
    weight: config.weight,
    headers: mergeHeaderMutations([fixed, own.header_mutation, config.header_mutation]),
    bodyEdits: mergeBodyMutations([own.body_mutation, config.body_mutation]),
  });
}

function compileRetry(config: VirtualRouteConfig): RetryPolicy {
  const retry = config.retry;
  const on = new Set(retry?.on ?? ['connect', 'reset', 'timeout', 'status']);
  const statuses = retry?.on_status ?? DEFAULT_RETRY_STATUSES;
  return {
    attempts: retry?.attempts,
    attemptsPerPriority: retry?.attempts_per_priority,
    onStatus: new Set(on.has('status') || retry?.on_status !== undefined ? statuses : []),
    onConnect: on.has('connect'),
    onReset: on.has('reset'),
    onTimeout: on.has('timeout'),
    perTryTimeoutMs: retry?.per_try_timeout ?? 0,
    backoffMs: retry?.backoff ?? 25,
    maxBackoffMs: retry?.max_backoff ?? 1000,
  };
}

function groupByPriority(config: VirtualRouteConfig): number[][] {
  const tiers = new Map<number, number[]>();
  const weighted = config.split.flatMap((target, index) => (target.weight > 0 ? [index] : []));
  tiers.set(0, weighted.length > 0 ? weighted : config.split.map((_, index) => index));
  for (const [position, fallback] of config.fallback.entries()) {
    if (fallback.weight === 0) continue;
    const priority = fallback.priority ?? position + 1;
    const tier = tiers.get(priority);
    const index = config.split.length + position;
    if (tier === undefined) tiers.set(priority, [index]);
    else tier.push(index);
  }
  return [...tiers.entries()].sort(([a], [b]) => a - b).map(([, tier]) => tier);
}

function matches(config: VirtualRouteConfig): RouteMatchConfig[] {
  return Array.isArray(config.match) ? config.match : [config.match];
}

function isAnyModel(match: RouteMatchConfig): boolean {
  return match.model === undefined || match.model === '*';
}

function compileRoute(
  config: VirtualRouteConfig,
  identity: { service: string; name: string },
  clusters: Clusters,
): Route {
  const targets = [...config.split, ...config.fallback].map((target) => compileTarget(target, clusters));
  const tiers = groupByPriority(config);
  return Object.freeze({
    name: identity.name,
    service: identity.service,
    targets,
    tiers,
    splits: tiers.map((tier) => createSplit(tier.map((index) => targets[index]?.weight ?? 0))),
    retry: compileRetry(config),
    timeouts: {
      requestMs: config.timeout?.request ?? 0,
      headMs: DEFAULT_HEAD_MS,
      firstTokenMs: config.timeout?.first_token ?? DEFAULT_HEAD_MS,
      idleMs: config.timeout?.idle ?? DEFAULT_IDLE_MS,
    },
    catchAll: matches(config).every((match) => isAnyModel(match)),
  });
}

function compileModelMatch(model: RouteMatchConfig['model']): { exact?: string; test?: Matcher } {
  if (model === undefined || model === '*') return {};
  if (typeof model === 'string') return model.includes('*') ? { test: compileGlob(model) } : { exact: model };
  if ('exact' in model) return { exact: model.exact };
  if ('prefix' in model) return { test: (text) => text.startsWith(model.prefix) };
  return { test: compileRegex(model.regex) };
}

function compileHeaderMatch(match: RouteMatchConfig['headers'][string]): (value: string | undefined) => boolean {
  if (typeof match === 'string') return (value) => value === match;
  if ('exact' in match) return (value) => value === match.exact;
  if ('prefix' in match) return (value) => value?.startsWith(match.prefix) === true;
  if ('present' in match) return (value) => (value !== undefined) === match.present;
  const test = compileRegex(match.regex);
  return (value) => value !== undefined && test(value);
}

function compileCondition(match: RouteMatchConfig): RouteCondition {
  const model = compileModelMatch(match.model);
  return {
    ...(model.exact === undefined ? {} : { exactModel: model.exact }),
    ...(model.test === undefined ? {} : { model: model.test }),
    headers: Object.entries(match.headers).map(([name, value]) => ({ name, test: compileHeaderMatch(value) })),
    ...(match.paths === undefined ? {} : { paths: new Set(match.paths) }),
  };
}

function listModels(config: VirtualServiceConfig): ListedModel[] {
  const models = new Map<string, ListedModel>();
  for (const route of config.virtual_routes) {
    for (const match of matches(route)) {
      const id = compileModelMatch(match.model).exact;
      if (id === undefined || models.has(id)) continue;
      models.set(id, {
        id,
        ownedBy: route.models?.owned_by ?? route.split[0]?.cluster ?? '',
        created: route.models?.created ?? 0,
      });
    }
  }
  return [...models.values()];
}

function listOpenClusters(config: VirtualServiceConfig): Set<string> {
  const clusters = new Set<string>();
  for (const route of config.virtual_routes) {
    // What asks for a header is not open to whoever lists models.
    const open = matches(route).some(
      (match) => compileModelMatch(match.model).exact === undefined && Object.keys(match.headers).length === 0,
    );
    const models = route.split.filter((target) => open && target.model === undefined);
    for (const target of models) clusters.add(target.cluster);
  }
  return clusters;
}

/** A route that goes to one cluster alone, for `cluster/model` addressing. */
function directRoute(service: string, cluster: string, clusters: Clusters): Route {
  const config: VirtualRouteConfig = {
    match: { headers: {} },
    split: [{ cluster, weight: 1 }],
    fallback: [],
  };
  return compileRoute(config, { service, name: `${service}/${cluster}` }, clusters);
}

/** Compiles one virtual service and its routes. */
export function compileService(config: VirtualServiceConfig, clusters: Clusters): Service {
  const entries: TableEntry<Route>[] = [];
  const addressable = new Map<string, Route>();
  for (const [index, routeConfig] of config.virtual_routes.entries()) {
    const name = routeConfig.name ?? `${config.name}/${index}`;
    const route = compileRoute(routeConfig, { service: config.name, name }, clusters);
    for (const match of matches(routeConfig)) entries.push({ condition: compileCondition(match), route });
    for (const target of config.model_addressing ? route.targets : []) {
      const cluster = target.cluster.name;
      if (!addressable.has(cluster)) addressable.set(cluster, directRoute(config.name, cluster, clusters));
    }
  }
  return Object.freeze({
    name: config.name,
    routes: createRouteTable(entries),
    endpoints: new Map(Object.entries(config.endpoints).map(([path, kind]) => [path, STANDARD_PATHS[kind] ?? path])),
    addressable,
    models: listModels(config),
    openClusters: listOpenClusters(config),
  });
}
