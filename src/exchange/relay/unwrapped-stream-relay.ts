import type { Dialect } from '../../dialects/dialect.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { Envelope } from '../../providers/provider.ts';
import { createFrameSource, type FrameSource } from './frames.ts';
import type { Relay } from './relay.ts';

/** Takes a stream out of its envelope: frames of the provider become server-sent events of the client's own dialect. */
export class UnwrappedStreamRelay implements Relay {
  readonly #inner: Relay;
  readonly #source: FrameSource;
  #text = '';
  #over = false;

  constructor(inner: Relay, dialect: Dialect, envelope: Envelope) {
    this.#inner = inner;
    this.#source = createFrameSource(dialect, envelope, (frame) => {
      this.#text += frame.event === '' ? `data: ${frame.data}\n\n` : `event: ${frame.event}\ndata: ${frame.data}\n\n`;
    });
  }

  data(chunk: Uint8Array): boolean {
    if (this.#over) return true;
    try {
      this.#source.push(chunk);
    } catch (error) {
      this.#over = true;
      this.#inner.fail(GatewayError.from(error));
      return true;
    }
    return this.#flush();
  }

  end(): void {
    if (this.#over) return;
    try {
      this.#source.end();
    } catch (error) {
      this.#flush();
      this.#inner.fail(GatewayError.from(error));
      return;
    }
    this.#flush();
    this.#inner.end();
  }

  fail(error: GatewayError): void {
    if (!this.#over) this.#inner.fail(error);
  }

  #flush(): boolean {
    if (this.#text === '') return true;
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    return this.#inner.data(bytes);
  }
}
