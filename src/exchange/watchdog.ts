/** Something that must happen before a moment. */
export interface Watched {
  /** By the monotonic clock, in milliseconds; Infinity while there is no bound. May change at any time. */
  deadline: number;
  /** Place among the watched; -1 while it is not. The watchdog's own. */
  watchIndex: number;
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
/** A look that comes this much later than it should shows that the process itself stood still. */
const STALL_MS = 250;

/**
 * Makes a watchdog. Timers of their own would be made and cleared twice for each request, which costs more than a
 * look at all open ones twenty times a second; the timer runs only while something is watched.
 *
 * The entries stand in an array and not in a Set: the tables that a Set outgrows point to their successors, so that one
 * of them in the old generation keeps every request alive until the next full collection.
 */
export function createWatchdog(monotonic: () => number): Watchdog {
  const entries: Watched[] = [];
  let timer: NodeJS.Timeout | undefined;
  let lastLook = 0;

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function remove(entry: Watched): void {
    const index = entry.watchIndex;
    if (index === -1) return;
    entry.watchIndex = -1;
    const last = entries.pop() as Watched;
    if (last === entry) return;
    entries[index] = last;
    last.watchIndex = index;
  }

  function look(): void {
    if (entries.length === 0) {
      stop();
      return;
    }
    const now = monotonic();
    const stalled = now - lastLook > STALL_MS;
    lastLook = now;
    // What arrived meanwhile waits to be read: nobody is to blame for the silence before the next look.
    if (stalled) return;
    // From the end: removing an entry moves the last one into its place. Expiring one may remove others.
    for (let index = entries.length - 1; index >= 0; index--) {
      const entry = entries[index];
      if (entry === undefined || entry.deadline > now) continue;
      remove(entry);
      entry.expire();
    }
  }

  return {
    watch(entry) {
      if (entry.watchIndex !== -1) return;
      entry.watchIndex = entries.length;
      entries.push(entry);
      if (timer !== undefined) return;
      lastLook = monotonic();
      timer = setInterval(look, TICK_MS);
    },
    unwatch: remove,
    close: stop,
  };
}
