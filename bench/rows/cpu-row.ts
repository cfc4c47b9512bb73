import type { StartOptions } from '../candidates.ts';
import type { RequestSpec } from '../requests.ts';
import { checkAnswer } from './check-answer.ts';
import { eachCandidate, type Row, type Target, withCandidate } from './row.ts';
import { loadSteadily, measureSteadily } from './steady.ts';

/** A row that gives CPU per request of one kind under load, after a warm-up. */
export function cpuRow(options: {
  name: string;
  title: string;
  per: 'request' | 'stream';
  request: RequestSpec;
  target?: Target;
  /** How the gateway starts. */
  start?: StartOptions;
  /** Requests in flight; 16 unless said otherwise. */
  connections?: number;
}): Row {
  const { request } = options;
  const load = { request, ...(options.connections === undefined ? {} : { connections: options.connections }) };
  return {
    name: options.name,
    title: options.title,
    figures: [
      {
        key: 'cpu',
        title: `CPU per ${options.per}`,
        unit: 'us',
        ...(options.target === undefined ? {} : { target: options.target }),
      },
    ],
    round: (context) =>
      eachCandidate(context, (name) =>
        withCandidate(context, { name, options: options.start ?? {} }, async (candidate, meter) => {
          await checkAnswer(context, candidate, request);
          await loadSteadily(context, candidate, { ...load, seconds: context.effort.warmSeconds });
          return measureSteadily(context, candidate, { ...load, seconds: context.effort.seconds, meter });
        }),
      ),
  };
}
