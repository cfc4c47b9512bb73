import type { Balancer, Candidate, PickContext } from '../../src/routing/balance/balancer.ts';
import { hash32, mix32 } from '../../src/routing/balance/hash.ts';
import { createLoadTicket, DEFAULT_LOAD_STATS, LoadStats } from '../../src/routing/balance/load-stats.ts';
import { ALWAYS_WELL } from '../../src/routing/health/health.ts';
import { EventQueue } from './event-queue.ts';
import { SeededRandom } from './random.ts';
import { Server, type ServerOptions } from './server.ts';
import type { SimulatedRequest } from './workload.ts';

/** One run. */
export interface SimulationOptions {
  servers: readonly ServerOptions[];
  /** Weights the balancers know; 1 each by default. */
  weights?: readonly number[];
  /** US dollars per million tokens of each target. */
  costs?: readonly number[];
  workload: readonly SimulatedRequest[];
  /** Gateways that share the targets without knowing of each other. */
  gateways: number;
  createBalancer: (candidates: readonly Candidate[]) => Balancer;
  seed: number;
}

/** What became of the requests; index by index as the workload has them. */
export interface SimulationResult {
  ttftMs: Float64Array;
  completionMs: Float64Array;
  /** Target of each request. */
  target: Int32Array;
  /** Milliseconds each target spent reading prompts, as a share of the run. */
  utilization: number[];
}

interface Gateway {
  candidates: readonly Candidate[];
  balancer: Balancer;
}

/** Plays a workload against simulated targets. Discrete events: nothing waits, the same seed gives the same result. */
export function simulate(options: SimulationOptions): SimulationResult {
  const events = new EventQueue();
  const random = new SeededRandom(options.seed);
  const servers = options.servers.map(
    (server, at) => new Server(server, events, new SeededRandom(options.seed * 31 + at)),
  );
  const gateways = Array.from({ length: options.gateways }, (): Gateway => {
    const candidates = options.servers.map((_, at) => createCandidate(at, options));
    return { candidates, balancer: options.createBalancer(candidates) };
  });
  const everyone = options.servers.map((_, at) => at);
  const count = options.workload.length;
  const result: SimulationResult = {
    ttftMs: new Float64Array(count),
    completionMs: new Float64Array(count),
    target: new Int32Array(count),
    utilization: [],
  };

  const play = (index: number, nowMs: number): void => {
    const request = options.workload[index];
    const gateway = gateways[Math.floor(random.uniform() * gateways.length)];
    if (request === undefined || gateway === undefined) return;
    const context: PickContext = {
      nowMs,
      random: random.uniform(),
      promptTokens: request.estimatedTokens,
      expectedOutputTokens: 0,
      affinityHash: request.prefix === undefined ? undefined : mix32(request.prefix + 1),
      panic: false,
    };
    const chosen = gateway.balancer.pick(everyone, context);
    const stats = gateway.candidates[chosen]?.stats;
    const server = servers[chosen];
    if (stats === undefined || server === undefined) throw new Error(`no target for request ${index}`);
    const ticket = createLoadTicket(request.estimatedTokens);
    stats.started(ticket, nowMs);
    result.target[index] = chosen;
    server.send({
      promptTokens: request.promptTokens,
      outputTokens: request.outputTokens,
      prefix: request.prefix,
      firstToken: (atMs) => {
        stats.firstToken(ticket, atMs);
        result.ttftMs[index] = atMs - nowMs;
      },
      finished: (atMs) => {
        stats.finished(ticket, atMs, request.outputTokens);
        result.completionMs[index] = atMs - nowMs;
      },
    });
  };
  for (const [index, request] of options.workload.entries()) events.at(request.atMs, (nowMs) => play(index, nowMs));
  events.drain();
  const lengthMs = options.workload.at(-1)?.atMs ?? 1;
  result.utilization = servers.map((server) => server.busyMs / lengthMs);
  return result;
}

function createCandidate(at: number, options: SimulationOptions): Candidate {
  const cost = options.costs?.[at] ?? Number.NaN;
  return {
    weight: options.weights?.[at] ?? 1,
    hash: hash32(`target-${at}`),
    stats: new LoadStats({ ...DEFAULT_LOAD_STATS, inputCost: cost, outputCost: cost * 4 }),
    health: ALWAYS_WELL,
    limit: undefined,
  };
}
