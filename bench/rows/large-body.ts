import type { CandidateName } from '../candidates.ts';
import { MODELS } from '../gateway-config.ts';
import type { RequestSpec } from '../requests.ts';
import { checkAnswer } from './check-answer.ts';
import { eachCandidate, type Row, type RowContext, type Values, withCandidate } from './row.ts';
import { loadSteadily, measureSteadily } from './steady.ts';

const BODY_MIB = 10;
const SMALL: RequestSpec = { api: 'openai', model: MODELS.openai, stream: false, bodyBytes: 1024 };
const LARGE: RequestSpec = { ...SMALL, bodyBytes: BODY_MIB * 1024 * 1024 };

/** CPU and memory: one request after the other, in a process that has so far seen small ones only. */
function measureUse(context: RowContext, name: CandidateName): Promise<Values> {
  const { warmSeconds, seconds } = context.effort;
  return withCandidate(context, { name }, async (candidate, meter) => {
    await loadSteadily(context, candidate, { request: SMALL, seconds: warmSeconds });
    const before = meter.rssMib();
    meter.resetPeak();
    await checkAnswer(context, candidate, LARGE);
    const values = await measureSteadily(context, candidate, { request: LARGE, seconds, connections: 1, meter });
    return { ...values, memory: meter.peakRssMib() - before - BODY_MIB };
  });
}

/** The event loop is watched in a process of its own: the watch costs CPU. */
function measureHold(context: RowContext, name: CandidateName): Promise<Values> {
  const { warmSeconds, seconds } = context.effort;
  return withCandidate(context, { name, options: { watchLoop: true } }, async (candidate) => {
    await loadSteadily(context, candidate, { request: LARGE, seconds: warmSeconds, connections: 1 });
    candidate.startLoopWatch();
    await loadSteadily(context, candidate, { request: LARGE, seconds, connections: 1 });
    const hold = await candidate.stopLoopWatch();
    return hold === undefined ? {} : { hold };
  });
}

/** A request of 10 MiB, a question about a picture, to a provider of the client's own dialect. */
export const largeBodyRow: Row = {
  name: 'large-body',
  title: 'Request of 10 MiB, same dialect',
  figures: [
    { key: 'cpu', title: 'CPU per request', unit: 'us', target: { times: 2 } },
    { key: 'memory', title: 'peak memory over idle and body', unit: 'MiB', target: { atMost: 30 } },
    { key: 'hold', title: 'longest hold of the event loop', unit: 'ms', target: { atMost: 20 } },
  ],
  round: (context) =>
    eachCandidate(context, async (name) => ({
      ...(await measureUse(context, name)),
      ...(name === 'envoy' ? {} : await measureHold(context, name)),
    })),
};
