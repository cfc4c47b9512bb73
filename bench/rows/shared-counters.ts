import { redisSkip, startRedisServer } from '../../test/support/redis-server.ts';
import type { StartOptions } from '../candidates.ts';
import { MODELS } from '../gateway-config.ts';
import type { RequestSpec } from '../requests.ts';
import { checkAnswer } from './check-answer.ts';
import { eachCandidate, gatewayOnly, type Row, type RowContext, type Values, withCandidate } from './row.ts';
import { loadSteadily, measureSteadily } from './steady.ts';

const REQUEST: RequestSpec = { api: 'openai', model: MODELS.openai, stream: false, bodyBytes: 1024 };

async function cpuOf(context: RowContext, governance: NonNullable<StartOptions['governance']>): Promise<number> {
  const { warmSeconds, seconds } = context.effort;
  return withCandidate(context, { name: 'gateway', options: { governance } }, async (candidate, meter) => {
    await checkAnswer(context, candidate, REQUEST);
    await loadSteadily(context, candidate, { request: REQUEST, seconds: warmSeconds });
    return (await measureSteadily(context, candidate, { request: REQUEST, seconds, meter })).cpu;
  });
}

/** What one client waits longer where the counters are in Redis: one gateway of each kind in turn. */
function waitOf(context: RowContext, redis: string): Promise<Values> {
  return withCandidate(context, { name: 'gateway' }, (own) =>
    withCandidate(context, { name: 'gateway', options: { governance: { keys: 1, redis } } }, async (shared) => {
      const { alternateRequests, warmSeconds } = context.effort;
      for (const candidate of [own, shared]) {
        await checkAnswer(context, candidate, REQUEST);
        await loadSteadily(context, candidate, { request: REQUEST, seconds: warmSeconds });
      }
      const ports = [own.port, shared.port];
      const job = { kind: 'alternate', ports, request: REQUEST } as const;
      await context.load.run({ ...job, requests: Math.ceil(alternateRequests / 2) });
      const [inProcess, inRedis] = (await context.load.run({ ...job, requests: alternateRequests })).results;
      if (inProcess === undefined || inRedis === undefined) return {};
      return {
        p50: inRedis.firstByte.p50 - inProcess.firstByte.p50,
        p99: inRedis.firstByte.p99 - inProcess.firstByte.p99,
      };
    }),
  );
}

/** Counters in a Redis server on the same machine instead of in the process. Without `redis-server` the row stays empty. */
export const sharedCountersRow: Row = {
  name: 'shared-counters',
  title: 'Counters in Redis',
  rounds: 1,
  figures: [
    { key: 'cpu', title: 'CPU per request, counters in the process', unit: 'us' },
    { key: 'shared', title: 'CPU per request, counters in Redis', unit: 'us' },
    { key: 'p50', title: 'added time to first byte, p50', unit: 'ms' },
    { key: 'p99', title: 'added time to first byte, p99', unit: 'ms', target: { atMost: 1 } },
  ],
  round: (context) =>
    eachCandidate(gatewayOnly(context), async () => {
      if (redisSkip !== false) return {};
      const cleanUps: (() => unknown)[] = [];
      try {
        const { url } = await startRedisServer({ after: (cleanUp: () => unknown) => cleanUps.push(cleanUp) });
        const cpu = await cpuOf(context, { keys: 1 });
        const shared = await cpuOf(context, { keys: 1, redis: url });
        return { cpu, shared, ...(await waitOf(context, url)) };
      } finally {
        for (const cleanUp of cleanUps.reverse()) await cleanUp();
      }
    }),
};
