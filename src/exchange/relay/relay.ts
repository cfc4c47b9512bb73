import type { GatewayError } from '../../errors/gateway-error.ts';

/**
 * Carries one successful answer from a provider to the client. Before the commit point (the first
 * byte sent to the client) a failure is given back and another target may be tried; after it the
 * relay ends the answer in the client's own dialect.
 */
export interface Relay {
  /** Takes a piece of the body; false asks the provider to pause until `resume` is called. */
  data(chunk: Uint8Array): boolean;
  /** The body is whole. */
  end(): void;
  /** The body broke off. */
  fail(error: GatewayError): void;
}

/** How a relay tells the attempt that it is over. Called once. */
export interface RelayOutcome {
  /** The answer reached the client, whole or ended with an error in its dialect. */
  done(): void;
  /** Nothing was sent: another target may be tried. */
  failed(error: GatewayError): void;
  /** Lets the provider send on. */
  resume(): void;
  /** Ends the provider request; after `done` or `failed`, for it is reported as a failure otherwise. */
  abort(): void;
}
