import type { StartOptions } from '../candidates.ts';
import { lastRouteModel, MODELS } from '../gateway-config.ts';
import type { RequestSpec } from '../requests.ts';
import { median } from '../statistics.ts';
import { checkAnswer } from './check-answer.ts';
import { eachCandidate, gatewayOnly, type Row, type RowContext, type Values, withCandidate } from './row.ts';
import { loadSteadily, measureSteadily } from './steady.ts';

/** Noise that a ratio near 1 may show. */
const FLAT = 1.1;
const FEW_ROUTES = 10;

/** How often each of two gateways is measured. */
const TURNS = 4;

/** A gateway that has few or many of something, and a request that makes it look for them. */
interface Side {
  options: StartOptions;
  request: RequestSpec;
}

/** What a request costs with few and with many. The gateways take turns, so that what else the machine does falls on both. */
async function costOfBoth(context: RowContext, few: Side, many: Side): Promise<Values> {
  const { warmSeconds, seconds } = context.effort;
  const costs: Record<'few' | 'many', number[]> = { few: [], many: [] };
  await withCandidate(context, { name: 'gateway', options: few.options }, (fewCandidate, fewMeter) =>
    withCandidate(context, { name: 'gateway', options: many.options }, async (manyCandidate, manyMeter) => {
      const sides = [
        { costs: costs.few, candidate: fewCandidate, meter: fewMeter, request: few.request },
        { costs: costs.many, candidate: manyCandidate, meter: manyMeter, request: many.request },
      ];
      for (const { candidate, request } of sides) {
        await checkAnswer(context, candidate, request);
        await loadSteadily(context, candidate, { request, seconds: warmSeconds });
      }
      for (let turn = 0; turn < TURNS; turn++) {
        for (const side of sides) {
          const { candidate, request, meter } = side;
          side.costs.push((await measureSteadily(context, candidate, { request, seconds, meter })).cpu);
        }
      }
    }),
  );
  const values = { few: median(costs.few), many: median(costs.many) };
  return { ...values, growth: values.many / values.few };
}

function withRoutes(routes: number): Side {
  const request = { api: 'openai', model: lastRouteModel(routes), stream: false, bodyBytes: 1024 } as const;
  return { options: { extraRoutes: routes }, request };
}

/** Requests for the last of many routes. Of the candidates only the gateway has any. */
export const routeGrowthRow: Row = {
  name: 'route-growth',
  title: 'Growth with routes',
  figures: [
    { key: 'few', title: 'CPU per request, 10 routes', unit: 'us' },
    { key: 'many', title: 'CPU per request, 10,000 routes', unit: 'us' },
    { key: 'growth', title: '10,000 routes over 10', unit: 'x', target: { atMost: FLAT } },
  ],
  round: (context) =>
    eachCandidate(gatewayOnly(context), () =>
      costOfBoth(context, withRoutes(FEW_ROUTES), withRoutes(context.effort.routes)),
    ),
};

const FEW_KEYS = 10;
/** What the documentation promises of keys. */
const FLAT_KEYS = 1.05;

function withKeys(keys: number): Side {
  const request = { api: 'openai', model: MODELS.openai, stream: false, bodyBytes: 1024 } as const;
  return { options: { governance: { keys } }, request };
}

/** Requests with one of many keys. */
export const keyGrowthRow: Row = {
  name: 'key-growth',
  title: 'Growth with keys',
  figures: [
    { key: 'few', title: 'CPU per request, 10 keys', unit: 'us' },
    { key: 'many', title: 'CPU per request, 100,000 keys', unit: 'us' },
    { key: 'growth', title: '100,000 keys over 10', unit: 'x', target: { atMost: FLAT_KEYS } },
  ],
  round: (context) =>
    eachCandidate(gatewayOnly(context), () => costOfBoth(context, withKeys(FEW_KEYS), withKeys(context.effort.keys))),
};

const SIZES = [1_000, 10_000, 100_000, 1_000_000] as const;

function growthPerByte(cpu: readonly number[]): number {
  const [, small = 0, middle = 0, large = 0] = cpu;
  const perByte = (more: number, less: number, bytes: number) => (more - less) / bytes;
  return perByte(large, middle, SIZES[3] - SIZES[2]) / perByte(middle, small, SIZES[2] - SIZES[1]);
}

/** Requests of growing size: each further byte should cost what the one before did. */
export const sizeGrowthRow: Row = {
  name: 'size-growth',
  title: 'Growth with body size',
  figures: [
    { key: '1000', title: 'CPU per request, 1 KB', unit: 'us' },
    { key: '10000', title: 'CPU per request, 10 KB', unit: 'us' },
    { key: '100000', title: 'CPU per request, 100 KB', unit: 'us' },
    { key: '1000000', title: 'CPU per request, 1 MB', unit: 'us' },
    { key: 'growth', title: 'a byte beyond 100 KB over one before', unit: 'x', target: { atMost: 1.5 } },
  ],
  round: (context) =>
    eachCandidate(context, (name) =>
      withCandidate(context, { name }, async (candidate, meter) => {
        const { warmSeconds, seconds } = context.effort;
        const values: Values = {};
        for (const bodyBytes of SIZES) {
          const request: RequestSpec = { api: 'openai', model: MODELS.openai, stream: false, bodyBytes };
          await checkAnswer(context, candidate, request);
          // One at a time: many large bodies at once measure the processor's caches.
          const load = { request, connections: 1 };
          await loadSteadily(context, candidate, { ...load, seconds: warmSeconds });
          values[bodyBytes] = (await measureSteadily(context, candidate, { ...load, seconds, meter })).cpu;
        }
        return { ...values, growth: growthPerByte(SIZES.map((size) => values[size] ?? Number.NaN)) };
      }),
    ),
};
