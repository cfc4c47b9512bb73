/** The lines of a table: a legend of its columns by number, then a line for each row. */
export function tableLines(
  rows: readonly string[],
  columns: readonly string[],
  cell: (row: string, column: string) => string,
): string[] {
  const width = Math.max(...rows.map((row) => row.length));
  const cells = rows.map((row) => columns.map((column) => cell(row, column)));
  const widths = columns.map((_, index) => Math.max(2, ...cells.map((line) => line[index]?.length ?? 0)));
  const line = (head: string, texts: readonly string[]) =>
    `${head.padEnd(width)} ${texts.map((text, index) => text.padEnd(widths[index] ?? 0)).join(' ')}`.trimEnd();
  return [
    ...columns.map((column, index) => `${index + 1}: ${column}`),
    line(
      '',
      columns.map((_, index) => String(index + 1)),
    ),
    ...rows.map((row, index) => line(row, cells[index] ?? [])),
  ];
}
