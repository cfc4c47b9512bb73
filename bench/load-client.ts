import type { Children } from './children.ts';
import type { LoadJob, LoadReport } from './load-job.ts';

/** The load process as the rows see it. */
export interface LoadClient {
  /** Runs one job; jobs must not overlap. Rejects when the process reports an error, ends, or takes 3 minutes. */
  run(job: LoadJob): Promise<LoadReport>;
}

const JOB_LIMIT_MS = 180_000;

/** Starts the load process. */
export function startLoad(children: Children): LoadClient {
  const child = children.startScript('./load.ts');
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const { process } = child;
        const finish = (settle: () => void) => {
          clearTimeout(limit);
          process.off('message', answered);
          process.off('exit', ended);
          settle();
        };
        const answered = (report: LoadReport) =>
          finish(() => (report.error === undefined ? resolve(report) : reject(new Error(`load: ${report.error}`))));
        const ended = () => finish(() => reject(new Error(`the load process ended: ${child.errors()}`)));
        const limit = setTimeout(() => finish(() => reject(new Error(`${job.kind} took too long`))), JOB_LIMIT_MS);
        process.on('message', answered);
        process.on('exit', ended);
        process.send(job);
      }),
  };
}

/** Starts the fake provider and resolves to its port. */
export async function startProvider(children: Children): Promise<number> {
  const child = children.startScript('./provider.ts');
  return new Promise((resolve, reject) => {
    child.process.once('message', (message: { port: number }) => resolve(message.port));
    child.process.once('exit', () => reject(new Error(`the provider ended: ${child.errors()}`)));
  });
}
