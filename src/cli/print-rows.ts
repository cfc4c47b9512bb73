/** How a command prints its rows. */
export type RowFormat = 'table' | 'json' | 'csv';

/** The formats, for the grammar of the command line. */
export const ROW_FORMATS: readonly RowFormat[] = ['table', 'json', 'csv'];

/** A row: the same columns in the same order in each. */
export type Row = Readonly<Record<string, string | number>>;

/** Prints rows on standard output. Columns that are empty in every row are left out of a table. */
export function printRows(rows: readonly Row[], format: RowFormat): void {
  process.stdout.write(formatRows(rows, format));
}

/** The text of rows, with a line end. A table has no line for no rows. */
export function formatRows(rows: readonly Row[], format: RowFormat): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(rows, null, 2)}\n`;
    case 'csv':
      return formatCsv(rows);
    case 'table':
      return formatTable(rows);
    default: {
      const unknown: never = format;
      throw new TypeError(`"${String(unknown)}" is not a format`);
    }
  }
}

/** RFC 4180, but with plain line feeds. A text that a spreadsheet would run as a formula is quoted with an apostrophe. */
function formatCsv(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const cell = (value: string | number): string => {
    if (typeof value === 'number') return String(value);
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) => columns.map((column) => cell(row[column] ?? '')).join(','));
  return [columns.join(','), ...lines].map((line) => `${line}\n`).join('');
}

function formatTable(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {}).filter((column) => rows.some((row) => (row[column] ?? '') !== ''));
  const text = (row: Row, column: string) => String(row[column] ?? '').replaceAll(/\s+/g, ' ');
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => text(row, column).length)));
  const numeric = columns.map((column) => rows.every((row) => typeof row[column] === 'number' || row[column] === ''));
  const line = (cells: readonly string[]) =>
    cells
      .map((value, index) =>
        numeric[index] === true ? value.padStart(widths[index] ?? 0) : value.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd();
  if (rows.length === 0) return '';
  return [
    line(columns.map((column) => column.toUpperCase())),
    ...rows.map((row) => line(columns.map((column) => text(row, column)))),
  ]
    .map((row) => `${row}\n`)
    .join('');
}
