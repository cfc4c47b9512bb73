import { AFFINITY_STRATEGIES, measureAffinity, measureTimes, SCENARIOS, STRATEGIES } from './scenarios.ts';

const SEEDS = [1, 2, 3, 4, 5];
const REQUESTS = 20_000;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, at) => (at === 0 ? '---' : '--:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

const seconds = (ms: number): string => (ms / 1000).toFixed(2);
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

for (const scenario of SCENARIOS) {
  const rows = STRATEGIES.map((strategy) => ({
    strategy,
    row: measureTimes(scenario, strategy, { requests: REQUESTS, seeds: SEEDS }),
  }));
  const best = Math.min(...rows.map(({ row }) => row.ttftP99Ms));
  console.log(`### ${scenario.name}\n`);
  console.log(
    table(
      ['strategy', 'TTFT p50 s', 'TTFT p99 s', '× best p99', 'whole p50 s', 'whole p99 s', 'targets busy'],
      rows.map(({ strategy, row }) => [
        strategy.name,
        seconds(row.ttftP50Ms),
        seconds(row.ttftP99Ms),
        (row.ttftP99Ms / best).toFixed(2),
        seconds(row.completionP50Ms),
        seconds(row.completionP99Ms),
        `${percent(row.leastBusy)} - ${percent(row.mostBusy)}`,
      ]),
    ),
  );
  console.log('');
}

console.log('### conversations, eight equal model servers with prompt caches\n');
console.log(
  table(
    ['strategy', 'same target', 'most load × even (worst seed)', 'TTFT p50 s', 'TTFT p99 s'],
    AFFINITY_STRATEGIES.map((strategy) => {
      const row = measureAffinity(strategy, { requests: REQUESTS, seeds: SEEDS });
      return [
        strategy.name,
        `${(row.together * 100).toFixed(1)} %`,
        row.mostLoad.toFixed(2),
        seconds(row.ttftP50Ms),
        seconds(row.ttftP99Ms),
      ];
    }),
  ),
);
