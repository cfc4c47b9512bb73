import type { Framing, StreamObserver } from '../../dialects/dialect.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { createAwsEventStreamFramer } from '../../streams/aws-event-stream.ts';
import { frameOfAwsEventStreamMessage } from '../../streams/aws-event-stream-frame.ts';
import { createJsonLinesFramer } from '../../streams/json-lines-framer.ts';
import { createSseFramer } from '../../streams/sse-framer.ts';
import { answerHeaders } from '../answer-headers.ts';
import { commitStream } from '../commit.ts';
import { inStreamError } from '../error-answer.ts';
import type { ResponseHeaders } from '../headers.ts';
import type { Attempt, ExchangeState } from '../state.ts';
import { EventBuffer, type FrameBuffer } from './event-buffer.ts';
import { LineBuffer } from './line-buffer.ts';
import { MessageBuffer } from './message-buffer.ts';
import type { Relay, RelayOutcome } from './relay.ts';

/** Reads along in a stream that passes through. */
interface FrameReader {
  push(chunk: Uint8Array): void;
  end(): void;
}

type OnFrame = (event: string, data: string) => void;

function createTextReader(framing: Framing, onFrame: OnFrame): FrameReader {
  const framer = framing === 'sse' ? createSseFramer(onFrame) : createJsonLinesFramer((line) => onFrame('', line));
  return {
    // Only ASCII fields are read, and one byte for one character is the cheapest decoding there is.
    push: (chunk) => framer.push((chunk as Buffer).toString('latin1')),
    end: () => framer.end(),
  };
}

function createMessageReader(onFrame: OnFrame): FrameReader {
  return createAwsEventStreamFramer((message) => {
    const { event, data } = frameOfAwsEventStreamMessage(message);
    onFrame(event, data);
  });
}

/** More than a first event: a stream that has not shown one by then is passed on all the same. */
const MAX_HELD = 64 * 1024;
/**
 * Frames that only open an answer are held back no longer than this once others follow: the provider is at work then, and
 * what it sends meanwhile, such as pings, keeps connections open all the way to the client.
 */
const MAX_HOLD_MS = 1000;

/**
 * Passes a stream on as bytes, whole events at a time and one write for what arrived in one turn, and watches it for usage,
 * errors and its end. A provider's error event that comes before anything else counts as a failed attempt.
 */
export class StreamRelay implements Relay {
  readonly #attempt: Attempt;
  readonly #state: ExchangeState;
  readonly #headers: ResponseHeaders;
  readonly #contentType: string | undefined;
  readonly #outcome: RelayOutcome;
  readonly #observer: StreamObserver | undefined;
  readonly #frames: FrameBuffer;
  #reader: FrameReader | undefined;
  /** Whole events that wait for the first one to be judged. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** By the monotonic clock; 0 while nothing is held. */
  #heldSince = 0;
  /** Whether a frame came that a client can use. */
  #seenContent = false;

