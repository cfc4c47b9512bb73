import type { CandidateName } from '../candidates.ts';
import { MODELS } from '../gateway-config.ts';
import type { RequestSpec } from '../requests.ts';
import { eachCandidate, type Row, type RowContext, withCandidate } from './row.ts';
import { loadSteadily } from './steady.ts';

const READERS = 10;
const ANSWER_BYTES = 50 * 1024 * 1024;
const SMALL: RequestSpec = { api: 'openai', model: MODELS.openai, stream: false, bodyBytes: 1024 };

async function memoryGrowth(context: RowContext, name: CandidateName, stream: boolean): Promise<number> {
  const { warmSeconds, slowReaderSeconds } = context.effort;
  return withCandidate(context, { name }, async (candidate, meter) => {
    await loadSteadily(context, candidate, { request: SMALL, seconds: warmSeconds });
    const before = meter.rssMib();
    meter.resetPeak();
    const { results } = await context.load.run({
      kind: 'slow-readers',
      port: candidate.port,
      readers: READERS,
      seconds: slowReaderSeconds,
      request: { ...SMALL, stream, answerBytes: ANSWER_BYTES },
    });
    const served = results[0]?.answered ?? 0;
    if (served < READERS) context.problem(name, `only ${served} of ${READERS} slow readers were served`);
    return meter.peakRssMib() - before;
  });
}

/** Readers that take 1 KB a second of a long answer: the provider must be held back, not the answer be held. */
export const slowReadersRow: Row = {
  name: 'slow-readers',
  title: 'Ten readers at 1 KB/s of 50 MB answers',
  rounds: 1,
  figures: [
    { key: 'whole', title: 'memory growth, one JSON document', unit: 'MiB', target: { atMost: 64 } },
    { key: 'stream', title: 'memory growth, event stream', unit: 'MiB', target: { atMost: 64 } },
  ],
  round: (context) =>
    eachCandidate(context, async (name) => ({
      whole: await memoryGrowth(context, name, false),
      stream: await memoryGrowth(context, name, true),
    })),
};
