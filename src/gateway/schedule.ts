/** Runs something once after a time, in milliseconds; gives what calls it off. */
export type Schedule = (ms: number, run: () => void) => () => void;

/** The clock of this process. Holds no process open. */
export const scheduleByTimer: Schedule = (ms, run) => {
  const timer = setTimeout(run, ms);
  timer.unref();
  return () => clearTimeout(timer);
};

/** A time up to a tenth shorter or longer, so that many do not happen at once; `random` is in [0, 1). */
export function withJitter(ms: number, random: number): number {
  return ms * (0.9 + 0.2 * random);
}