  /** `contentType` replaces the provider's where the stream was taken out of an envelope. */
  constructor(attempt: Attempt, head: { headers: ResponseHeaders; contentType?: string }, outcome: RelayOutcome) {
    const { state } = attempt;
    this.#attempt = attempt;
    this.#state = state;
    this.#headers = head.headers;
    this.#contentType = head.contentType;
    this.#outcome = outcome;
    const observer = state.dialect?.usage.createStreamObserver();
    this.#observer = observer;
    attempt.observer = observer;
    const framing = state.dialect?.framing ?? 'sse';
    const binary = framing === 'aws-event-stream';
    this.#frames = binary ? new MessageBuffer() : framing === 'sse' ? new EventBuffer() : new LineBuffer();
    if (observer === undefined) return;
    const isPreamble = state.dialect?.usage.isPreamble;
    const onFrame = (event: string, data: string) => {
      if (this.#seenContent) attempt.contentEvents++;
      else if (isPreamble === undefined || !isPreamble(event, data)) {
        this.#seenContent = true;
        attempt.contentEvents++;
        attempt.usageBeforeContent = observer.usage;
      }
      observer.frame(event, data);
    };
    this.#reader = binary ? createMessageReader(onFrame) : createTextReader(framing, onFrame);
  }

  data(chunk: Uint8Array): boolean {
    this.#observe(chunk);
    const whole = this.#frames.push(chunk);
    if (this.#state.phase === 'committed') return whole === undefined || this.#write(whole);
    if (this.#observer?.error !== undefined) {
      this.#outcome.failed(this.#providerError());
      this.#outcome.abort();
      return true;
    }
    if (whole !== undefined) {
      this.#held.push(whole);
      this.#heldBytes += whole.length;
    }
    if (this.#mayHold()) return true;
    return this.#start();
  }

  /** Whether what came so far may wait for the first content. */
  #mayHold(): boolean {
    if (this.#seenContent || this.#reader === undefined || this.#heldBytes >= MAX_HELD) return false;
    const now = this.#state.runtime.monotonic();
    if (this.#heldSince === 0) this.#heldSince = now;
    return now - this.#heldSince < MAX_HOLD_MS;
  }

  end(): void {
    this.#observeEnd();
    const state = this.#state;
    const observer = this.#observer;
    if (state.phase !== 'committed') {
      // A provider that counted tokens has answered, if only with nothing.
      const silent = !this.#seenContent && this.#reader !== undefined && observer?.usage === undefined;
      const empty = observer?.complete !== true || silent;
      if (observer?.error === undefined && empty) {
        this.#outcome.failed(
          new GatewayError('provider_bad_response', 'The provider ended the stream before it sent anything.'),
        );
        return;
      }
      if (observer?.error !== undefined) {
        this.#outcome.failed(this.#providerError());
        return;
      }
      this.#start();
    }
    if (observer?.error !== undefined) state.error = this.#providerError();
    else if (observer !== undefined && !observer.complete) {
      this.#cut(
        new GatewayError('provider_stream_error', 'The provider ended the stream before the answer was whole.'),
      );
      return;
    }
    this.#finish();
  }

  fail(error: GatewayError): void {
    this.#observeEnd();
    if (this.#state.phase !== 'committed') this.#outcome.failed(error);
    // Whatever befalls a connection after its last event is no loss to the client.
    else if (this.#observer?.complete === true) this.#finish();
    else this.#cut(error);
  }

  #start(): boolean {
    const state = this.#state;
    state.firstByteMonotonic = state.runtime.monotonic();
    const body =
      this.#contentType === undefined ? { changed: false } : { changed: true, contentType: this.#contentType };
    commitStream(this.#attempt, answerHeaders(this.#attempt, this.#headers, body));
    let more = true;
    for (const piece of this.#held) more = state.response.write(piece);
    this.#held = [];
    if (!more) state.response.onDrain(() => this.#outcome.resume());
    return more;
  }

  #write(bytes: Uint8Array): boolean {
    const more = this.#state.response.write(bytes);
    if (!more) this.#state.response.onDrain(() => this.#outcome.resume());
    return more;
  }

  /** Ends a whole stream; its last event may lack the blank line. */
  #finish(): void {
    const rest = this.#frames.rest();
    if (rest === undefined) this.#state.response.end();
    else this.#state.response.end(rest);
    this.#outcome.done();
  }

  /** Ends the client's stream with an error event of its dialect; an event that was cut is left out. */
  #cut(error: GatewayError): void {
    const state = this.#state;
    state.error = error;
    state.response.end(inStreamError(state, error));
    this.#outcome.done();
  }

  #providerError(): GatewayError {
    const error = this.#observer?.error;
    this.#attempt.errorDetail = error === undefined ? undefined : `${error.type}: ${error.message}`;
    return new GatewayError('provider_stream_error', error?.message ?? 'The provider ended the stream with an error.');
  }

  #observe(chunk: Uint8Array): void {
    try {
      this.#reader?.push(chunk);
    } catch {
      // A frame that cannot be read: pass it on and stop reading along.
      this.#reader = undefined;
    }
  }

  #observeEnd(): void {
    try {
      this.#reader?.end();
    } catch {
      this.#reader = undefined;
    }
    this.#attempt.usage = this.#observer?.usage;
    this.#attempt.responseModel = this.#observer?.model;
    this.#attempt.units = this.#observer?.units;
    this.#attempt.serviceTier = this.#observer?.serviceTier;
  }
}
