import type { ProviderError } from '../../dialects/neutral/response.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { ResponseHeaders } from '../headers.ts';
import type { UpstreamFailure } from '../ports.ts';

/**
 * What failed: the connection, a time bound, the answer itself, that the target's API has no words for the request, its
 * credential, or that its cluster had no place.
 */
export type FailureKind =
  | UpstreamFailure['kind']
  | 'timeout-head'
  | 'timeout-idle'
  | 'answer'
  | 'unexpressible'
  | 'unsigned'
  | 'busy';

/** How an attempt ended. */
export type AttemptOutcome =
  /** The client has its answer. */
  | { kind: 'done'; headers?: ResponseHeaders | undefined }
  /** No usable answer. */
  | { kind: 'failed'; error: GatewayError; failure: FailureKind }
  /** The provider answered with an error status. */
  | { kind: 'refused'; refusal: ProviderRefusal };

/** Hears once how an attempt ended. */
export interface AttemptSink {
  ended(outcome: AttemptOutcome): void;
  /** Something broke in the gateway, or the request itself is at fault: no other target would do better. */
  broke(thrown: unknown): void;
}

/** A provider's error answer, whole. */
export interface ProviderRefusal {
  status: number;
  headers: ResponseHeaders;
  body: Uint8Array;
  /** What it says, as its dialect reads it. */
  error: ProviderError;
  /** The body as JSON; undefined when it is not an object. */
  json: JsonObject | undefined;
}

/** What a failed connection means to a client. */
export function failureError(failure: UpstreamFailure): GatewayError {
  const options = { cause: failure.cause };
  switch (failure.kind) {
    case 'connect':
      return new GatewayError('provider_unreachable', 'The provider could not be reached.', options);
    case 'timeout-connect':
      return new GatewayError('provider_unreachable', 'The provider did not accept a connection in time.', options);
    case 'tls':
      return new GatewayError('provider_unreachable', 'No secure connection to the provider could be made.', options);
    case 'reset':
      return new GatewayError(
        'provider_unreachable',
        'The provider closed the connection before the answer was whole.',
        options,
      );
    case 'protocol':
      return new GatewayError('provider_bad_response', 'The provider sent something that is not HTTP.', options);
    case 'aborted':
      return new GatewayError('client_closed', 'The client closed the connection.', options);
    default:
      return failure.kind satisfies never;
  }
}
