import type { UsageBodies, UsageRecord } from './usage-record.ts';

/** What of a record many others say too, alike: who asked, where it went, how it ended. */
export type CommonFields = Omit<
  UsageRecord,
  | 'id'
  | 'requestId'
  | 'timeMs'
  | 'endUser'
  | 'durationMs'
  | 'timeToFirstTokenMs'
  | 'tokens'
  | 'units'
  | 'costNanoUsd'
  | 'bodies'
>;

/** Any number of records. */
export interface UsageRecords extends Iterable<UsageRecord> {
  readonly length: number;
}

/** What few records have. */
interface RareFields {
  readonly requestId: string;
  readonly endUser: string;
  readonly bodies: UsageBodies | undefined;
}

// Places of the figures of one record; not a number stands for null.
/** `timeMs`. */
export const TIME = 0;
/** `durationMs`. */
export const DURATION = 1;
/** `timeToFirstTokenMs`. */
export const FIRST_TOKEN = 2;
/** `costNanoUsd`. */
export const COST = 3;
/** Tokens and units follow, in the order of their columns: `input` to `search_units`. */
export const COUNTS = 4;
/** How many they are. */
export const COUNT_OF_COUNTS = 14;
/** Figures of one record. */
export const WIDTH = COUNTS + COUNT_OF_COUNTS;

const FIRST_CAPACITY = 64;

/**
 * Records in compact form: what they share with others is one object for all, their figures lie side by side. So thousands can
 * wait without the garbage collector having to look at more than their ids. What is taken out again equals what was added.
 */
export class UsageBatch implements UsageRecords {
  #length = 0;
  readonly #common: CommonFields[] = [];
  readonly #ids: string[] = [];
  #figures = new Float64Array(FIRST_CAPACITY * WIDTH);
  readonly #rare = new Map<number, RareFields>();

  get length(): number {
    return this.#length;
  }

  /** The figures of all records, `WIDTH` for each; they move when records are added. */
  get figures(): Float64Array {
    return this.#figures;
  }

  /** Adds a record, with what `CommonPool` says that it shares. Throws a TypeError for one that is not whole. */
  add(record: UsageRecord, common: CommonFields): void {
    const { id, tokens, units } = record;
    const index = this.#length;
    if ((index + 1) * WIDTH > this.#figures.length) this.#grow();
    const figures = this.#figures;
    let at = index * WIDTH;
    figures[at++] = record.timeMs;
    figures[at++] = record.durationMs;
    figures[at++] = record.timeToFirstTokenMs ?? Number.NaN;
    figures[at++] = record.costNanoUsd ?? Number.NaN;
    figures[at++] = tokens.input;
    figures[at++] = tokens.cacheRead;
    figures[at++] = tokens.cacheWrite;
    figures[at++] = tokens.cacheWrite1h;
    figures[at++] = tokens.output;
    figures[at++] = tokens.reasoning;
    figures[at++] = tokens.inputAudio;
    figures[at++] = tokens.outputAudio;
    figures[at++] = tokens.inputImage;
    figures[at++] = tokens.outputImage;
    figures[at++] = units.images;
    figures[at++] = units.seconds;
    figures[at++] = units.characters;
    figures[at] = units.searchUnits;
    this.#common[index] = common;
    this.#ids[index] = id;
    if (record.requestId !== id || record.endUser !== '' || record.bodies !== undefined) {
      this.#rare.set(index, { requestId: record.requestId, endUser: record.endUser, bodies: record.bodies });
    }
    this.#length = index + 1;
  }

  idAt(index: number): string {
    return this.#ids[index] as string;
  }

  commonAt(index: number): CommonFields {
    return this.#common[index] as CommonFields;
  }

  requestIdAt(index: number): string {
    return this.#rare.get(index)?.requestId ?? this.idAt(index);
  }

  endUserAt(index: number): string {
    return this.#rare.get(index)?.endUser ?? '';
  }

  bodiesAt(index: number): UsageBodies | undefined {
    return this.#rare.get(index)?.bodies;
  }

  /** A record as it was added. */
  at(index: number): UsageRecord {
    const figure = (place: number) => this.#figures[index * WIDTH + place] as number;
    const count = (place: number) => figure(COUNTS + place);
    const optional = (place: number) => (Number.isNaN(figure(place)) ? null : figure(place));
    const bodies = this.bodiesAt(index);
    return {
      ...this.commonAt(index),
      id: this.idAt(index),
      requestId: this.requestIdAt(index),
      timeMs: figure(TIME),
      endUser: this.endUserAt(index),
      durationMs: figure(DURATION),
      timeToFirstTokenMs: optional(FIRST_TOKEN),
      tokens: {
        input: count(0),
        cacheRead: count(1),
        cacheWrite: count(2),
        cacheWrite1h: count(3),
        output: count(4),
        reasoning: count(5),
        inputAudio: count(6),
        outputAudio: count(7),
        inputImage: count(8),
        outputImage: count(9),
      },
      units: { images: count(10), seconds: count(11), characters: count(12), searchUnits: count(13) },
      costNanoUsd: optional(COST),
      ...(bodies === undefined ? {} : { bodies }),
    };
  }

  *[Symbol.iterator](): Generator<UsageRecord> {
    for (let index = 0; index < this.#length; index++) yield this.at(index);
  }

  /** The records that have bodies. */
  *withBodies(): Generator<UsageRecord> {
    for (const [index, { bodies }] of this.#rare) if (bodies !== undefined) yield this.at(index);
  }

  /** Forgets all records and keeps the memory. */
  clear(): void {
    this.#length = 0;
    this.#rare.clear();
  }

  #grow(): void {
    const figures = new Float64Array(2 * this.#figures.length);
    figures.set(this.#figures);
    this.#figures = figures;
  }
}
