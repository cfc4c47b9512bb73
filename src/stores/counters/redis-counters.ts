import { randomBytes } from 'node:crypto';
import { capacityOf, limitState, rateOf, wholeAmount, windowOf } from './counter.ts';
import type { CounterLimit, CounterStore, LimitState, Reservation, ReserveResult } from './counter-store.ts';
import { openRedis, type RedisLink, type RedisOptions, RedisUnsentError } from './redis-client.ts';
import { redisScripts } from './redis-scripts.ts';
import { SettlementQueue } from './settlement-queue.ts';

/** How counters are kept in Redis. */
export interface RedisCountersOptions extends RedisOptions {
  /** What all keys begin with. Default `aigw:`. */
  prefix?: string;
  /**
   * The part of each key that Redis Cluster hashes. All counters of a call have to lie in one slot, and a request's
   * counters (organization, team, user, key, model) share nothing else, so the default is one tag for the whole
   * gateway: `counters`. Gateways that share no counters take different tags and thereby different nodes.
   */
  hashTag?: string;
  /** Whose time counts. `server` (default): Redis's, so that replicas with skewed clocks agree. `caller`: the `nowMs` of the calls. */
  clock?: 'server' | 'caller';
  /** Settlements kept while Redis is away. Default 20,000. */
  maxQueued?: number;
  /** How long `close` waits for settlements to be answered. Default 2000. */
  closeMs?: number;
}

/** Figures for metrics. */
export interface RedisCountersStats {
  readonly ready: boolean;
  /** Commands that wait for an answer. */
  readonly pending: number;
  /** Settlements that wait for Redis. */
  readonly queued: number;
  /** Settlements that were given up; each leaves its reserved amount until it expires. */
  readonly lost: number;
}

const KIND_LETTER = { window: 'w', bucket: 'b', period: 'p', concurrency: 'c' } as const;

class RedisReservation implements Reservation {
  readonly limits: readonly CounterLimit[];
  readonly id: string;
  readonly ttlMs: number;
  readonly body: string;
  readonly keys: readonly string[];
  done: boolean;

  constructor(
    limits: readonly CounterLimit[],
    parts: { id: string; ttlMs: number; body: string; keys: readonly string[] },
  ) {
    this.limits = limits;
    this.id = parts.id;
    this.ttlMs = parts.ttlMs;
    this.body = parts.body;
    this.keys = parts.keys;
    this.done = false;
  }
}

/**
 * A CounterStore in Redis, shared by all who use the same server, prefix and hash tag. One script call for each
 * reservation and one for its end; ends are sent without waiting, and repeated until Redis has taken them. `reserve`,
 * `peek` and `reset` reject when Redis does not answer, but have no deadline: GuardedCounters adds one.
 */
export class RedisCounters implements CounterStore {
  readonly #link: RedisLink;
  readonly #scripts = redisScripts();
  readonly #queue: SettlementQueue;
  readonly #prefix: string;
  readonly #reservations: string;
  readonly #callerClock: boolean;
  readonly #closeMs: number;
  /** Makes ids of several processes differ. */
  readonly #instance = randomBytes(9).toString('base64url');
  #sequence = 0;

