/** What a test may hang its clean-up on: a test's context, or `{ after }` of node:test for a whole file. */
export interface Scope {
  after(clean: () => void | Promise<void>): void;
}

/** Yields to everything that is ready to run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * Resolves when the condition holds; looks again every few milliseconds. Rejects after `limitMs` (default 10 s) and
 * names what was waited for.
 */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 10_000,
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** The promise's own outcome, or a rejection that names what was waited for. */
export function within<T>(what: string, promise: Promise<T>, limitMs = 10_000): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms in vain for: ${what}`)), limitMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Runs the jobs with at most `width` of them at a time; resolves to their results in order. */
export async function inParallel<Job, Result>(
  jobs: readonly Job[],
  width: number,
  run: (job: Job, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    while (next < jobs.length) {
      const index = next++;
      results[index] = await run(jobs[index] as Job, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, jobs.length) }, worker));
  return results;
}
