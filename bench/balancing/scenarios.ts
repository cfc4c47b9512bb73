import type { Balancer, Candidate } from '../../src/routing/balance/balancer.ts';
import { createBalancer } from '../../src/routing/balance/create-balancer.ts';
import { LowestLatency } from '../../src/routing/balance/latency.ts';
import { LeastRequests } from '../../src/routing/balance/least-requests.ts';
import { quantile } from '../statistics.ts';
import { SeededRandom } from './random.ts';
import { BASE_MS, PREFILL_RATE, type ServerOptions } from './server.ts';
import { type SimulationResult, simulate } from './simulate.ts';
import { createWorkload, meanPromptTokens, type SimulatedRequest } from './workload.ts';

/** Speeds of eight targets, the fastest four times the slowest. */
const UNEVEN_SPEEDS: readonly number[] = [1, 1, 1.4, 1.8, 2.2, 2.8, 3.4, 4];
const EVEN_SPEEDS: readonly number[] = [2, 2, 2, 2, 2, 2, 2, 2];
/** The target that is slow in the middle of the run, and how much of its speed it then has. */
const DEGRADED = { target: 5, fromShare: 0.4, untilShare: 0.6, factor: 0.25 };
/** Requests relative to what all targets together can read. */
const LOAD = 0.75;

/** A strategy as a row of the table. */
export interface StrategyRow {
  name: string;
  create: (candidates: readonly Candidate[]) => Balancer;
  /** Whether it is told the speeds of the targets as weights: what nobody knows of a provider. */
  knowsSpeeds: boolean;
}

const row = (name: string, create: StrategyRow['create'], knowsSpeeds = false): StrategyRow => ({
  name,
  create,
  knowsSpeeds,
});

/** Strategies that are compared by time. */
export const STRATEGIES: readonly StrategyRow[] = [
  row('weighted-round-robin, equal weights', (candidates) => createBalancer('weighted-round-robin', candidates)),
  row('weighted-round-robin, speeds known', (candidates) => createBalancer('weighted-round-robin', candidates), true),
  row('least-requests', (candidates) => createBalancer('least-requests', candidates)),
  row('least-requests, two choices', (candidates) => new LeastRequests(candidates, 'two')),
  row('least-requests, speeds known', (candidates) => createBalancer('least-requests', candidates), true),
  row('latency, two choices', (candidates) => new LowestLatency(candidates, 'two')),
  row('latency (= auto)', (candidates) => createBalancer('auto', candidates)),
];

/** Strategies that are compared by where the requests of a conversation go. */
export const AFFINITY_STRATEGIES: readonly StrategyRow[] = [
  row('weighted-round-robin', (candidates) => createBalancer('weighted-round-robin', candidates)),
  row('least-requests', (candidates) => createBalancer('least-requests', candidates)),
  row('latency (= auto)', (candidates) => createBalancer('auto', candidates)),
  row('affinity', (candidates) => createBalancer('affinity', candidates)),
];

/** Targets and clients of one table. */
export interface Scenario {
  name: string;
  kind: ServerOptions['kind'];
  speeds: readonly number[];
  gateways: number;
}

