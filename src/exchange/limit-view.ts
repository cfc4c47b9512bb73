import type { CounterNames } from '../filters/limits/counter-names.ts';
import type { LimitView } from '../filters/limits/limit.ts';
import type { JsonObject } from '../json/types.ts';
import type { Target } from '../snapshot/snapshot.ts';
import { targetModel } from './provider-request.ts';
import type { ExchangeState } from './state.ts';

/** What an exchange shows to limits. */
export class ExchangeLimitView implements LimitView {
  readonly #state: ExchangeState;
  readonly cluster: string;
  readonly sentModel: string | undefined;

  /** `target` is the attempt's; undefined before one is chosen. */
  constructor(state: ExchangeState, target: Target | undefined) {
    this.#state = state;
    this.cluster = target?.cluster.name ?? '';
    this.sentModel = target === undefined ? undefined : targetModel(state, target);
  }

  get organization(): string | undefined {
    return this.#state.principal?.organization;
  }

  get team(): string | undefined {
    return this.#state.principal?.team;
  }

  get user(): string | undefined {
    return this.#state.principal?.user;
  }

  get key(): string | undefined {
    return this.#state.principal?.key?.id;
  }

  get keyName(): string | undefined {
    return this.#state.principal?.key?.name;
  }

  get counterNames(): CounterNames | undefined {
    return this.#state.principal?.counterNames;
  }

  get endUser(): string | undefined {
    return this.#state.endUser;
  }

  get claims(): JsonObject | undefined {
    return this.#state.principal?.claims;
  }

  get model(): string | undefined {
    return this.#state.model;
  }

  get operation(): string {
    return this.#state.endpoint?.operation ?? '';
  }

  get method(): string {
    return this.#state.request.method;
  }

  get path(): string {
    return this.#state.path;
  }

  get service(): string {
    return this.#state.route?.service ?? '';
  }

  get route(): string {
    return this.#state.route?.name ?? '';
  }

  get ip(): string {
    return this.#state.request.remoteAddress;
  }

  header(name: string): string | undefined {
    return this.#state.request.header(name);
  }
}
