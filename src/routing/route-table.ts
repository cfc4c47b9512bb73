import { GatewayError } from '../errors/gateway-error.ts';
import type { JsonObject } from '../json/types.ts';
import { createRouteIndex, type Ordered, type RouteKey } from './route-index.ts';

/** Who sends a request, as far as authentication says. */
export interface RoutePrincipal {
  readonly organization: string | undefined;
  readonly team: string | undefined;
  readonly user: string | undefined;
  /** The name of the API key, never the key. */
  readonly key: string | undefined;
}

/**
 * What a request shows to routing. What is costly to find out is a function, called only when a condition asks. A condition
 * on what is left out does not hold.
 */
export interface RouteInput {
  /** The model of the request; undefined when the operation has none. */
  readonly model: string | undefined;
  /** Without query. */
  readonly path: string;
  /** A request header by lower-case name. */
  header(name: string): string | undefined;
  readonly method?: string;
  /** Lower case, without port. */
  readonly host?: string;
  /** `gen_ai.operation.name` of the endpoint. */
  readonly operation?: string;
  readonly stream?: boolean;
  readonly sourceIp?: string;
  readonly principal?: RoutePrincipal | undefined;
  /** The claims of the request's JWT. */
  readonly claims?: JsonObject | undefined;
  /** All headers by lower-case name. */
  headers?(): ReadonlyMap<string, string>;
  /** All query parameters, unescaped; the first of each name. */
  query?(): ReadonlyMap<string, string>;
  /** The JSON body; undefined when there is none. Throws GatewayError when it is malformed. */
  body?(): JsonObject | undefined;
  /** The prompt's tokens, estimated. */
  promptTokens?(): number;
  /** Whether the request carries tools. */
  tools?(): boolean;
  /** Hears of a condition that could not be evaluated: once for each condition of a table. */
  onFault?(condition: string, error: Error): void;
}

/** One compiled condition. */
export interface RouteCheck {
  /** The condition in words, such as `header x-tier is "gold"`. */
  readonly words: string;
  /** May throw Error when the request's data do not allow an answer: then it does not hold. */
  holds(input: RouteInput): boolean;
  /** What the request has there, in words. */
  shown(input: RouteInput): string;
}

/** A compiled match. All parts must hold. */
export interface RouteCondition {
  /** Apart from the others, because operations without a model ignore it. */
  readonly model?: RouteCheck;
  /** The cheap ones first. */
  readonly checks: readonly RouteCheck[];
  /** Values that the conditions above ask for, for lookup. They do not replace the conditions. */
  readonly keys: readonly RouteKey<RouteInput>[];
  /** Top-level fields of the body that the conditions read. */
  readonly bodyFields?: readonly string[];
}

/** A route as the table holds it. */
export interface TableEntry<Route> {
  readonly condition: RouteCondition;
  readonly route: Route;
  /** Which of the route's matches this is, from 0. */
  readonly match?: number;
}

/** How one check of an entry came out. */
export interface CheckVerdict {
  readonly words: string;
  readonly holds: boolean;
  /** What the request has there, or why the check could not be made. */
  readonly shown: string;
}

/** How all checks of an entry came out. */
export interface EntryVerdict<Route> {
  readonly route: Route;
  readonly match: number;
  readonly holds: boolean;
  readonly checks: readonly CheckVerdict[];
}

/** Finds the first match in order that holds. */
export interface RouteTable<Route> {
  /** Throws GatewayError when a condition reads a body that is malformed. */
  find(input: RouteInput): Route | undefined;
  /**
   * Every route in order whose condition holds, model conditions left out: for operations that name no
   * model, such as files.
   */
  findWithoutModel(input: RouteInput): Route[];
  /**
   * Every entry in order and what became of each of its checks, that of the model left out when the request has none: for
   * explanations, never for serving.
   */
  explain(input: RouteInput): EntryVerdict<Route>[];
  /** Top-level fields of the body that conditions read: a duplicate of one could show the provider another value. */
  readonly bodyFields: readonly string[];
  /** Conditions that could not be evaluated, and how often, since the table was made. */
  faults(): { condition: string; count: number }[];
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/**
 * Builds the table. Matches that ask for exact values or prefixes are found by these, so that ten thousand of them cost
 * what ten cost; the order of the entries alone decides which one wins.
 */
export function createRouteTable<Route>(entries: readonly TableEntry<Route>[]): RouteTable<Route> {
  const faults = new Map<RouteCheck, number>();
  const checkHolds = (check: RouteCheck, input: RouteInput): boolean => {
    try {
      return check.holds(input);
    } catch (error) {
      if (GatewayError.is(error)) throw error;
      const count = (faults.get(check) ?? 0) + 1;
      faults.set(check, count);
      if (count === 1) input.onFault?.(check.words, asError(error));
      return false;
    }
  };
  const restHolds = ({ checks }: RouteCondition, input: RouteInput): boolean => {
    for (const check of checks) if (!checkHolds(check, input)) return false;
    return true;
  };
  const holds = (condition: RouteCondition, input: RouteInput): boolean =>
    (condition.model === undefined || checkHolds(condition.model, input)) && restHolds(condition, input);

  /** The first entry of a list that holds, if it stands before `best`. */
  const scan = (
    list: readonly Ordered<TableEntry<Route>>[],
    best: Ordered<TableEntry<Route>> | undefined,
    input: RouteInput,
  ) => {
    for (const entry of list) {
      if (best !== undefined && entry.order > best.order) return best;
      if (holds(entry.item.condition, input)) return entry;
    }
    return best;
  };
  const index = createRouteIndex(entries, (entry) => entry.condition.keys);

  const verdict = (check: RouteCheck, input: RouteInput): CheckVerdict => {
    try {
      return { words: check.words, holds: check.holds(input), shown: check.shown(input) };
    } catch (error) {
      return { words: check.words, holds: false, shown: `it cannot be evaluated: ${asError(error).message}` };
    }
  };

  return {
    find(input) {
      let best: Ordered<TableEntry<Route>> | undefined;
      for (const dimension of index.dimensions) {
        const value = dimension.read(input);
        if (value === undefined) continue;
        const exact = dimension.exact.get(value);
        if (exact !== undefined) best = scan(exact, best, input);
        for (const { length, lists } of dimension.prefixes) {
          const list = value.length < length ? undefined : lists.get(value.slice(0, length));
          if (list !== undefined) best = scan(list, best, input);
        }
      }
      return scan(index.rest, best, input)?.item.route;
    },
    findWithoutModel(input) {
      return entries.filter((entry) => restHolds(entry.condition, input)).map((entry) => entry.route);
    },
    explain(input) {
      return entries.map(({ condition, route, match = 0 }) => {
        const { model, checks } = condition;
        const all = model === undefined || input.model === undefined ? checks : [model, ...checks];
        const verdicts = all.map((check) => verdict(check, input));
        return { route, match, holds: verdicts.every((one) => one.holds), checks: verdicts };
      });
    },
    bodyFields: [...new Set(entries.flatMap((entry) => entry.condition.bodyFields ?? []))],
    faults: () => [...faults].map(([check, count]) => ({ condition: check.words, count })),
  };
}