/** Tables of times. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'model servers of uneven speed, one gateway', kind: 'queueing', speeds: UNEVEN_SPEEDS, gateways: 1 },
  { name: 'model servers of uneven speed, four gateways', kind: 'queueing', speeds: UNEVEN_SPEEDS, gateways: 4 },
  { name: 'model servers of one speed, one gateway', kind: 'queueing', speeds: EVEN_SPEEDS, gateways: 1 },
  { name: "providers' APIs of uneven speed, one gateway", kind: 'elastic', speeds: UNEVEN_SPEEDS, gateways: 1 },
];

/** What a strategy made of a scenario: means over the seeds. */
export interface TimesRow {
  ttftP50Ms: number;
  ttftP99Ms: number;
  completionP50Ms: number;
  completionP99Ms: number;
  /** Least and most time the targets spent reading prompts, as shares of the run. */
  leastBusy: number;
  mostBusy: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Requests per second that keep targets of these speeds busy for the share `load` of their time. */
export function requestsPerSecond(speeds: readonly number[], load: number): number {
  const promptMs = BASE_MS + (meanPromptTokens(new SeededRandom(1)) * 1000) / PREFILL_RATE;
  return (load * mean(speeds) * speeds.length * 1000) / promptMs;
}

function play(scenario: Scenario, strategy: StrategyRow, run: { requests: number; seed: number }): SimulationResult {
  const rate = requestsPerSecond(scenario.speeds, LOAD);
  const lengthMs = (run.requests * 1000) / rate;
  const servers = scenario.speeds.map(
    (speed, at): ServerOptions => ({
      kind: scenario.kind,
      speed,
      cachedPrefixes: 0,
      degraded:
        at === DEGRADED.target
          ? {
              fromMs: DEGRADED.fromShare * lengthMs,
              untilMs: DEGRADED.untilShare * lengthMs,
              factor: DEGRADED.factor,
            }
          : undefined,
    }),
  );
  const workload = createWorkload(
    { requests: run.requests, requestsPerSecond: rate, conversations: 0, turns: 1 },
    new SeededRandom(run.seed),
  );
  return simulate({
    servers,
    ...(strategy.knowsSpeeds ? { weights: scenario.speeds.map((speed) => Math.round(speed * 10)) } : {}),
    workload,
    gateways: scenario.gateways,
    createBalancer: strategy.create,
    seed: run.seed,
  });
}

/** Plays a scenario with one strategy once for each seed. */
export function measureTimes(
  scenario: Scenario,
  strategy: StrategyRow,
  run: { requests: number; seeds: readonly number[] },
): TimesRow {
  const results = run.seeds.map((seed) => play(scenario, strategy, { requests: run.requests, seed }));
  const at = (values: Float64Array, q: number): number => quantile(values.slice().sort(), q);
  return {
    ttftP50Ms: mean(results.map((result) => at(result.ttftMs, 0.5))),
    ttftP99Ms: mean(results.map((result) => at(result.ttftMs, 0.99))),
    completionP50Ms: mean(results.map((result) => at(result.completionMs, 0.5))),
    completionP99Ms: mean(results.map((result) => at(result.completionMs, 0.99))),
    leastBusy: mean(results.map((result) => Math.min(...result.utilization))),
    mostBusy: mean(results.map((result) => Math.max(...result.utilization))),
  };
}

/** What a strategy made of conversations: means over the seeds. */
export interface AffinityRow {
  /** Share of the requests that went where most of their conversation went. */
  together: number;
  /** Requests of the target that had most, relative to an even share. */
  mostLoad: number;
  ttftP50Ms: number;
  ttftP99Ms: number;
}

/** Conversations that are open at a time, requests of one, and prefixes a target keeps. */
const CONVERSATIONS = { open: 400, turns: 25, cachedPrefixes: 150 };

/** Plays conversations against eight equal targets with prompt caches, once for each seed. */
export function measureAffinity(
  strategy: StrategyRow,
  run: { requests: number; seeds: readonly number[] },
): AffinityRow {
  const servers = EVEN_SPEEDS.map(
    (speed): ServerOptions => ({
      kind: 'queueing',
      speed,
      degraded: undefined,
      cachedPrefixes: CONVERSATIONS.cachedPrefixes,
    }),
  );
  const rows = run.seeds.map((seed): AffinityRow => {
    const workload = createWorkload(
      {
        requests: run.requests,
        requestsPerSecond: requestsPerSecond(EVEN_SPEEDS, LOAD),
        conversations: CONVERSATIONS.open,
        turns: CONVERSATIONS.turns,
      },
      new SeededRandom(seed),
    );
    const result = simulate({ servers, workload, gateways: 1, createBalancer: strategy.create, seed });
    const sorted = result.ttftMs.slice().sort();
    return {
      together: shareTogether(workload, result.target),
      mostLoad: mostRequests(result.target, servers.length) / (run.requests / servers.length),
      ttftP50Ms: quantile(sorted, 0.5),
      ttftP99Ms: quantile(sorted, 0.99),
    };
  });
  return {
    together: mean(rows.map((one) => one.together)),
    mostLoad: Math.max(...rows.map((one) => one.mostLoad)),
    ttftP50Ms: mean(rows.map((one) => one.ttftP50Ms)),
    ttftP99Ms: mean(rows.map((one) => one.ttftP99Ms)),
  };
}

function mostRequests(targets: Int32Array, count: number): number {
  const requests = new Array<number>(count).fill(0);
  for (const target of targets) requests[target] = (requests[target] ?? 0) + 1;
  return Math.max(...requests);
}

/** Share of the requests of a prefix that went to the target most of them went to; single requests do not count. */
function shareTogether(workload: readonly SimulatedRequest[], targets: Int32Array): number {
  const perPrefix = new Map<number, Map<number, number>>();
  for (const [index, request] of workload.entries()) {
    if (request.prefix === undefined) continue;
    const counts = perPrefix.get(request.prefix) ?? new Map<number, number>();
    perPrefix.set(request.prefix, counts);
    const target = targets[index] ?? -1;
    counts.set(target, (counts.get(target) ?? 0) + 1);
  }
  let all = 0;
  let together = 0;
  for (const counts of perPrefix.values()) {
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    if (total < 2) continue;
    all += total;
    together += Math.max(...counts.values());
  }
  return together / all;
}
