import type { DialectFamily } from '../../dialects/dialect.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { scanObject } from '../../json/scan.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import { answerHeaders } from '../answer-headers.ts';
import { commit } from '../commit.ts';
import { FieldCapture } from '../field-capture.ts';
import type { ResponseHeaders } from '../headers.ts';
import type { Attempt, ExchangeState } from '../state.ts';
import type { Relay, RelayOutcome } from './relay.ts';

/** Answers up to this size are held until they are whole, so that a broken one never reaches the client. */
const HOLD_BYTES = 1024 * 1024;

/** Answers up to this size are parsed: only in larger ones is it cheaper to find the few fields that are read. */
const PARSED_BYTES = 4096;

/** What may answer with sounds, texts or files; the other APIs answer with JSON or not at all. */
const MEDIA_FAMILIES: ReadonlySet<DialectFamily> = new Set(['speech', 'transcription', 'files']);

/** Passes a whole (not streamed) answer on as bytes and reads usage on the way. */
export class WholeRelay implements Relay {
  readonly #attempt: Attempt;
  readonly #state: ExchangeState;
  readonly #status: number;
  readonly #headers: ResponseHeaders;
  readonly #outcome: RelayOutcome;
  readonly #isJson: boolean;
  readonly #fields: readonly string[];
  /** The beginning of the body, which most often is all of it, and what came after it. */
  #first: Uint8Array | undefined = undefined;
  #rest: Uint8Array[] | undefined = undefined;
  #heldBytes = 0;
  #capture: FieldCapture | undefined = undefined;

  constructor(attempt: Attempt, head: { status: number; headers: ResponseHeaders }, outcome: RelayOutcome) {
    const { state } = attempt;
    this.#attempt = attempt;
    this.#state = state;
    this.#status = head.status;
    this.#headers = head.headers;
    this.#outcome = outcome;
    const type = head.headers.get('content-type') ?? '';
    this.#isJson = type.includes('json') || !MEDIA_FAMILIES.has(state.dialect?.family ?? 'files');
    this.#fields = state.dialect?.usage.fields ?? [];
    // Sounds and files cannot be checked and may be large: they go through as they come.
    if (!this.#isJson) this.#start();
  }

  data(chunk: Uint8Array): boolean {
    if (this.#state.phase === 'committed') {
      this.#capture?.push(chunk);
      return this.#write(chunk);
    }
    this.#hold(chunk);
    if (this.#heldBytes <= HOLD_BYTES) return true;
    this.#start();
    this.#capture = new FieldCapture(this.#fields);
    let more = true;
    for (const piece of this.#takeHeld()) {
      this.#capture.push(piece);
      more = this.#state.response.write(piece);
    }
    if (!more) this.#state.response.onDrain(() => this.#outcome.resume());
    return more;
  }

  end(): void {
    const state = this.#state;
    if (state.phase === 'committed') {
      this.#observe(this.#capture?.values() ?? {});
      state.response.end();
      this.#outcome.done();
      return;
    }
    const held = this.#takeHeld();
    const body = held.length === 1 ? (held[0] as Uint8Array) : Buffer.concat(held);
    if (!this.#check(body)) {
      this.#outcome.failed(
        new GatewayError('provider_bad_response', 'The provider answered with a body that is not valid JSON.'),
      );
      return;
    }
    const headers = answerHeaders(this.#attempt, this.#headers, { changed: false });
    headers.push('content-length', String(body.length));
    commit(this.#attempt, this.#status, headers);
    state.response.end(body);
    this.#outcome.done();
  }

  fail(error: GatewayError): void {
    if (this.#state.phase !== 'committed') {
      this.#outcome.failed(error);
      return;
    }
    // The client has seen a 200 and part of the body: only a cut connection tells it that the rest is missing.
    this.#state.error = error;
    this.#state.response.destroy();
    this.#outcome.done();
  }

  #start(): void {
    const headers = answerHeaders(this.#attempt, this.#headers, { changed: false });
    const length = this.#headers.get('content-length');
    if (length !== undefined && this.#headers.get('content-encoding') === undefined)
      headers.push('content-length', length);
    commit(this.#attempt, this.#status, headers);
  }

  #hold(chunk: Uint8Array): void {
    this.#heldBytes += chunk.length;
    if (this.#first === undefined) this.#first = chunk;
    else if (this.#rest === undefined) this.#rest = [chunk];
    else this.#rest.push(chunk);
  }

  #takeHeld(): Uint8Array[] {
    if (this.#first === undefined) return [];
    const held = this.#rest === undefined ? [this.#first] : [this.#first, ...this.#rest];
    this.#first = undefined;
    this.#rest = undefined;
    return held;
  }

  #write(chunk: Uint8Array): boolean {
    const more = this.#state.response.write(chunk);
    if (!more) this.#state.response.onDrain(() => this.#outcome.resume());
    return more;
  }

  /** Whether the body is a JSON object; an array or scalar is let through where the API may answer one. */
  #check(body: Uint8Array): boolean {
    if (body.length <= PARSED_BYTES) return this.#checkParsed(body);
    try {
      const scanned = scanObject(body, this.#fields);
      const values: JsonObject = {};
      for (const name of this.#fields) {
        const span = scanned.fields[name];
        if (span === undefined) continue;
        values[name] = JSON.parse((body as Buffer).toString('utf8', span.start, span.end));
      }
      this.#observe(values);
      return true;
    } catch {
      try {
        JSON.parse((body as Buffer).toString('utf8'));
        return true;
      } catch {
        return false;
      }
    }
  }

  #checkParsed(body: Uint8Array): boolean {
    let value: unknown;
    try {
      value = JSON.parse((body as Buffer).toString('utf8'));
    } catch {
      return false;
    }
    if (isObject(value)) this.#observe(value);
    return true;
  }

  #observe(values: JsonObject): void {
    const answer = this.#state.dialect?.usage.read(values, (name) => this.#headers.get(name));
    this.#attempt.usage = answer?.usage;
    this.#attempt.responseModel = answer?.model;
    this.#attempt.units = answer?.units;
    this.#attempt.serviceTier = answer?.serviceTier;
    this.#attempt.workId = answer?.workId;
  }
}
