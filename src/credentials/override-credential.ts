import { GatewayError } from '../errors/gateway-error.ts';
import type { KeyHeader } from './api-key-credential.ts';
import type { SigV4Signer } from './aws/sigv4.ts';
import type { Credential, SignableRequest } from './credential.ts';
import { bearerToken, removeKeyHeaders, setHeader } from './header-list.ts';

/** What an override does beside reading its headers. */
export interface OverrideFallback {
  /** Used when the request brings no credential; absent: such a request is refused. */
  fallback: Credential | undefined;
}

/** A request's own key or token, in one header, put where the provider reads it. */
export interface KeyOverride extends OverrideFallback {
  /** Client header, lower case. */
  header: string;
  target: KeyHeader;
}

/** A request's own AWS keys, in headers of one prefix, used to sign. */
export interface AwsOverride extends OverrideFallback {
  /** Lower case; `access-key-id`, `secret-access-key` and `session-token` follow. */
  headerPrefix: string;
  signer: SigV4Signer;
  now: () => number;
}

/**
 * Takes a key or token from a header of the request; `Bearer ` before it is dropped. Without one the fallback acts, or the
 * request is refused with `missing_credential`.
 */
export function createKeyOverride(override: KeyOverride): Credential {
  const { header, target, fallback } = override;
  return {
    apply(request) {
      const value = request.clientHeader(header)?.trim();
      if (value === undefined || value === '') return applyFallback(fallback, request, header);
      removeKeyHeaders(request.headers);
      setHeader(request.headers, target.name, target.prefix + (bearerToken(value) ?? value));
    },
    ...shared(override, [header]),
  };
}

/** Takes AWS keys from headers of the request and signs with them. Half a pair of keys is `missing_credential`, also with a fallback. */
export function createAwsOverride(override: AwsOverride): Credential {
  const { headerPrefix, signer, now, fallback } = override;
  const idHeader = `${headerPrefix}access-key-id`;
  const secretHeader = `${headerPrefix}secret-access-key`;
  const tokenHeader = `${headerPrefix}session-token`;
  return {
    apply(request) {
      const accessKeyId = request.clientHeader(idHeader)?.trim();
      const secretAccessKey = request.clientHeader(secretHeader)?.trim();
      if (!accessKeyId && !secretAccessKey) return applyFallback(fallback, request, idHeader);
      if (!accessKeyId) throw missing(idHeader);
      if (!secretAccessKey) throw missing(secretHeader);
      const sessionToken = request.clientHeader(tokenHeader)?.trim();
      removeKeyHeaders(request.headers);
      signer(
        request,
        sessionToken ? { accessKeyId, secretAccessKey, sessionToken } : { accessKeyId, secretAccessKey },
        now(),
      );
    },
    ...shared(override, [idHeader, secretHeader, tokenHeader]),
  };
}

function shared({ fallback }: OverrideFallback, headers: readonly string[]): Omit<Credential, 'apply'> {
  const rest: Omit<Credential, 'apply'> = {
    consumedHeaders: [...headers, ...(fallback?.consumedHeaders ?? [])],
    forwardsClientCredential: fallback?.forwardsClientCredential ?? false,
  };
  if (fallback?.close !== undefined) rest.close = fallback.close;
  return rest;
}

function applyFallback(
  fallback: Credential | undefined,
  request: SignableRequest,
  header: string,
): void | Promise<void> {
  if (fallback === undefined) throw missing(header);
  return fallback.apply(request);
}

function missing(header: string): GatewayError {
  return new GatewayError('missing_credential', `missing upstream credential: send it in the ${header} header`);
}
