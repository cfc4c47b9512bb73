import type { Dialect } from '../../dialects/dialect.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject } from '../../json/types.ts';
import { writeJson } from '../../json/write-json.ts';
import { answerHeaders } from '../answer-headers.ts';
import { commit } from '../commit.ts';
import type { ResponseHeaders } from '../headers.ts';
import { providerContext, responseContext } from '../response-context.ts';
import type { Attempt, ExchangeState } from '../state.ts';
import type { Relay, RelayOutcome } from './relay.ts';

/** Largest answer that is translated: it has to be held and parsed as a whole. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Translates a whole (not streamed) answer. */
export class TranslatedWholeRelay implements Relay {
  readonly #attempt: Attempt;
  readonly #state: ExchangeState;
  readonly #dialect: Dialect;
  readonly #headers: ResponseHeaders;
  readonly #outcome: RelayOutcome;
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  #over = false;

  constructor(attempt: Attempt, head: { dialect: Dialect; headers: ResponseHeaders }, outcome: RelayOutcome) {
    this.#attempt = attempt;
    this.#state = attempt.state;
    this.#dialect = head.dialect;
    this.#headers = head.headers;
    this.#outcome = outcome;
  }

  data(chunk: Uint8Array): boolean {
    if (this.#over) return true;
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > MAX_BYTES) {
      this.#over = true;
      this.#outcome.failed(
        new GatewayError('provider_bad_response', `The provider's answer is larger than ${MAX_BYTES} bytes.`),
      );
      this.#outcome.abort();
    }
    return true;
  }

  end(): void {
    if (this.#over) return;
    let text: string;
    try {
      text = this.#translate();
    } catch (error) {
      this.#outcome.failed(GatewayError.from(error));
      return;
    }
    const body = Buffer.from(text);
    const headers = answerHeaders(this.#attempt, this.#headers, { changed: true, contentType: 'application/json' });
    headers.push('content-length', String(body.length));
    commit(this.#attempt, 200, headers);
    this.#state.response.end(body);
    this.#outcome.done();
  }

  fail(error: GatewayError): void {
    if (!this.#over) this.#outcome.failed(error);
  }

  #translate(): string {
    const state = this.#state;
    let body: unknown;
    try {
      const whole = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held);
      body = JSON.parse(whole.toString('utf8'));
    } catch (error) {
      throw new GatewayError('provider_bad_response', 'The provider answered with a body that is not valid JSON.', {
        cause: error,
      });
    }
    const provider = this.#dialect.provider;
    const client = state.dialect?.client;
    if (provider === undefined || client === undefined) throw new Error('no translation between these dialects');
    if (!isObject(body))
      throw new GatewayError(
        'provider_bad_response',
        'The provider answered with something that is not a JSON object.',
      );
    const answer = provider.decodeResponse(body, providerContext(this.#attempt, this.#headers));
    this.#attempt.usage = answer.usage;
    this.#attempt.responseModel = answer.model;
    this.#attempt.serviceTier = answer.serviceTier;
    return writeJson(client.encodeResponse(answer, responseContext(this.#attempt)));
  }
}
