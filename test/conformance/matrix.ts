import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { inParallel } from '../support/wait.ts';
import { limitOf } from './refusals.ts';
import { tableLines } from './table.ts';

/** What came of a cell that did not fail. `warned`: something was lost, and said to be; `unasked`: the client has no words for it. */
export type CellOutcome =
  | { kind: 'ok'; warnings?: string }
  | { kind: 'unasked'; message: string }
  | { kind: 'refused'; message: string }
  | { kind: 'warned'; message: string };

/** One cell: what a client gets from a provider in one respect. `run` throws when the cell fails. */
export interface Cell {
  client: string;
  provider: string;
  feature: string;
  run(): Promise<CellOutcome>;
}

/** Cells under way at once. */
const WIDTH = 16;

/** Why a cell's outcome is not the one that is expected; undefined when it is. */
function complaint(cell: Cell, outcome: CellOutcome): string | undefined {
  const limit = limitOf(cell.client, cell.provider, cell.feature);
  if (outcome.kind === 'ok') return limit === undefined ? undefined : 'is served in full: its limit is stale';
  if (limit === undefined) return `${outcome.kind}, and not among the limits: ${outcome.message}`;
  if (limit.outcome !== outcome.kind) return `${outcome.kind}, not ${limit.outcome}: ${outcome.message}`;
  return limit.says.test(outcome.message) ? undefined : `${outcome.kind} with other words: ${outcome.message}`;
}

/**
 * Runs the cells, a few at a time, and prints them as a table: a row for each pair of client and provider, a column for
 * each feature. `ok*` was served in full, with a word on how. Fails when a cell does, or is not what the limits say.
 */
export async function runMatrix(t: TestContext, cells: readonly Cell[]): Promise<void> {
  const failed: string[] = [];
  const marks = new Map<string, string>();
  const remarks = new Set<string>();
  const rowOf = (cell: Cell) => `${cell.client} > ${cell.provider}`;
  await inParallel(cells, WIDTH, async (cell) => {
    let wrong: string | undefined;
    let mark = 'FAIL';
    try {
      const outcome = await cell.run();
      wrong = complaint(cell, outcome);
      if (wrong === undefined) mark = outcome.kind;
      if (outcome.kind === 'ok' && outcome.warnings !== undefined) {
        mark = 'ok*';
        remarks.add(`* ${cell.feature}: ${outcome.warnings}`);
      }
    } catch (error) {
      wrong = error instanceof Error ? error.message : String(error);
    }
    if (wrong !== undefined) failed.push(`${rowOf(cell)}: ${cell.feature}: ${wrong}`);
    marks.set(`${rowOf(cell)}/${cell.feature}`, mark);
  });
  const rows = [...new Set(cells.map(rowOf))];
  const features = [...new Set(cells.map((cell) => cell.feature))];
  for (const line of tableLines(rows, features, (row, feature) => marks.get(`${row}/${feature}`) ?? '-')) {
    t.diagnostic(line);
  }
  for (const remark of [...remarks].sort()) t.diagnostic(remark);
  assert.equal(failed.length, 0, `\n${failed.sort().join('\n')}\n`);
}