  constructor(options: RedisCountersOptions) {
    this.#prefix = `${options.prefix ?? 'aigw:'}{${options.hashTag ?? 'counters'}}:`;
    this.#reservations = `${this.#prefix}reservations`;
    const { reserve, finish } = this.#scripts;
    this.#link = openRedis(options, { scripts: [reserve, finish], key: this.#reservations });
    this.#callerClock = options.clock === 'caller';
    this.#closeMs = options.closeMs ?? 2000;
    this.#queue = new SettlementQueue({
      link: this.#link,
      script: this.#scripts.finish,
      ...(options.maxQueued === undefined ? {} : { maxQueued: options.maxQueued }),
    });
  }

  /** Figures for metrics. */
  stats(): RedisCountersStats {
    return {
      ready: this.#link.ready,
      pending: this.#link.pending,
      queued: this.#queue.queued,
      lost: this.#queue.lost,
    };
  }

  async reserve(limits: readonly CounterLimit[], nowMs: number, ttlMs: number): Promise<ReserveResult> {
    const id = this.#nextId();
    const ttl = Math.max(1, Math.ceil(ttlMs));
    const counters = limits.map((limit) => this.#counterKey(limit));
    const body = JSON.stringify([
      id,
      ttl,
      ...limits.map((limit, index) => [
        counters[index],
        KIND_LETTER[limit.kind],
        windowOf(limit),
        wholeAmount(limit.amount),
      ]),
    ]);
    const keys = [this.#reservations, ...counters];
    let reply: readonly number[];
    try {
      reply = await this.#look(limits, keys, [this.#time(nowMs), String(ttl), body]);
    } catch (error) {
      // It may have been carried out all the same: then nobody would settle it.
      if (!(error instanceof RedisUnsentError))
        this.#release(new RedisReservation(limits, { id, ttlMs: ttl, body, keys }), nowMs);
      throw error;
    }
    const deniedIndex = reply[0] ?? 0;
    const allowed = deniedIndex === -1;
    return {
      allowed,
      deniedIndex,
      states: toStates(limits, reply),
      reservation: allowed ? new RedisReservation(limits, { id, ttlMs: ttl, body, keys }) : undefined,
      degraded: false,
    };
  }

  settle(reservation: Reservation, amounts: readonly number[], nowMs: number): void {
    const own = ownReservation(reservation);
    if (own.done) return;
    own.done = true;
    const args = [this.#time(nowMs), String(own.ttlMs), own.body, own.id, 'settle'];
    for (let index = 0; index < own.limits.length; index++) {
      const limit = own.limits[index] as CounterLimit;
      const reserved = wholeAmount(limit.amount);
      const given = amounts[index];
      pushCounter(args, limit);
      args.push(String(reserved), String(given === undefined ? reserved : wholeAmount(given)));
    }
    this.#queue.add({ keys: own.keys, args });
  }

  release(reservation: Reservation, nowMs: number): void {
    const own = ownReservation(reservation);
    if (own.done) return;
    own.done = true;
    this.#release(own, nowMs);
  }

  charge(limits: readonly CounterLimit[], amounts: readonly number[], nowMs: number): void {
    const keys = [this.#reservations];
    const args = [this.#time(nowMs), '0', '', this.#nextId(), 'settle'];
    for (let index = 0; index < limits.length; index++) {
      const limit = limits[index] as CounterLimit;
      const amount = amounts[index] ?? 0;
      keys.push(this.#counterKey(limit));
      pushCounter(args, limit);
      args.push('0', String(amount < 0 ? -wholeAmount(-amount) : wholeAmount(amount)));
    }
    this.#queue.add({ keys, args });
  }

  async peek(limits: readonly CounterLimit[], nowMs: number): Promise<readonly LimitState[]> {
    const keys = [this.#reservations, ...limits.map((limit) => this.#counterKey(limit))];
    return toStates(limits, await this.#look(limits, keys, [this.#time(nowMs), '0', '']));
  }

  async reset(limit: CounterLimit): Promise<void> {
    await this.#link.remove(this.#counterKey(limit));
  }

  /** Resolves when all settlements have been answered, or after the limit. */
  idle(limitMs: number): Promise<void> {
    return this.#queue.idle(limitMs);
  }

  async close(): Promise<void> {
    await this.#queue.idle(this.#closeMs);
    this.#queue.close();
    this.#link.close();
  }

  async #look(limits: readonly CounterLimit[], keys: readonly string[], args: string[]): Promise<readonly number[]> {
    for (const limit of limits) {
      pushCounter(args, limit);
      args.push(String(wholeAmount(limit.amount)), limit.enforce ? '1' : '0');
    }
    const reply = await this.#link.run(this.#scripts.reserve, keys, args);
    if (!isNumbers(reply)) throw new Error('Redis answered the counter script with something else');
    return reply;
  }

  #release(own: RedisReservation, nowMs: number): void {
    const args = [this.#time(nowMs), String(own.ttlMs), own.body, own.id, 'release'];
    for (const limit of own.limits) {
      pushCounter(args, limit);
      args.push(String(wholeAmount(limit.amount)), '0');
    }
    this.#queue.add({ keys: own.keys, args });
  }

  #nextId(): string {
    return `${this.#instance}${(this.#sequence++).toString(36)}`;
  }

  #time(nowMs: number): string {
    return this.#callerClock ? String(nowMs) : '0';
  }

  /** Kinds and windows that differ count apart; each period has a key of its own, so that a skewed clock cannot begin it anew. */
  #counterKey(limit: CounterLimit): string {
    switch (limit.kind) {
      case 'window':
        return `${this.#prefix}w${windowOf(limit)}:${limit.key}`;
      case 'bucket':
        return `${this.#prefix}b:${limit.key}`;
      case 'period':
        return `${this.#prefix}p${limit.periodStartMs ?? 0}:${limit.key}`;
      case 'concurrency':
        return `${this.#prefix}c:${limit.key}`;
      default:
        return limit.kind satisfies never;
    }
  }
}

function pushCounter(args: string[], limit: CounterLimit): void {
  args.push(
    KIND_LETTER[limit.kind],
    String(windowOf(limit)),
    String(capacityOf(limit)),
    String(rateOf(limit)),
    String(limit.periodEndMs ?? 0),
  );
}

function isNumbers(reply: unknown): reply is readonly number[] {
  return Array.isArray(reply) && reply.every((item) => typeof item === 'number');
}

function toStates(limits: readonly CounterLimit[], reply: readonly number[]): LimitState[] {
  return limits.map((limit, index) => {
    const at = 1 + index * 4;
    return limitState(limit, reply[at] ?? 0, {
      resetMs: reply[at + 1] ?? 0,
      retryAfterMs: reply[at + 2] ?? 0,
      exceeded: reply[at + 3] === 1,
    });
  });
}

function ownReservation(reservation: Reservation): RedisReservation {
  if (reservation instanceof RedisReservation) return reservation;
  throw new TypeError('this reservation was given by another store');
}
