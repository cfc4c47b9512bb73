import type { Dialect } from '../dialects/dialect.ts';
import type { FamilyDialect } from '../dialects/family-dialects.ts';
import type { NeutralRequest } from '../dialects/neutral/request.ts';
import type { GatewayError } from '../errors/gateway-error.ts';
import type { ScannedObject } from '../json/scan.ts';
import type { JsonObject } from '../json/types.ts';
import type { Route } from '../snapshot/snapshot.ts';
import type { Attempt } from './attempt.ts';
import type { Endpoint } from './endpoints.ts';
import type { MultipartBody } from './multipart.ts';
import type { ClientRequest, ClientResponse } from './ports.ts';
import type { BoundSnapshot, ExchangeRuntime } from './runtime.ts';

/** How the answer reached the client, as far as it did. */
export type ExchangePhase = 'admit' | 'attempt' | 'committed' | 'done';

/** Attempts of one request that compete to answer it. */
export interface Race {
  /** Ends all attempts but this one. */
  won(attempt: Attempt): void;
  /** Ends all of them. */
  abort(): void;
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
  /** The request in neutral form: made by the first attempt that needs a translation. */
  neutral: NeutralRequest | undefined = undefined;
  /** The parsed body: made by the first attempt that needs it. */
  json: JsonObject | undefined = undefined;
  attempts = 0;
  /** The attempt whose answer the client gets; before the commit point the latest one. */
  attempt: Attempt | undefined = undefined;
  /** Set while several attempts compete. */
  race: Race | undefined = undefined;
  phase: ExchangePhase = 'admit';
  status = 0;
  error: GatewayError | undefined = undefined;
  /** What went wrong inside the gateway or on the way, for the log. */
  errorDetail: string | undefined = undefined;
  firstByteMonotonic = 0;
  readonly warnings: string[] = [];
  /** Ends a wait between attempts. */
  cancelWait: (() => void) | undefined = undefined;
  /** Whether a stream is open towards the client. */
  streaming = false;
  clientGone = false;
  settled = false;

  constructor(runtime: ExchangeRuntime, request: ClientRequest, response: ClientResponse) {
    this.runtime = runtime;
    this.bound = runtime.current();
    this.request = request;
    this.response = response;
    this.id = runtime.uuid();
    this.startedAt = runtime.now();
    this.startedMonotonic = runtime.monotonic();
  }
}
