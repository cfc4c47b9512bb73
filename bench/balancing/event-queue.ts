interface Event {
  atMs: number;
  order: number;
  run: (nowMs: number) => void;
}

const before = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Events in order of their time; those of one time in the order they were added. */
export class EventQueue {
  nowMs: number;
  readonly #heap: Event[];
  #order: number;

  constructor() {
    this.nowMs = 0;
    this.#heap = [];
    this.#order = 0;
  }

  /** Runs `run` at `atMs`, or at once if that has passed. */
  at(atMs: number, run: (nowMs: number) => void): void {
    const heap = this.#heap;
    const event = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, run };
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || before(above, event)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  /** Runs events until none is left. */
  drain(): void {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      this.nowMs = event.atMs;
      event.run(event.atMs);
    }
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const right = heap[child + 1];
      const left = heap[child];
      if (left === undefined) break;
      if (right !== undefined && before(right, left)) child++;
      const least = heap[child];
      if (least === undefined || before(last, least)) break;
      heap[index] = least;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}
