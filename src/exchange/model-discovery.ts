import { isObject, type JsonObject, type JsonValue } from '../json/types.ts';
import type { ModelListBinding } from '../providers/provider.ts';
import type { ListedModel, Service } from '../snapshot/snapshot.ts';
import { fetchJson } from './fetch-json.ts';
import type { BoundCluster, ModelListCache } from './live.ts';
import type { ExchangeRuntime } from './runtime.ts';

/** How long a provider's list counts as fresh, and a failure to get it as such. */
const FRESH_MS = 300_000;
const FAILED_MS = 15_000;
/** A client that lists models waits no longer than this for a provider. */
const TIMEOUT_MS = 3000;
/** Most models taken from one provider. */
const MAX_MODELS = 5000;

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readEntry(entry: JsonObject, form: ModelListBinding['form'], owner: string): ListedModel | undefined {
  const id =
    form === 'openai' || form === 'anthropic' ? text(entry['id']) : text(entry['name'])?.replace(/^models\//, '');
  if (id === undefined) return undefined;
  const created = entry['created'];
  return { id, ownedBy: text(entry['owned_by']) ?? owner, created: typeof created === 'number' ? created : 0 };
}

function readList(body: JsonObject, form: ModelListBinding['form'], owner: string): ListedModel[] {
  const list = form === 'openai' || form === 'anthropic' ? body['data'] : body['models'];
  if (!Array.isArray(list)) return [];
  const models: ListedModel[] = [];
  for (const entry of list.slice(0, MAX_MODELS)) {
    const model = isObject(entry) ? readEntry(entry, form, owner) : undefined;
    if (model !== undefined) models.push(model);
  }
  return models;
}

async function refresh(runtime: ExchangeRuntime, bound: BoundCluster, cached: ModelListCache): Promise<void> {
  const list = bound.cluster.provider.modelList;
  if (list === undefined) return;
  try {
    const headers = list.form === 'anthropic' ? ['anthropic-version', '2023-06-01'] : [];
    const body = await fetchJson(runtime, bound, { path: list.path, headers, timeoutMs: TIMEOUT_MS });
    cached.models = readList(body, list.form, bound.cluster.name);
    cached.until = runtime.monotonic() + FRESH_MS;
  } catch {
    // A provider that lists nothing now keeps its last list: the models endpoint must answer all the same.
    cached.until = runtime.monotonic() + FAILED_MS;
  }
  cached.pending = undefined;
}

/** The models of one cluster: at once when its list was read before, else after asking it. */
async function clusterModels(runtime: ExchangeRuntime, bound: BoundCluster): Promise<readonly ListedModel[]> {
  const cached = bound.modelList;
  if (cached.until > runtime.monotonic()) return cached.models;
  const known = cached.until > 0;
  cached.pending ??= refresh(runtime, bound, cached);
  if (!known) await cached.pending;
  return cached.models;
}

/**
 * The models that providers behind a service's open routes (patterns and catch-alls) say they have, as far as a request
 * for them would reach that provider. Models that routes name exactly are not among them.
 */
export async function discoverModels(
  runtime: ExchangeRuntime,
  service: Service,
  clusters: readonly BoundCluster[],
): Promise<ListedModel[]> {
  const asked = clusters.filter((bound) => service.openClusters.has(bound.cluster.name));
  const lists = await Promise.all(asked.map((bound) => clusterModels(runtime, bound)));
  const found: ListedModel[] = [];
  for (const [index, bound] of asked.entries()) {
    for (const model of lists[index] ?? []) {
      const route = service.routes.find({ model: model.id, path: '/v1/chat/completions', header: () => undefined });
      if (route?.targets.some((target) => target.cluster === bound.cluster)) found.push(model);
    }
  }
  return found;
}
