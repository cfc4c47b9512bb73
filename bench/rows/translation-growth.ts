import { MODELS } from '../gateway-config.ts';
import type { RequestSpec } from '../requests.ts';
import { checkAnswer } from './check-answer.ts';
import {
  eachCandidate,
  type Figure,
  gatewayOnly,
  type Row,
  type RowContext,
  type Values,
  withCandidate,
} from './row.ts';
import { loadSteadily, measureSteadily } from './steady.ts';

const COUNTS = [10, 100, 1_000] as const;
/** What is counted, and its singular. */
const ITEMS = { messages: 'message', tools: 'tool' } as const;
type Item = keyof typeof ITEMS;

function figuresOf(item: Item): Figure[] {
  return [
    ...COUNTS.map(
      (count): Figure => ({ key: `${item}${count}`, title: `CPU per request, ${count} ${item}`, unit: 'us' }),
    ),
    { key: `${item}-each`, title: `CPU per ${ITEMS[item]} of 1,000`, unit: 'us' },
    {
      key: `${item}-growth`,
      title: `a ${ITEMS[item]} of 1,000 over one of 100`,
      unit: 'x',
      target: { atMost: 1.5 },
    },
  ];
}

function requestWith(spec: { api: RequestSpec['api']; model: string }, item: Item, count: number): RequestSpec {
  const items = item === 'messages' ? { messages: count } : { messages: 1, tools: count };
  return { ...spec, stream: false, bodyBytes: 0, ...items };
}

/** What one more item costs between two counts. */
function perItem(cpu: readonly number[], from: number, to: number): number {
  return ((cpu[to] ?? Number.NaN) - (cpu[from] ?? Number.NaN)) / ((COUNTS[to] ?? 0) - (COUNTS[from] ?? 0));
}

/**
 * A row of translated requests with more and more messages, and with more and more tools: each further one should cost what the
 * ones before did. Of the candidates only the gateway translates.
 */
export function translationGrowthRow(options: {
  name: string;
  /** Such as `OpenAI client to Anthropic provider`. */
  title: string;
  api: RequestSpec['api'];
  provider: keyof typeof MODELS;
}): Row {
  const spec = { api: options.api, model: MODELS[options.provider] };

  async function measure(context: RowContext): Promise<Values> {
    const { warmSeconds, seconds } = context.effort;
    return withCandidate(context, { name: 'gateway' }, async (candidate, meter) => {
      const values: Values = {};
      for (const item of Object.keys(ITEMS) as Item[]) {
        const cpu: number[] = [];
        for (const count of COUNTS) {
          const request = requestWith(spec, item, count);
          await checkAnswer(context, candidate, request);
          // One at a time: many large bodies at once measure the processor's caches.
          const load = { request, connections: 1 };
          await loadSteadily(context, candidate, { ...load, seconds: warmSeconds });
          const used = (await measureSteadily(context, candidate, { ...load, seconds, meter })).cpu;
          cpu.push(used);
          values[`${item}${count}`] = used;
        }
        values[`${item}-each`] = perItem(cpu, 1, 2);
        values[`${item}-growth`] = perItem(cpu, 1, 2) / perItem(cpu, 0, 1);
      }
      return values;
    });
  }

  return {
    name: options.name,
    title: `Translation of many messages and tools, ${options.title}`,
    rounds: 1,
    figures: (Object.keys(ITEMS) as Item[]).flatMap(figuresOf),
    round: (context) => eachCandidate(gatewayOnly(context), () => measure(context)),
  };
}
