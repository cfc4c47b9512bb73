import type { Dialect, StreamObserver } from '../dialects/dialect.ts';
import type { FamilyDialect } from '../dialects/family-dialects.ts';
import type { NeutralRequest } from '../dialects/neutral/request.ts';
import type { UsedUnits } from '../dialects/neutral/units.ts';
import type { Usage } from '../dialects/neutral/usage.ts';
import type { GatewayError } from '../errors/gateway-error.ts';
import type { Authenticator } from '../filters/auth/authenticator.ts';
import type { Principal } from '../filters/auth/principal.ts';
import type { CompiledLimit } from '../filters/limits/limit.ts';
import type { ScannedObject } from '../json/scan.ts';
import type { JsonObject } from '../json/types.ts';
import type { PickContext } from '../routing/balance/balancer.ts';
import type { LoadTicket } from '../routing/balance/load-stats.ts';
import type { Route, Target } from '../snapshot/snapshot.ts';
import type { LimitState, Reservation } from '../stores/counters/counter-store.ts';
import type { AttemptResult } from '../telemetry/metric-families.ts';
import type { ChosenBinding } from './chosen-binding.ts';
import { readEndUser, toEndUser } from './end-user.ts';
import type { Endpoint } from './endpoints.ts';
import type { BoundCluster, BoundSnapshot, Lane, LiveService, LiveTarget } from './live.ts';
import type { MultipartBody } from './multipart.ts';
import type { ClientRequest, ClientResponse } from './ports.ts';
import { estimatePromptTokens } from './prompt-tokens.ts';
import type { ExchangeRuntime } from './runtime.ts';

/** How the answer reached the client, as far as it did. */
export type ExchangePhase = 'admit' | 'attempt' | 'committed' | 'done';

/** Attempts of one request that compete to answer it. */
export interface Race {
  /** Ends all attempts but this one. */
  won(attempt: Attempt): void;
  /** Ends all of them. */
  abort(): void;
}

/** What a request, or one attempt of it, has reserved. */
export interface HeldLimits {
  readonly limits: readonly CompiledLimit[];
  /** Where each stood then. */
  readonly states: readonly LimitState[];
  readonly reservation: Reservation | undefined;
}

/** Everything known of one request while it lives. Every field is set in the constructor, so that all states share one shape. */
export class ExchangeState {
  readonly runtime: ExchangeRuntime;
  readonly bound: BoundSnapshot;
  readonly request: ClientRequest;
  readonly response: ClientResponse;
  readonly id: string;
  readonly startedAt: number;
  readonly startedMonotonic: number;
  /** Path without query, and the query with its question mark. */
  path = '';
  query = '';
  /** Dialect of the answer's errors; undefined for paths outside every API. */
  errorDialect: Dialect | undefined = undefined;
  endpoint: Endpoint | undefined = undefined;
  dialect: FamilyDialect | undefined = undefined;
  body: Uint8Array | undefined = undefined;
  scanned: ScannedObject | undefined = undefined;
  multipart: MultipartBody | undefined = undefined;
  /** The model of the client's request; undefined when the operation has none. */
  model: string | undefined = undefined;
  /** The model as it stands in the client's JSON: `model` may have lost its cluster prefix. */
  bodyModel: string | undefined = undefined;
  stream = false;
  route: Route | undefined = undefined;
  /** The virtual service with its filters; undefined before it is found. */
  service: LiveService | undefined = undefined;
  /** What found out who sends the request; undefined where the service asks nobody. */
  authenticator: Authenticator | undefined = undefined;
  /** What the request has reserved of its limits. */
  held: HeldLimits | undefined = undefined;
  /** Who sends the request, as authentication found out. */
  principal: Principal | undefined = undefined;
  /** The request in neutral form: made by the first attempt that needs a translation. */
  neutral: NeutralRequest | undefined = undefined;
  /** What the neutral form lost of the request: told of by every attempt that is made from it. */
  neutralWarnings: readonly string[] | undefined = undefined;
  /** The parsed body: made by the first attempt that needs it. */
  json: JsonObject | undefined = undefined;
  attempts = 0;
  /** Attempts that did not answer, in order; undefined while there is none. */
  failedAttempts: Attempt[] | undefined = undefined;
  /** The attempt whose answer the client gets; before the commit point the latest one. */
  attempt: Attempt | undefined = undefined;
  /** Set while several attempts compete. */
  race: Race | undefined = undefined;
  /** Attempts that have competed; undefined while there are none. */
  raced: Attempt[] | undefined = undefined;
  phase: ExchangePhase = 'admit';
  status = 0;
  error: GatewayError | undefined = undefined;
  /** What went wrong inside the gateway or on the way, for the log. */
  errorDetail: string | undefined = undefined;
  firstByteMonotonic = 0;
  /** What is to be told of the request, whoever answers it; `warningsOf` has those of an attempt as well. */
  readonly warnings: string[] = [];
  /** Ends a wait between attempts. */
  cancelWait: (() => void) | undefined = undefined;
  /** Whether a stream is open towards the client. */
  streaming = false;
  clientGone = false;
  settled = false;
  /** What balancers may know of this request; `pickContext` brings it up to date. */
  readonly pick: PickContext = {
    nowMs: 0,
    random: 0,
    promptTokens: 0,
    expectedOutputTokens: 0,
    affinityHash: undefined,
    panic: false,
  };
  #endUser: string | undefined = undefined;
  #endUserRead = false;
  #promptTokens = -1;

