import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { inParallel } from '../support/wait.ts';
import { type Limit, limitOf } from './refusals.ts';
import { tableLines } from './table.ts';

/** What came of a cell that did not fail. `warned`: something was lost, and said to be; `unasked`: the client has no words for it. */
export type CellOutcome =
  | { kind: 'ok'; warnings?: string }
  /** A cell of several questions: those that the provider could not be asked, and what was said of each. */
  | { kind: 'ok'; asked: number; told: readonly { name: string; why: string }[] }
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

/** What is said of questions that a provider could not be asked: client and question, then the words, then the providers. */
class Told {
  readonly #lines = new Map<string, Map<string, string[]>>();

  add({ client, provider }: Cell, { name, why }: { name: string; why: string }): void {
    const line = this.#lines.get(`${client}, ${name}`) ?? new Map<string, string[]>();
    this.#lines.set(`${client}, ${name}`, line);
    line.set(why, [...(line.get(why) ?? []), provider]);
  }

  lines(): string[] {
    return [...this.#lines].sort().map(([head, said]) => {
      const words = [...said].map(([why, providers]) => `${providers.sort().join(', ')}: ${why}`);
      return `- ${head}: ${words.join(' | ')}`;
    });
  }
}

/** How many cells came out how, and why those are limited that are. */
function summary(marks: Iterable<string>, limits: ReadonlySet<Limit>): string[] {
  const counts = new Map<string, number>();
  for (const mark of marks) {
    const kind = /^\d/.test(mark) ? 'ok' : mark;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const reasons = [...limits].map(
    ({ outcome, clients, features, reason }) => `${outcome}: ${clients.join(', ')}: ${features.join(', ')}: ${reason}`,
  );
  return [`${total} cells: ${[...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')}`, ...reasons];
}

/**
 * Runs the cells, a few at a time, and prints them as a table: a row for each pair of client and provider, a column for
 * each feature. `ok*` was served in full, with a word on how; `21/24`: of 24 questions 21 were handed on, and the lines
 * below tell what was said of the others. Fails when a cell does, or is not what the limits say.
 */
export async function runMatrix(t: TestContext, cells: readonly Cell[]): Promise<void> {
  const failed: string[] = [];
  const marks = new Map<string, string>();
  const remarks = new Set<string>();
  const limits = new Set<Limit>();
  const told = new Told();
  const rowOf = (cell: Cell) => `${cell.client} > ${cell.provider}`;
  await inParallel(cells, WIDTH, async (cell) => {
    let wrong: string | undefined;
    let mark = 'FAIL';
    try {
      const outcome = await cell.run();
      wrong = complaint(cell, outcome);
      if (wrong === undefined) mark = outcome.kind;
      if ('told' in outcome) {
        mark = `${outcome.asked - outcome.told.length}/${outcome.asked}`;
        for (const one of outcome.told) told.add(cell, one);
      } else if (outcome.kind === 'ok' && outcome.warnings !== undefined) {
        mark = 'ok*';
        remarks.add(`* ${cell.feature}: ${outcome.warnings}`);
      }
      const limit = limitOf(cell.client, cell.provider, cell.feature);
      if (limit !== undefined) limits.add(limit);
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
  for (const line of [...told.lines(), ...summary(marks.values(), limits)]) t.diagnostic(line);
  assert.equal(failed.length, 0, `\n${failed.sort().join('\n')}\n`);
}
