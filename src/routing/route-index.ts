/** Values that a match asks for in one place of the request: nothing else there can satisfy it. */
export interface RouteKey<Input> {
  /** Names the place; keys of one name read the same. */
  readonly dimension: string;
  /** The value must be one of these, or begin with one of them. */
  readonly values: readonly string[];
  readonly kind: 'exact' | 'prefix';
  read(input: Input): string | undefined;
}

/** An item and its place in the order. */
export interface Ordered<Item> {
  readonly order: number;
  readonly item: Item;
}

type Lists<Item> = ReadonlyMap<string, readonly Ordered<Item>[]>;

/** Where the request is read once, and the items by what stands there, each list in order. */
export interface Dimension<Item, Input> {
  read(input: Input): string | undefined;
  readonly exact: Lists<Item>;
  readonly prefixes: readonly { length: number; lists: Lists<Item> }[];
}

/** Items by the values that they ask for. An item may stand in several lists, and stands in `rest` when in none. */
export interface RouteIndex<Item, Input> {
  readonly dimensions: readonly Dimension<Item, Input>[];
  readonly rest: readonly Ordered<Item>[];
}

/** Fewer different values than this are as fast to try in order. */
const MIN_VALUES = 8;
/** A prefix is looked up once for each length that prefixes of its dimension have. */
const MAX_LENGTHS = 16;

const nameOf = (key: Pick<RouteKey<never>, 'kind' | 'dimension'>) => `${key.kind} ${key.dimension}`;

interface Statistics {
  values: Set<string>;
  lengths: Set<number>;
}

function countValues(keys: Iterable<RouteKey<never>>): Map<string, Statistics> {
  const statistics = new Map<string, Statistics>();
  for (const key of keys) {
    const entry = statistics.get(nameOf(key)) ?? { values: new Set(), lengths: new Set() };
    statistics.set(nameOf(key), entry);
    for (const value of key.values) {
      entry.values.add(value);
      if (key.kind === 'prefix') entry.lengths.add(value.length);
    }
  }
  return statistics;
}

interface Building<Item, Input> {
  read: RouteKey<Input>['read'];
  exact: Map<string, Ordered<Item>[]>;
  prefixes: Map<number, Map<string, Ordered<Item>[]>>;
}

function append<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/**
 * Sorts items, given in order, into lookup tables: each by that key of its own which tells the most items apart. Lookups
 * narrow the choice only: what they find must still be tested.
 */
export function createRouteIndex<Item, Input>(
  items: readonly Item[],
  keysOf: (item: Item) => readonly RouteKey<Input>[],
): RouteIndex<Item, Input> {
  const statistics = countValues(items.flatMap((item) => keysOf(item)));
  const selectivity = (key: RouteKey<Input>): number => {
    const { values, lengths } = statistics.get(nameOf(key)) ?? { values: new Set(), lengths: new Set() };
    return lengths.size > MAX_LENGTHS ? 0 : values.size;
  };
  const dimensions = new Map<string, Building<Item, Input>>();
  const rest: Ordered<Item>[] = [];
  for (const [order, item] of items.entries()) {
    const ordered = { order, item };
    let chosen: RouteKey<Input> | undefined;
    for (const key of keysOf(item)) {
      if (chosen === undefined || selectivity(key) > selectivity(chosen)) chosen = key;
    }
    if (chosen === undefined || selectivity(chosen) < MIN_VALUES) {
      rest.push(ordered);
      continue;
    }
    let dimension = dimensions.get(chosen.dimension);
    if (dimension === undefined) {
      dimension = { read: chosen.read, exact: new Map(), prefixes: new Map() };
      dimensions.set(chosen.dimension, dimension);
    }
    for (const value of new Set(chosen.values)) {
      if (chosen.kind === 'exact') append(dimension.exact, value, ordered);
      else {
        const lists = dimension.prefixes.get(value.length) ?? new Map<string, Ordered<Item>[]>();
        dimension.prefixes.set(value.length, lists);
        append(lists, value, ordered);
      }
    }
  }
  return {
    dimensions: [...dimensions.values()].map(({ read, exact, prefixes }) => ({
      read,
      exact,
      prefixes: [...prefixes].map(([length, lists]) => ({ length, lists })),
    })),
    rest,
  };
}