  constructor(runtime: ExchangeRuntime, request: ClientRequest, response: ClientResponse) {
    this.runtime = runtime;
    this.bound = runtime.current();
    this.request = request;
    this.response = response;
    this.id = runtime.uuid();
    this.startedAt = runtime.now();
    this.startedMonotonic = runtime.monotonic();
  }
  /** What balancers may know of this request, with the time and a random number of now. */
  pickContext(): PickContext {
    const { runtime, pick } = this;
    pick.nowMs = runtime.monotonic();
    pick.random = runtime.random();
    return pick;
  }

  /** Estimated tokens of the prompt. */
  get promptTokens(): number {
    if (this.#promptTokens === -1) {
      const { body, scanned } = this;
      this.#promptTokens =
        body === undefined || scanned === undefined ? 0 : estimatePromptTokens(body, scanned.longStrings);
    }
    return this.#promptTokens;
  }

  /** The application's own user, as the request names it. */
  get endUser(): string | undefined {
    if (!this.#endUserRead) {
      this.#endUserRead = true;
      const { body, scanned } = this;
      const header = this.authenticator?.endUserHeader;
      if (header !== undefined) this.#endUser = toEndUser(this.request.header(header));
      else if (body !== undefined && scanned !== undefined) this.#endUser = readEndUser(body, scanned);
    }
    return this.#endUser;
  }

  /** Whether the exchange may go on for `ms` more before its time is over. */
  hasTime(ms: number): boolean {
    const requestMs = this.route?.timeouts.requestMs ?? 0;
    return requestMs === 0 || this.runtime.monotonic() + ms < this.startedMonotonic + requestMs;
  }
}

/** One try to have a request answered by a target: what is known of it, apart from any other try of the same request. */
export class Attempt {
  readonly state: ExchangeState;
  readonly target: Target;
  readonly live: LiveTarget;
  readonly cluster: BoundCluster;
  readonly lane: Lane;
  readonly chosen: ChosenBinding;
  /** `address:port` of the provider; empty before the request is built. */
  upstreamHost = '';
  /** Status of the provider's answer; 0 before there is one. */
  upstreamStatus = 0;
  /** By the monotonic clock; 0 before the request is sent. */
  startedMonotonic = 0;
  /** When the first content of the answer came; 0 before. */
  firstContentMonotonic = 0;
  /** Reads along in a stream that passes through. */
  observer: StreamObserver | undefined = undefined;
  usage: Usage | undefined = undefined;
  /** What the provider says was used beside tokens. */
  units: UsedUnits | undefined = undefined;
  /** Names finished work that went on apart from this exchange, whose usage this is. */
  workId: string | undefined = undefined;
  /** The model that the provider says has answered. */
  responseModel: string | undefined = undefined;
  /** What the provider said went wrong, for the log. */
  errorDetail: string | undefined = undefined;
  /** How it ended; undefined while it has not. */
  result: AttemptResult | undefined = undefined;
  /** What was known of usage when the content began: what comes later is the provider's count so far. */
  usageBeforeContent: Usage | undefined = undefined;
  /** Events with content that came, and the length of their text as far as it was read. */
  contentEvents = 0;
  contentLength = 0;
  /** The service tier that the provider says it used. */
  serviceTier: string | undefined = undefined;
  /** What the attempt has reserved of limits that go by the cluster. */
  held: HeldLimits | undefined = undefined;
  /** What this target's API could not express of the request, or the client's of its answer; undefined: nothing was lost. */
  warnings: string[] | undefined = undefined;
  /** Ends the provider request in flight. */
  abort: (() => void) | undefined = undefined;

  /** Whether another attempt answered first: nothing of this one may reach the client. */
  lost = false;
  /** Whether it ended for want of a client that reads, which says nothing about the provider. */
  clientStalled = false;
  /** Until when the provider asked to be left alone, by the monotonic clock; 0: it did not. */
  retryAtMonotonic = 0;
  /** Set while the attempt counts in the health and the figures of its target and lane. */
  begun = false;
  targetTicket = 0;
  laneTicket = 0;
  targetLoad: LoadTicket | undefined = undefined;
  laneLoad: LoadTicket | undefined = undefined;

  constructor(
    state: ExchangeState,
    way: { live: LiveTarget; cluster: BoundCluster; lane: Lane; chosen: ChosenBinding },
  ) {
    this.state = state;
    this.live = way.live;
    this.target = way.live.target;
    this.cluster = way.cluster;
    this.lane = way.lane;
    this.chosen = way.chosen;
  }

  /** Whether the provider has counted since the content began. */
  get usageFinal(): boolean {
    const known = this.usage ?? this.observer?.usage;
    return known !== undefined && known !== this.usageBeforeContent;
  }
}

/** What a client that gets this attempt's answer is told of: what was said of attempts that failed is no concern of its. */
export function warningsOf(state: ExchangeState, attempt: Attempt | undefined): readonly string[] {
  const own = attempt?.warnings;
  return own === undefined ? state.warnings : [...state.warnings, ...own];
}
