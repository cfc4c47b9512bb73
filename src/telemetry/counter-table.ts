/** Counters of up to three labels, bounded in number. */
export interface CounterTable {
  /** Adds one. An empty value stands for an absent label. */
  increment(first: string, second: string, third: string): void;
  /** Adds an amount of at least 0. */
  add(amount: number, ...values: readonly [first: string, second: string, third: string]): void;
  /** All counters; `names` are the labels' names in order. */
  samples(names: readonly string[]): { labels: Record<string, string>; value: number }[];
}

interface Cell {
  readonly values: readonly string[];
  count: number;
}

/** The value of a key, made when it is missing. */
function entryOf<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** A table of at most `maxCells` counters; what comes after counts under the first label `_other`. */
export function createCounterTable(maxCells: number): CounterTable {
  // One map in another: labels are mostly texts whose hash is known, where a key put together of them would be a new one each time.
  const byFirst = new Map<string, Map<string, Map<string, Cell>>>();
  const cells: Cell[] = [];

  function open(values: readonly [string, string, string]): Cell {
    const [first, second, third] = values;
    const cell = { values, count: 0 };
    const bySecond = entryOf(byFirst, first, () => new Map<string, Map<string, Cell>>());
    entryOf(bySecond, second, () => new Map<string, Cell>()).set(third, cell);
    cells.push(cell);
    return cell;
  }

  function add(amount: number, first: string, second: string, third: string): void {
    let cell = byFirst.get(first)?.get(second)?.get(third);
    if (cell === undefined) {
      if (cells.length >= maxCells && first !== '_other') {
        add(amount, '_other', second, third);
        return;
      }
      cell = open([first, second, third]);
    }
    cell.count += amount;
  }

  return {
    increment: (first, second, third) => add(1, first, second, third),
    add,
    samples(names) {
      return cells.map(({ values, count }) => {
        const labels: Record<string, string> = {};
        names.forEach((name, index) => {
          const value = values[index] ?? '';
          if (value !== '') labels[name] = value;
        });
        return { labels, value: count };
      });
    },
  };
}
