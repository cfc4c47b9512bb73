import type { CounterName } from '../../stores/counters/counter-name.ts';

/** The names of a caller's own counters, by the limit that has them; each is made when its limit first counts the caller. */
export class CounterNames {
  /** Limits and names at the same places: there are few, so that they are searched. */
  #limits: object[] | undefined = undefined;
  #names: CounterName[] | undefined = undefined;

  /** Undefined: not known yet. */
  get(limit: object): CounterName | undefined {
    const limits = this.#limits;
    if (limits === undefined) return undefined;
    for (let index = 0; index < limits.length; index++) if (limits[index] === limit) return this.#names?.[index];
    return undefined;
  }

  set(limit: object, name: CounterName): void {
    this.#limits ??= [];
    this.#names ??= [];
    this.#limits.push(limit);
    this.#names.push(name);
  }
}
