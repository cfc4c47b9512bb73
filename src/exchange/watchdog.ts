/** Something that must happen before a moment. */
export interface Watched {
  /** By the monotonic clock, in milliseconds; Infinity while there is no bound. May change at any time. */
  deadline: number;
  /** Called once the moment has passed; the entry is not watched any more then. */
  expire(): void;
}

/** Looks after the time bounds of every attempt with one timer. */
export interface Watchdog {
  watch(entry: Watched): void;
  unwatch(entry: Watched): void;
  close(): void;
}

/** How late a bound may be noticed. */
const TICK_MS = 50;

/**
 * Makes a watchdog. Timers of their own would be made and cleared twice for each request, which costs more than a
 * look at all open ones twenty times a second; the timer runs only while something is watched.
 */
export function createWatchdog(monotonic: () => number): Watchdog {
  const entries = new Set<Watched>();
  let timer: NodeJS.Timeout | undefined;

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function look(): void {
    if (entries.size === 0) {
      stop();
      return;
    }
    const now = monotonic();
    for (const entry of entries) {
      if (entry.deadline > now) continue;
      entries.delete(entry);
      entry.expire();
    }
  }

  return {
    watch(entry) {
      entries.add(entry);
      timer ??= setInterval(look, TICK_MS);
    },
    unwatch: (entry) => void entries.delete(entry),
    close: stop,
  };
}
