import { readFileSync } from 'node:fs';
import { MODELS } from '../gateway-config.ts';
import { STREAM_EVENTS } from '../provider-answers.ts';
import { eachCandidate, type Row, withCandidate } from './row.ts';

/** Connections opened a second. */
const RAMP = 1000;
/** Streams that last this much longer than the provider's pace says are broken. */
const LATE_SECONDS = 30;

/** Streams that the limit on open files allows: a proxy needs two connections for each. Node takes the hard limit at start. */
function allowedStreams(wanted: number): number {
  const limit = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return limit === undefined ? wanted : Math.min(wanted, Math.floor((Number(limit) - 500) / 2));
}

/** Many streams of 51 events at once, an event every 400 ms each. */
export const openStreamsRow: Row = {
  name: 'open-streams',
  title: '5,000 open slow streams',
  rounds: 1,
  figures: [
    { key: 'rss', title: 'peak memory', unit: 'MiB', target: { atMost: 400 } },
    { key: 'cut', title: 'streams cut', unit: '', target: { atMost: 0 } },
    { key: 'cpu', title: 'CPU per stream', unit: 'us' },
  ],
  round: (context) =>
    eachCandidate(context, (name) =>
      withCandidate(context, { name }, async (candidate, meter) => {
        const { openStreams, openStreamGapUs } = context.effort;
        const streams = allowedStreams(openStreams);
        if (streams < openStreams) context.problem(name, `the limit on open files allows only ${streams} streams`);
        const rampSeconds = streams / RAMP;
        const before = meter.cpuSeconds();
        const { results } = await context.load.run({
          kind: 'open-streams',
          port: candidate.port,
          streams,
          rampSeconds,
          limitSeconds: rampSeconds + (STREAM_EVENTS * openStreamGapUs) / 1e6 + LATE_SECONDS,
          request: { api: 'openai', model: MODELS.openai, stream: true, bodyBytes: 1024, gapUs: openStreamGapUs },
        });
        const used = meter.cpuSeconds() - before;
        return {
          rss: meter.peakRssMib(),
          cut: streams - (results[0]?.answered ?? 0),
          cpu: (used * 1e6) / streams,
        };
      }),
    ),
};
