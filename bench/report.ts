import { CANDIDATES, type CandidateName } from './candidates.ts';
import type { Figure, RoundValues, Row, Unit } from './rows/row.ts';
import { median } from './statistics.ts';

/** One figure of a row with the values of all rounds. */
export interface FigureResult {
  row: string;
  figure: string;
  unit: Unit;
  values: Partial<Record<CandidateName, number[]>>;
  medians: Partial<Record<CandidateName, number>>;
  /** The gateway's median over Envoy's. */
  ratio?: number;
  target?: string;
  /** Absent when there is no target or nothing to hold against it. */
  met?: boolean;
}

function targetText(figure: Figure): string | undefined {
  const { target } = figure;
  if (target === undefined) return undefined;
  return 'times' in target ? `≤ ${target.times} × Envoy` : `≤ ${target.atMost} ${figure.unit}`.trim();
}

function isMet(figure: Figure, gateway: number | undefined, ratio: number | undefined): boolean | undefined {
  const { target } = figure;
  if (target === undefined) return undefined;
  if ('times' in target) return ratio === undefined ? undefined : ratio <= target.times;
  return gateway === undefined ? undefined : gateway <= target.atMost;
}

/** Sums up the rounds of one row. */
export function summarize(row: Row, rounds: readonly RoundValues[]): FigureResult[] {
  return row.figures.map((figure) => {
    const values: FigureResult['values'] = {};
    const medians: FigureResult['medians'] = {};
    for (const name of CANDIDATES) {
      const all = rounds.map((round) => round[name]?.[figure.key]).filter((value) => value !== undefined);
      if (all.length === 0) continue;
      values[name] = all;
      medians[name] = median(all);
    }
    const { gateway, envoy } = medians;
    const ratio = gateway === undefined || envoy === undefined || envoy <= 0 ? undefined : gateway / envoy;
    const target = targetText(figure);
    const met = isMet(figure, gateway, ratio);
    return {
      row: row.title,
      figure: figure.title,
      unit: figure.unit,
      values,
      medians,
      ...(ratio === undefined ? {} : { ratio }),
      ...(target === undefined ? {} : { target }),
      ...(met === undefined ? {} : { met }),
    };
  });
}

function formatNumber(value: number, unit: Unit): string {
  const digits = unit === '' || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}

function cell(value: number | undefined, unit: Unit): string {
  return value === undefined ? '-' : formatNumber(value, unit);
}

/** Units whose ratio to Envoy says something. */
const COMPARED: ReadonlySet<Unit> = new Set(['us', 'MiB']);

/** The table's head. */
export const TABLE_HEAD = [
  '| row | figure | Envoy | bare Node | gateway | ratio to Envoy | target | met? |',
  '|---|---|--:|--:|--:|--:|---|---|',
].join('\n');

/** One line of the table, and with `raw` one more with the values of all rounds. */
export function formatResult(result: FigureResult, raw: boolean): string {
  const { medians, values, unit } = result;
  const figure = unit === '' || unit === 'x' ? result.figure : `${result.figure}, ${unit}`;
  const ratio = result.ratio !== undefined && COMPARED.has(unit) ? result.ratio.toFixed(2) : '-';
  const met = result.met === undefined ? (result.target === undefined ? '' : '?') : result.met ? 'yes' : '**no**';
  const figures = CANDIDATES.map((name) => cell(medians[name], unit)).join(' | ');
  const line = `| ${result.row} | ${figure} | ${figures} | ${ratio} | ${result.target ?? ''} | ${met} |`;
  if (!raw) return line;
  const all = CANDIDATES.map((name) => (values[name] ?? []).map((value) => formatNumber(value, unit)).join(' '));
  return `${line}\n| | all rounds | ${all.join(' | ')} | | | |`;
}
