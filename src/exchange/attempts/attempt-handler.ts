import { GatewayError } from '../../errors/gateway-error.ts';
import { canDecompress, decompressInto } from '../decompress.ts';
import { ResponseHeaders } from '../headers.ts';
import type { UpstreamFailure, UpstreamHandler } from '../ports.ts';
import type { Relay, RelayOutcome } from '../relay/relay.ts';
import { StreamRelay } from '../relay/stream-relay.ts';
import { TranslatedStreamRelay } from '../relay/translated-stream-relay.ts';
import { TranslatedWholeRelay } from '../relay/translated-whole-relay.ts';
import { UnwrappedStreamRelay } from '../relay/unwrapped-stream-relay.ts';
import { WholeRelay } from '../relay/whole-relay.ts';
import type { Attempt, ExchangeState } from '../state.ts';
import type { Watched } from '../watchdog.ts';
import { type AttemptOutcome, type AttemptSink, failureError } from './attempt-outcome.ts';
import { readRefusal } from './read-refusal.ts';

const NO_TIMEOUTS = { requestMs: 0, headMs: 0, firstTokenMs: 0, idleMs: 0 };

/** A bound in milliseconds, where 0 is none. */
function bound(ms: number): number {
  return ms > 0 ? ms : Number.POSITIVE_INFINITY;
}

/** Largest error body read from a provider. */
const MAX_ERROR_BODY = 256 * 1024;

/** Media types of streams. Types are compared without regard to case (RFC 9110 §8.3.1). */
const EVENT_STREAM = /^\s*(?:text\/event-stream|application\/(?:vnd\.amazon\.eventstream|x-ndjson))\s*(?:;|$)/i;

/**
 * Takes one provider answer, within the route's time bounds, and hands it to the relay that fits. The relay tells it how the
 * answer ended: what several objects could do is one, because there is one for each request.
 */
export class AttemptHandler implements UpstreamHandler, RelayOutcome, Watched {
  deadline: number;
  watchIndex = -1;
  readonly #idleMs: number;
  /** When the whole exchange must be over. */
  readonly #lastMoment: number;
  /** When this attempt must have reached the client, so that another may still be made. */
  readonly #lastTry: number;
  readonly #attempt: Attempt;
  readonly #state: ExchangeState;
  readonly #sink: AttemptSink;
  #over = false;
  /** Whether the provider was stopped because the client reads too slowly. */
  #stalled = false;
  #abort: (() => void) | undefined = undefined;
  #resume: (() => void) | undefined = undefined;
  #relay: Relay | undefined = undefined;
  #inflating: (() => void) | undefined = undefined;
  #status = 0;
  #headers: ResponseHeaders | undefined = undefined;

