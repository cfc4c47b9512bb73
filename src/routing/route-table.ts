import type { Matcher } from './pattern.ts';

/** What a request shows to routing. */
export interface RouteInput {
  /** The model of the request; undefined when the operation has none. */
  model: string | undefined;
  path: string;
  /** A request header by lower-case name. */
  header(name: string): string | undefined;
}

/** A compiled condition. All parts must hold. */
export interface RouteCondition {
  /** Exact model names are looked up, not tested. */
  exactModel?: string;
  model?: Matcher;
  headers: readonly { name: string; test: (value: string | undefined) => boolean }[];
  paths?: ReadonlySet<string>;
}

/** A route as the table holds it. */
export interface TableEntry<Route> {
  condition: RouteCondition;
  route: Route;
}

/** Finds the first route in order whose condition holds. */
export interface RouteTable<Route> {
  find(input: RouteInput): Route | undefined;
  /**
   * Every route in order whose condition holds, model conditions left out: for operations that name no
   * model, such as files.
   */
  findWithoutModel(input: RouteInput): Route[];
}

interface OrderedEntry<Route> extends TableEntry<Route> {
  order: number;
}

function restHolds(condition: RouteCondition, input: RouteInput): boolean {
  if (condition.paths !== undefined && !condition.paths.has(input.path)) return false;
  for (const header of condition.headers) {
    if (!header.test(input.header(header.name))) return false;
  }
  return true;
}

function holds(condition: RouteCondition, input: RouteInput): boolean {
  if (condition.model !== undefined && (input.model === undefined || !condition.model(input.model))) return false;
  return restHolds(condition, input);
}

/**
 * Builds the table. Routes with an exact model name are found by that name, so that ten thousand of
 * them cost what ten cost; the others are tried in order.
 */
export function createRouteTable<Route>(entries: readonly TableEntry<Route>[]): RouteTable<Route> {
  const byModel = new Map<string, OrderedEntry<Route>[]>();
  const general: OrderedEntry<Route>[] = [];
  for (const [order, entry] of entries.entries()) {
    const ordered = { ...entry, order };
    const model = entry.condition.exactModel;
    if (model === undefined) {
      general.push(ordered);
    } else {
      const list = byModel.get(model);
      if (list === undefined) byModel.set(model, [ordered]);
      else list.push(ordered);
    }
  }
  const none: OrderedEntry<Route>[] = [];
  return {
    find(input) {
      const exact = input.model === undefined ? none : (byModel.get(input.model) ?? none);
      let best: OrderedEntry<Route> | undefined;
      for (const entry of exact) {
        if (restHolds(entry.condition, input)) {
          best = entry;
          break;
        }
      }
      for (const entry of general) {
        if (best !== undefined && entry.order > best.order) break;
        if (holds(entry.condition, input)) return entry.route;
      }
      return best?.route;
    },
    findWithoutModel(input) {
      return entries.filter((entry) => restHolds(entry.condition, input)).map((entry) => entry.route);
    },
  };
}
