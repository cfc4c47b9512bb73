import type { Dialect, StreamDecoder, StreamEncoder } from '../../dialects/dialect.ts';
import type { NeutralEvent } from '../../dialects/neutral/response.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { Envelope } from '../../providers/provider.ts';
import { answerHeaders } from '../answer-headers.ts';
import { commitStream } from '../commit.ts';
import { providerError } from '../error-answer.ts';
import type { ResponseHeaders } from '../headers.ts';
import { providerContext, responseContext } from '../response-context.ts';
import type { Attempt, ExchangeState } from '../state.ts';
import { createFrameSource, type FrameSource } from './frames.ts';
import type { Relay, RelayOutcome } from './relay.ts';

const CONTENT_TYPES = {
  sse: 'text/event-stream',
  'aws-event-stream': 'application/vnd.amazon.eventstream',
  'json-lines': 'application/x-ndjson',
} as const;

/** Events that carry nothing a client could have used: an error after only these is still before the commit point. */
function isContent(event: NeutralEvent): boolean {
  return event.type !== 'start' && event.type !== 'usage' && event.type !== 'ping';
}

/** Translates a stream event by event; what one chunk of the provider gives goes out in one write. */
export class TranslatedStreamRelay implements Relay {
  readonly #attempt: Attempt;
  readonly #state: ExchangeState;
  readonly #headers: ResponseHeaders;
  readonly #outcome: RelayOutcome;
  readonly #source: FrameSource;
  readonly #decoder: StreamDecoder;
  readonly #encoder: StreamEncoder;
  readonly #contentType: string;
  readonly #emit = (event: NeutralEvent): void => this.#take(event);
  #text = '';
  #bytes: Uint8Array[] = [];
  /** Whether something was seen that must reach the client. */
  #content = false;
  #over = false;
  /** Whether the provider said that the answer is whole. */
  #ended = false;

  constructor(
    attempt: Attempt,
    head: { dialect: Dialect; envelope: Envelope | undefined; headers: ResponseHeaders },
    outcome: RelayOutcome,
  ) {
    const { state } = attempt;
    const client = state.dialect;
    if (client?.client === undefined || head.dialect.provider === undefined)
      throw new Error('no translation between these dialects');
    this.#attempt = attempt;
    this.#state = state;
    this.#headers = head.headers;
    this.#outcome = outcome;
    this.#contentType = CONTENT_TYPES[client.framing];
    this.#decoder = head.dialect.provider.createStreamDecoder(providerContext(this.#attempt, head.headers));
    this.#encoder = client.client.createStreamEncoder(responseContext(this.#attempt));
    this.#source = createFrameSource(head.dialect, head.envelope, (frame) => {
      if (!this.#over) this.#decoder.push(frame, this.#emit);
    });
  }

  data(chunk: Uint8Array): boolean {
    if (this.#over) return true;
    try {
      this.#source.push(chunk);
    } catch (error) {
      this.#break(GatewayError.from(error));
      return true;
    }
    return this.#over || this.#flush();
  }

  end(): void {
    if (this.#over) return;
    try {
      this.#source.end();
      if (!this.#over) this.#decoder.finish(this.#emit);
    } catch (error) {
      this.#break(GatewayError.from(error));
      return;
    }
    if (this.#over) return;
    this.#flush();
    this.#over = true;
    this.#state.response.end();
    this.#outcome.done();
  }

  fail(error: GatewayError): void {
    if (this.#over) return;
    if (!this.#isWhole()) {
      this.#break(error);
      return;
    }
    // Whatever befalls a connection after the last event is no loss to the client.
    this.#flush();
    this.#over = true;
    this.#state.response.end();
    this.#outcome.done();
  }

  /** Whether the answer was whole when the connection broke; sends what ends it. */
  #isWhole(): boolean {
    if (this.#ended) return true;
    const last: NeutralEvent[] = [];
    this.#decoder.finish((event) => last.push(event));
    if (!last.some((event) => event.type === 'end')) return false;
    for (const event of last) this.#take(event);
    return true;
  }

  #take(event: NeutralEvent): void {
    if (this.#over) return;
    if (event.type === 'usage') this.#attempt.usage = event.usage;
    else if (event.type === 'start') {
      this.#attempt.responseModel = event.model;
      this.#attempt.serviceTier = event.serviceTier;
    } else if (event.type === 'error') {
      const error = providerError(event.error);
      this.#attempt.errorDetail = `${event.error.type}: ${event.error.message}`;
      const sent = this.#state.phase === 'committed';
      if (sent) this.#write(event);
      this.#break(error, sent);
      return;
    }
    if (event.type === 'end') this.#ended = true;
    if (isContent(event)) {
      if (!this.#content) {
        this.#state.firstByteMonotonic = this.#state.runtime.monotonic();
        this.#attempt.usageBeforeContent = this.#attempt.usage;
        this.#content = true;
      }
      this.#attempt.contentEvents++;
      if (event.type === 'text-delta') this.#attempt.contentLength += event.text.length;
    }
    this.#write(event);
  }

  #write(event: NeutralEvent): void {
    const output = this.#encoder.push(event);
    if (typeof output === 'string') this.#text += output;
    else this.#bytes.push(output);
  }

  /** Sends what has come together. Nothing goes out before the first content, so that an attempt may still fail silently. */
  #flush(): boolean {
    const state = this.#state;
    if (!this.#content || (this.#text === '' && this.#bytes.length === 0)) return true;
    if (state.phase !== 'committed') {
      commitStream(
        this.#attempt,
        answerHeaders(this.#attempt, this.#headers, { changed: true, contentType: this.#contentType }),
      );
    }
    let more = true;
    if (this.#text !== '') more = state.response.write(this.#text);
    for (const bytes of this.#bytes) more = state.response.write(bytes);
    this.#text = '';
    if (this.#bytes.length > 0) this.#bytes = [];
    if (!more) state.response.onDrain(() => this.#outcome.resume());
    return more;
  }

  /** Ends with an error: in the stream once something was sent, as a failed attempt before. */
  #break(error: GatewayError, written = false): void {
    const state = this.#state;
    if (this.#over) return;
    if (state.phase !== 'committed') {
      this.#over = true;
      this.#outcome.failed(error);
      this.#outcome.abort();
      return;
    }
    if (!written) {
      this.#write({
        type: 'error',
        error: { status: error.status, type: error.type, message: error.publicMessage, code: error.code },
      });
    }
    this.#flush();
    this.#over = true;
    state.error = error;
    state.response.end();
    this.#outcome.done();
    this.#outcome.abort();
  }
}
