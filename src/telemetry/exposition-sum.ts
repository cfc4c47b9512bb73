import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MetricType } from './metric-families.ts';

/** Whose exposition it is. */
export interface ExpositionOrigin {
  /** `departed`: a worker that has ended; what it counted still counts. */
  readonly role: 'primary' | 'worker' | 'departed';
  /** Value of the label `worker` where each process has a series of its own. */
  readonly worker: string;
}

/** How a family of several processes becomes one. */
type Rule =
  /** Added up over the workers. */
  | 'sum'
  /** The largest of the workers'. */
  | 'max'
  /** The primary's. */
  | 'primary'
  /** Added up over all processes. */
  | 'sum-all'
  /** Each process has a series of its own. */
  | 'apart';

const RULES: Readonly<Record<string, Rule>> = {
  aigw_access_log_dropped_total: 'sum-all',
  aigw_build_info: 'primary',
  aigw_config_reloads_total: 'primary',
  aigw_config_revision: 'primary',
  // The worst state is what somebody has to look at.
  aigw_endpoint_state: 'max',
  aigw_metric_series: 'max',
  aigw_target_state: 'max',
  aigw_worker_restarts_total: 'primary',
  aigw_workers: 'primary',
};

function ruleOf(family: string): Rule {
  return RULES[family] ?? (/^(?:process|nodejs)_/.test(family) ? 'apart' : 'sum');
}

interface SummedFamily {
  readonly head: string;
  readonly type: MetricType;
  readonly rule: Rule;
  /** By name and labels, as they are printed. */
  readonly samples: Map<string, number>;
}

/** Characters after which other work gets its turn. */
const PIECE_LENGTH = 64 * 1024;

/** Adds up expositions in the Prometheus text format, as `Metrics.text` gives them: without timestamps and exemplars. */
export class ExpositionSum {
  readonly #families = new Map<string, SummedFamily>();

  /** Adds an exposition; gives other work its turn in between. */
  async add(text: string, origin: ExpositionOrigin): Promise<void> {
    let help = '';
    let family: SummedFamily | undefined;
    let pause = PIECE_LENGTH;
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf('\n', at);
      const line = text.slice(at, end === -1 ? text.length : end);
      at = end === -1 ? text.length : end + 1;
      if (line.startsWith('# HELP ')) help = line;
      else if (line.startsWith('# TYPE ')) family = this.#family(line, help);
      else if (line !== '' && family !== undefined) addSample(family, line, origin);
      if (at < pause) continue;
      pause = at + PIECE_LENGTH;
      await nextTurn();
    }
  }

  /** The sum, in pieces of about 64 KiB. */
  *pieces(): Generator<string, void, undefined> {
    let piece = '';
    for (const { head, samples } of this.#families.values()) {
      piece += head;
      for (const [key, value] of samples) {
        piece += `${key} ${numberText(value)}\n`;
        if (piece.length < PIECE_LENGTH) continue;
        yield piece;
        piece = '';
      }
    }
    yield piece;
  }

  #family(typeLine: string, help: string): SummedFamily {
    const [, , name = '', type = ''] = typeLine.split(' ');
    let family = this.#families.get(name);
    if (family === undefined) {
      family = {
        head: `${help}\n${typeLine}\n`,
        type: type as MetricType,
        rule: ruleOf(name),
        samples: new Map(),
      };
      this.#families.set(name, family);
    }
    return family;
  }
}

function addSample({ rule, type, samples }: SummedFamily, line: string, { role, worker }: ExpositionOrigin): void {
  const space = line.lastIndexOf(' ');
  const key = line.slice(0, space);
  const value = numberOf(line.slice(space + 1));
  if (rule === 'apart') {
    if (role !== 'departed') samples.set(withWorker(key, worker), value);
    return;
  }
  if (rule === 'primary' ? role !== 'primary' : role === 'primary' && rule !== 'sum-all') return;
  // What a process held is gone with it; what it counted is not.
  if (role === 'departed' && type === 'gauge') return;
  const known = samples.get(key);
  if (known === undefined) samples.set(key, value);
  else samples.set(key, rule === 'max' ? Math.max(known, value) : known + value);
}

function withWorker(key: string, worker: string): string {
  return key.endsWith('}') ? `${key.slice(0, -1)},worker="${worker}"}` : `${key}{worker="${worker}"}`;
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return Number(text);
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
