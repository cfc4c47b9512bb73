import type { Candidate } from '../candidates.ts';
import { MODELS } from '../gateway-config.ts';
import type { RequestSpec } from '../requests.ts';
import { checkAnswer } from './check-answer.ts';
import type { RoundValues, Row, RowContext } from './row.ts';
import { loadSteadily } from './steady.ts';

const REQUEST: RequestSpec = { api: 'openai', model: MODELS.openai, stream: false, bodyBytes: 1024 };

async function measure(context: RowContext, candidates: readonly Candidate[]): Promise<RoundValues> {
  for (const candidate of candidates) await checkAnswer(context, candidate, REQUEST);
  const ports = [context.providerPort, ...candidates.map((candidate) => candidate.port)];
  const { alternateRequests, warmSeconds } = context.effort;
  for (const candidate of candidates)
    await loadSteadily(context, candidate, { request: REQUEST, seconds: warmSeconds });
  const job = { kind: 'alternate', ports, request: REQUEST } as const;
  await context.load.run({ ...job, requests: Math.ceil(alternateRequests / 2) });
  const { results } = await context.load.run({ ...job, requests: alternateRequests });
  const direct = results[0]?.firstByte;
  const values: RoundValues = {};
  for (const [index, candidate] of candidates.entries()) {
    const result = results[index + 1];
    if (result === undefined || direct === undefined) continue;
    const bad = result.non2xx + result.broken;
    if (bad > 0) context.problem(candidate.name, `${bad} requests were refused or broken`);
    values[candidate.name] = { p50: result.firstByte.p50 - direct.p50, p99: result.firstByte.p99 - direct.p99 };
  }
  return values;
}

/** What one client waits longer than it would without the gateway: direct and through each candidate in turn. */
export const firstByteRow: Row = {
  name: 'first-byte',
  title: 'Added time to first byte, one client',
  figures: [
    { key: 'p50', title: 'p50 over going direct', unit: 'ms', target: { atMost: 0.3 } },
    { key: 'p99', title: 'p99 over p99 of going direct', unit: 'ms', target: { atMost: 1 } },
  ],
  async round(context) {
    const candidates: Candidate[] = [];
    try {
      for (const name of context.candidates) {
        try {
          candidates.push(await context.start(name));
        } catch (error) {
          context.problem(name, (error as Error).message);
        }
      }
      return await measure(context, candidates);
    } finally {
      for (const candidate of candidates) await candidate.stop();
    }
  },
};
