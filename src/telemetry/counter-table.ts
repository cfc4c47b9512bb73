/** Counters of up to three labels, bounded in number. */
export interface CounterTable {
  /** Adds one. An empty value stands for an absent label. */
  increment(first: string, second: string, third: string): void;
  /** Adds an amount of at least 0. */
  add(amount: number, ...values: readonly [string, string, string]): void;
  /** All counters; `names` are the labels' names in order. */
  samples(names: readonly string[]): { labels: Record<string, string>; value: number }[];
}

interface Cell {
  readonly values: readonly string[];
  count: number;
}

/** A table of at most `maxCells` counters; what comes after counts under the first label `_other`. */
export function createCounterTable(maxCells: number): CounterTable {
  const cells = new Map<string, Cell>();

  function open(key: string, values: readonly string[]): Cell {
    const cell = { values, count: 0 };
    cells.set(key, cell);
    return cell;
  }

  function add(amount: number, ...values: readonly [string, string, string]): void {
    const [first, second, third] = values;
    const key = `${first}\n${second}\n${third}`;
    let cell = cells.get(key);
    if (cell === undefined) {
      if (cells.size < maxCells || first === '_other') cell = open(key, [first, second, third]);
      else {
        add(amount, '_other', second, third);
        return;
      }
    }
    cell.count += amount;
  }

  return {
    increment: (first, second, third) => add(1, first, second, third),
    add,
    samples(names) {
      return [...cells.values()].map(({ values, count }) => {
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
