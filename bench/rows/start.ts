import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { MODELS } from '../gateway-config.ts';
import type { RequestSpec } from '../requests.ts';
import { checkAnswer } from './check-answer.ts';
import { eachCandidate, type Row, withCandidate } from './row.ts';

const REQUEST: RequestSpec = { api: 'openai', model: MODELS.openai, stream: false, bodyBytes: 1024 };

/** A start: from asking for the process to its first answer, and what it holds when it then has nothing to do. */
export const startRow: Row = {
  name: 'start',
  title: 'Start and idle',
  rounds: 5,
  figures: [
    { key: 'ready', title: 'first 200 after start', unit: 's', target: { atMost: 0.6 } },
    { key: 'rss', title: 'idle memory', unit: 'MiB', target: { atMost: 110 } },
  ],
  round: (context) =>
    eachCandidate(context, (name) =>
      withCandidate(context, { name }, async (candidate, meter) => {
        await checkAnswer(context, candidate, REQUEST);
        const ready = (performance.now() - candidate.startedAt) / 1000;
        await wait(context.effort.idleSeconds * 1000);
        return { ready, rss: meter.rssMib() };
      }),
    ),
};