  constructor(attempt: Attempt, sink: AttemptSink) {
    const { state } = attempt;
    this.#attempt = attempt;
    this.#state = state;
    this.#sink = sink;
    const { requestMs, headMs, firstTokenMs, idleMs } = state.route?.timeouts ?? NO_TIMEOUTS;
    const perTryMs = state.route?.retry.perTryTimeoutMs ?? 0;
    const now = attempt.startedMonotonic;
    this.#idleMs = idleMs;
    this.#lastMoment = requestMs > 0 ? state.startedMonotonic + requestMs : Number.POSITIVE_INFINITY;
    this.#lastTry = Math.min(this.#lastMoment, now + bound(perTryMs));
    this.deadline = Math.min(this.#lastTry, now + bound(state.stream ? firstTokenMs : headMs));
    state.runtime.watchdog.watch(this);
  }

  expire(): void {
    const answering = this.#relay !== undefined;
    this.#attempt.clientStalled = this.#stalled;
    const error = answering
      ? new GatewayError('provider_timeout', 'The provider stopped sending before the answer was whole.')
      : new GatewayError('provider_timeout', 'The provider did not answer in time.');
    if (this.#state.phase === 'committed') this.#relay?.fail(error);
    else this.#end({ kind: 'failed', error, failure: answering ? 'timeout-idle' : 'timeout-head' });
    this.#abort?.();
  }

  onStart(abort: () => void): void {
    this.#abort = abort;
    this.#attempt.abort = abort;
    if (this.#state.clientGone || this.#over || this.#attempt.lost) abort();
  }

  onHead(status: number, rawHeaders: readonly string[], resume: () => void): void {
    // Interim answers (103 Early Hints) precede the real head.
    if (status < 200) return;
    this.#status = status;
    this.#attempt.upstreamStatus = status;
    this.#resume = resume;
    this.#extend();
    const headers = new ResponseHeaders(rawHeaders);
    this.#headers = headers;
    if (status < 200 || status > 299) {
      this.#decode(headers, this.#errorSink(headers));
      return;
    }
    this.#decode(headers, this.#createRelay(status, headers));
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#isDead() || this.#relay === undefined || this.#relay.data(chunk)) {
      this.#extend();
      return true;
    }
    this.#stalled = true;
    this.deadline = this.#lastMoment;
    return false;
  }

  onEnd(): void {
    if (!this.#isDead()) this.#relay?.end();
  }

  onError(failure: UpstreamFailure): void {
    if (this.#over) return;
    const error = failureError(failure);
    if (this.#attempt.lost) {
      this.#end({ kind: 'failed', error, failure: 'aborted' });
      return;
    }
    // Of a refusal the status says enough, whatever became of its body.
    if (this.#relay !== undefined && (this.#state.phase === 'committed' || this.#status > 299)) this.#relay.fail(error);
    else this.#end({ kind: 'failed', error, failure: failure.kind });
  }

  done(): void {
    this.#end({ kind: 'done', headers: this.#headers });
  }

  failed(error: GatewayError): void {
    this.#end({ kind: 'failed', error, failure: 'answer' });
  }

  resume(): void {
    this.#stalled = false;
    this.#extend();
    (this.#inflating ?? this.#resume)?.();
  }

  abort(): void {
    this.#abort?.();
  }

  /** Whether what comes is nobody's any more: a decompressor, or the connection itself, may bring more after the end. */
  #isDead(): boolean {
    return this.#over || this.#attempt.lost;
  }

  /**
   * Moves the deadline on: the provider is sending. A client that reads slowly stops it, which is not its fault. What comes
   * of a stream before its first content moves nothing: signs of life are not what the client waits for.
   */
  #extend(): void {
    const committed = this.#state.phase === 'committed';
    if (this.#state.stream && !committed) return;
    const last = committed ? this.#lastMoment : this.#lastTry;
    this.deadline = Math.min(last, this.#state.runtime.monotonic() + bound(this.#idleMs));
  }

  /** Puts a decompressor before the relay where the provider compressed the body. */
  #decode(headers: ResponseHeaders, relay: Relay): void {
    const encoding = headers.get('content-encoding');
    if (encoding === undefined || encoding === '' || encoding === 'identity') {
      this.#relay = relay;
      return;
    }
    if (!canDecompress(encoding)) {
      const name = encoding.slice(0, 50);
      const error = new GatewayError(
        'provider_bad_response',
        `The provider answered with the content-encoding "${name}", which was not asked for.`,
      );
      this.#end({ kind: 'failed', error, failure: 'answer' });
      this.#abort?.();
      return;
    }
    const living: Relay = {
      data: (chunk) => this.#isDead() || relay.data(chunk),
      end: () => {
        if (!this.#isDead()) relay.end();
      },
      fail: (error) => {
        if (!this.#isDead()) relay.fail(error);
      },
    };
    const inflating = decompressInto(encoding, living, () => this.#resume?.());
    this.#inflating = () => inflating.resumed();
    this.#relay = inflating;
    headers.drop('content-encoding');
    headers.drop('content-length');
  }

  #createRelay(status: number, headers: ResponseHeaders): Relay {
    const attempt = this.#attempt;
    const { dialect, sameDialect } = attempt.chosen;
    const { envelope } = attempt.chosen.binding;
    const type = headers.get('content-type');
    const streamed = type !== undefined && type !== 'application/json' && EVENT_STREAM.test(type);
    if (!sameDialect) {
      return streamed
        ? new TranslatedStreamRelay(attempt, { dialect, envelope, headers }, this)
        : new TranslatedWholeRelay(attempt, { dialect, headers }, this);
    }
    if (!streamed) return new WholeRelay(attempt, { status, headers }, this);
    return envelope === 'bedrock-invoke'
      ? new UnwrappedStreamRelay(
          new StreamRelay(attempt, { headers, contentType: 'text/event-stream' }, this),
          dialect,
          envelope,
        )
      : new StreamRelay(attempt, { headers }, this);
  }

  /** Collects an error body; what is over the bound is dropped. */
  #errorSink(headers: ResponseHeaders): Relay {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    const refuse = () => this.#refuse(headers, Buffer.concat(pieces));
    return {
      data: (chunk) => {
        if (bytes < MAX_ERROR_BODY) pieces.push(chunk);
        bytes += chunk.length;
        if (bytes >= MAX_ERROR_BODY * 16) this.#abort?.();
        return true;
      },
      end: refuse,
      fail: refuse,
    };
  }

  #refuse(headers: ResponseHeaders, body: Uint8Array): void {
    this.#end({ kind: 'refused', refusal: readRefusal(this.#attempt, { status: this.#status, headers, body }) });
  }

  #end(outcome: AttemptOutcome): void {
    if (this.#over) return;
    this.#over = true;
    this.#state.runtime.watchdog.unwatch(this);
    this.#attempt.abort = undefined;
    this.#sink.ended(outcome);
  }
}
