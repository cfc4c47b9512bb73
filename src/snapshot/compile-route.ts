import { createRouteExpressionCompiler } from '../routing/route-expression.ts';
import { createRouteTable, type TableEntry } from '../routing/route-table.ts';
import { compileCondition, exactModel, isAnyModel, isOpenMatch } from './compile-match.ts';
import { compileBalance, compileHedge, compileRetry, compileTimeouts } from './compile-policy.ts';
import { type CompileContext, compileMirror, compileTarget } from './compile-target.ts';
import type { RouteMatchConfig, VirtualRouteConfig, VirtualServiceConfig } from './config-types.ts';
import type { ListedModel, Route, Service } from './snapshot.ts';

/** The path that each kind of endpoint has in its own API. */
const STANDARD_PATHS: Readonly<Record<VirtualServiceConfig['endpoints'][string], string>> = {
  chat_completions: '/v1/chat/completions',
  completions: '/v1/completions',
  embeddings: '/v1/embeddings',
  responses: '/v1/responses',
  responses_input_tokens: '/v1/responses/input_tokens',
  image_generations: '/v1/images/generations',
  image_edits: '/v1/images/edits',
  image_variations: '/v1/images/variations',
  speech: '/v1/audio/speech',
  transcriptions: '/v1/audio/transcriptions',
  translations: '/v1/audio/translations',
  moderations: '/v1/moderations',
  messages: '/v1/messages',
  count_tokens: '/v1/messages/count_tokens',
  tokenize: '/tokenize',
  cohere_chat: '/v2/chat',
  cohere_embed: '/v2/embed',
  rerank: '/v2/rerank',
  ollama_chat: '/api/chat',
  ollama_generate: '/api/generate',
  tgi_generate: '/generate',
  tgi_generate_stream: '/generate_stream',
};

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

function compileRoute(
  config: VirtualRouteConfig,
  identity: { service: string; name: string },
  context: CompileContext,
): Route {
  const targets = [...config.split, ...config.fallback].map((target) => compileTarget(target, context));
  const tiers = groupByPriority(config);
  const route = Object.freeze({
    index: context.routes.length,
    name: identity.name,
    service: identity.service,
    targets,
    tiers,
    splitBy: config.split_by,
    balance: compileBalance(config.balance),
    mirrors: config.mirror.map((mirror) => compileMirror(mirror, context)),
    retry: compileRetry(config.retry),
    hedge: compileHedge(config.hedge),
    timeouts: compileTimeouts(config.timeout),
    catchAll: matches(config).every((match) => isAnyModel(match)),
  });
  context.routes.push(route);
  return route;
}

function listModels(config: VirtualServiceConfig): ListedModel[] {
  const models = new Map<string, ListedModel>();
  for (const route of config.virtual_routes) {
    for (const match of matches(route)) {
      const id = exactModel(match);
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
    const open = matches(route).some((match) => exactModel(match) === undefined && isOpenMatch(match));
    const models = route.split.filter((target) => open && target.model === undefined);
    for (const target of models) clusters.add(target.cluster);
  }
  return clusters;
}

/** A route that goes to one cluster alone, for `cluster/model` addressing. */
function directRoute(service: string, cluster: string, context: CompileContext): Route {
  const config: VirtualRouteConfig = {
    match: { headers: {} },
    split: [{ cluster, weight: 1 }],
    fallback: [],
    balance: 'weighted',
    mirror: [],
    rate_limit: [],
    budget: [],
  };
  return compileRoute(config, { service, name: `${service}/${cluster}` }, context);
}

/** Compiles one virtual service and its routes. */
export function compileService(config: VirtualServiceConfig, context: CompileContext, index: number): Service {
  const entries: TableEntry<Route>[] = [];
  const compileExpression = createRouteExpressionCompiler();
  const addressable = new Map<string, Route>();
  for (const [index, routeConfig] of config.virtual_routes.entries()) {
    const name = routeConfig.name ?? `${config.name}/${index}`;
    const route = compileRoute(routeConfig, { service: config.name, name }, context);
    for (const [position, match] of matches(routeConfig).entries()) {
      entries.push({ condition: compileCondition(match, compileExpression), route, match: position });
    }
    // What only some may use, or only some requests, is not open to whoever knows its name.
    const open = config.model_addressing && matches(routeConfig).some(isOpenMatch);
    for (const target of open ? route.targets : []) {
      const cluster = target.cluster.name;
      if (!addressable.has(cluster)) addressable.set(cluster, directRoute(config.name, cluster, context));
    }
  }
  return Object.freeze({
    index,
    name: config.name,
    routes: createRouteTable(entries),
    endpoints: new Map(Object.entries(config.endpoints).map(([path, kind]) => [path, STANDARD_PATHS[kind]])),
    addressable,
    models: listModels(config),
    openClusters: listOpenClusters(config),
  });
}
