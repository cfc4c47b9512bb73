import type { TestContext } from 'node:test';

/** What stands in the cells of a table of clients and providers. */
export interface OutcomeTable {
  /** Runs `work` as a subtest and puts its outcome into the cell. */
  test(t: TestContext, cell: { row: string; column: string }, work: () => Promise<void>): Promise<void>;
  /** Prints the table as diagnostics. */
  print(t: TestContext): void;
}

/** Makes a table; rows and columns appear in the order in which they were first tested. */
export function createOutcomeTable(title: string): OutcomeTable {
  const rows = new Map<string, Map<string, 'ok' | 'FAIL'>>();
  return {
    async test(t, { row, column }, work) {
      const cells = rows.get(row) ?? new Map<string, 'ok' | 'FAIL'>();
      rows.set(row, cells);
      cells.set(column, 'FAIL');
      await t.test(`${row}, ${column}`, async () => {
        await work();
        cells.set(column, 'ok');
      });
    },
    print(t) {
      const columns = [...new Set([...rows.values()].flatMap((cells) => [...cells.keys()]))];
      const width = Math.max(title.length, ...[...rows.keys()].map((row) => row.length));
      const head = [title.padEnd(width), ...columns].join(' | ');
      t.diagnostic(head);
      t.diagnostic(head.replace(/[^|]/g, '-'));
      for (const [row, cells] of rows) {
        t.diagnostic(
          [row.padEnd(width), ...columns.map((column) => (cells.get(column) ?? '').padEnd(column.length))].join(' | '),
        );
      }
    },
  };
}
