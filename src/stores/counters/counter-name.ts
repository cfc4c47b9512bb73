/**
 * The name of a counter as an object that its caller keeps from request to request. A store of this process remembers on it
 * where the counter is, which saves the look-up by text; other stores read the text alone.
 */
export class CounterName {
  /** Names the counter, dimension values included. */
  readonly key: string;
  /** What the store has under that name; written by the store alone. Undefined: it has to look. */
  counter: object | undefined;

  constructor(key: string) {
    this.key = key;
    this.counter = undefined;
  }
}
