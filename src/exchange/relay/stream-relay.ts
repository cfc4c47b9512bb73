import type { StreamObserver } from '../../dialects/dialect.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { createSseFramer, type TextFramer } from '../../streams/sse-framer.ts';
import { answerHeaders } from '../answer-headers.ts';
import { commitStream } from '../commit.ts';
import { inStreamError } from '../error-answer.ts';
import type { ResponseHeaders } from '../headers.ts';
import type { ExchangeState } from '../state.ts';
import type { Relay, RelayOutcome } from './relay.ts';

/**
 * Passes a stream on as bytes, one write for what arrived in one turn, and watches it for usage, errors and its end. A
 * provider's error event that comes before anything else counts as a failed attempt.
 */
export class StreamRelay implements Relay {
  readonly #state: ExchangeState;
  readonly #headers: ResponseHeaders;
  readonly #outcome: RelayOutcome;
  readonly #observer: StreamObserver | undefined;
  #framer: TextFramer | undefined;

  constructor(state: ExchangeState, headers: ResponseHeaders, outcome: RelayOutcome) {
    this.#state = state;
    this.#headers = headers;
    this.#outcome = outcome;
    const observer = state.dialect?.usage.createStreamObserver();
    this.#observer = observer;
    state.observer = observer;
    this.#framer = observer === undefined ? undefined : createSseFramer((event, data) => observer.frame(event, data));
  }

  data(chunk: Uint8Array): boolean {
    // Only ASCII fields are read, and one byte for one character is the cheapest decoding there is.
    this.#observe((chunk as Buffer).toString('latin1'));
    const state = this.#state;
    if (state.phase !== 'committed') {
      if (this.#observer?.error !== undefined) {
        this.#outcome.abort();
        this.#outcome.failed(this.#providerError());
        return true;
      }
      state.firstByteMonotonic = state.runtime.monotonic();
      commitStream(state, answerHeaders(state, this.#headers, { changed: false }));
    }
    const more = state.response.write(chunk);
    if (!more) state.response.onDrain(() => this.#outcome.resume());
    return more;
  }

  end(): void {
    this.#observeEnd();
    const state = this.#state;
    if (state.phase !== 'committed') {
      this.#outcome.failed(
        new GatewayError('provider_bad_response', 'The provider ended the stream before it sent anything.'),
      );
      return;
    }
    const observer = this.#observer;
    if (observer?.error !== undefined) {
      state.error = this.#providerError();
      state.response.end();
    } else if (observer !== undefined && !observer.complete) {
      this.#cut(
        new GatewayError('provider_stream_error', 'The provider ended the stream before the answer was whole.'),
      );
      return;
    } else {
      state.response.end();
    }
    this.#outcome.done();
  }

  fail(error: GatewayError): void {
    this.#observeEnd();
    if (this.#state.phase !== 'committed') this.#outcome.failed(error);
    // Whatever befalls a connection after its last event is no loss to the client.
    else if (this.#observer?.complete === true) {
      this.#state.response.end();
      this.#outcome.done();
    } else this.#cut(error);
  }

  /** Ends the client's stream with an error event of its dialect. */
  #cut(error: GatewayError): void {
    const state = this.#state;
    state.error = error;
    state.response.end(inStreamError(state, error));
    this.#outcome.done();
  }

  #providerError(): GatewayError {
    const error = this.#observer?.error;
    this.#state.errorDetail = error === undefined ? undefined : `${error.type}: ${error.message}`;
    return new GatewayError('provider_stream_error', error?.message ?? 'The provider ended the stream with an error.');
  }

  #observe(text: string): void {
    try {
      this.#framer?.push(text);
    } catch {
      // An event larger than the framer holds: pass it on and stop reading along.
      this.#framer = undefined;
    }
  }

  #observeEnd(): void {
    try {
      this.#framer?.end();
    } catch {
      this.#framer = undefined;
    }
    this.#state.usage = this.#observer?.usage;
    this.#state.responseModel = this.#observer?.model;
  }
}
