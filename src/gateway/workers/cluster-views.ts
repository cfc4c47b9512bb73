import type { ClusterView, EndpointView, FiguresView, TargetView } from '../../admin/cluster-port.ts';

const ENDPOINT_STATES: readonly EndpointView['state'][] = ['in_use', 'on_probation', 'resting'];
const TARGET_STATES: readonly TargetView['state'][] = ['closed', 'half-open', 'open'];

/**
 * Joins what several workers tell of the same clusters: numbers are added up, of states the worst is shown, with its reason, and of
 * moving figures the mean. Clusters come in the order of the first worker.
 */
export function joinClusterViews(workers: readonly (readonly ClusterView[])[]): ClusterView[] {
  return joinBy(workers.flat(), (view) => view.name, joinCluster);
}

function joinCluster(views: readonly [ClusterView, ...ClusterView[]]): ClusterView {
  const [first] = views;
  const bounds = views.flatMap(({ concurrency }) => (concurrency === null ? [] : [concurrency]));
  const failing = views.find(({ discovery }) => typeof discovery?.error === 'string') ?? first;
  return {
    ...first,
    ...(failing.discovery === undefined ? {} : { discovery: failing.discovery }),
    endpoints: joinBy(
      views.flatMap(({ endpoints }) => endpoints),
      ({ endpoint, key }) => `${key} ${endpoint}`,
      joinEndpoint,
    ),
    concurrency:
      bounds.length === 0
        ? null
        : {
            active: sum(bounds, ({ active }) => active),
            queued: sum(bounds, ({ queued }) => queued),
            limit: sum(bounds, ({ limit }) => limit),
            queue: sum(bounds, ({ queue }) => queue),
            refused: sum(bounds, ({ refused }) => refused),
          },
    targets: joinBy(
      views.flatMap(({ targets }) => targets),
      ({ model }) => String(model),
      joinTarget,
    ),
  };
}

function joinEndpoint(views: readonly [EndpointView, ...EndpointView[]]): EndpointView {
  const fault = views.find(({ health_check }) => typeof health_check === 'string');
  return {
    ...worst(views, ({ state }) => ENDPOINT_STATES.indexOf(state)),
    ...(fault === undefined ? {} : { health_check: fault.health_check }),
    active: sum(views, ({ active }) => active),
    ejections: sum(views, ({ ejections }) => ejections),
    ...joinFigures(views),
  };
}

function joinTarget(views: readonly [TargetView, ...TargetView[]]): TargetView {
  return {
    ...worst(views, ({ state }) => TARGET_STATES.indexOf(state)),
    openings: sum(views, ({ openings }) => openings),
    ...joinFigures(views),
  };
}

function joinFigures(views: readonly { readonly figures?: FiguresView | undefined }[]): { figures?: FiguresView } {
  const known = views.flatMap(({ figures }) => (figures === undefined ? [] : [figures]));
  if (known.length === 0) return {};
  return {
    figures: {
      time_to_first_token_ms: mean(known.map((one) => one.time_to_first_token_ms)),
      tokens_per_second: mean(known.map((one) => one.tokens_per_second)),
      failure_share: mean(known.map((one) => one.failure_share)) ?? 0,
      headroom: mean(known.map((one) => one.headroom)) ?? 0,
    },
  };
}

/** Joins those of the same name, in the order in which names come first. */
function joinBy<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  join: (same: readonly [Item, ...Item[]]) => Item,
): Item[] {
  const groups = new Map<string, [Item, ...Item[]]>();
  for (const item of items) {
    const group = groups.get(nameOf(item));
    if (group === undefined) groups.set(nameOf(item), [item]);
    else group.push(item);
  }
  return [...groups.values()].map(join);
}

function worst<Item>(items: readonly [Item, ...Item[]], rank: (item: Item) => number): Item {
  return items.reduce((a, b) => (rank(b) > rank(a) ? b : a));
}

function sum<Item>(items: readonly Item[], read: (item: Item) => number): number {
  return items.reduce((total, item) => total + read(item), 0);
}

/** Of what is known; null when nothing is. */
function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
}
