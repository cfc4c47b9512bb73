import type { RequestSpec } from '../requests.ts';
import { checkAnswer } from './check-answer.ts';
import { eachCandidate, type Row, type Target, withCandidate } from './row.ts';
import { loadSteadily, measureSteadily } from './steady.ts';

/** A row that gives CPU per request of one kind under load: warmed up first, 16 requests in flight. */
export function cpuRow(options: {
  name: string;
  title: string;
  per: 'request' | 'stream';
  request: RequestSpec;
  target?: Target;
}): Row {
  const { request } = options;
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
        withCandidate(context, { name }, async (candidate, meter) => {
          await checkAnswer(context, candidate, request);
          await loadSteadily(context, candidate, { request, seconds: context.effort.warmSeconds });
          return measureSteadily(context, candidate, { request, seconds: context.effort.seconds, meter });
        }),
      ),
  };
}
