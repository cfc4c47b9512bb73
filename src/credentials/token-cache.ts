import { GatewayError } from '../errors/gateway-error.ts';
import type { CredentialEnvironment } from './credential.ts';
import { type CredentialKind, credentialError } from './credential-error.ts';

/** A token and when it ends: milliseconds since the epoch, `Infinity` for never. */
export interface Expiring<T> {
  value: T;
  expiresAtMs: number;
}

/** Gets one token from where it comes from. Rejects when it cannot be had. */
export type TokenSource<T> = () => Promise<Expiring<T>>;

/** Holds one token and keeps it fresh. */
export interface TokenCache<T> {
  /** The token at hand; undefined when there is none, or it has ended. Near its end a new one is fetched behind the caller's back. */
  peek(): T | undefined;
  /** A new token: joins a fetch under way, rejects at once while the last failure is fresh. */
  fetch(): Promise<T>;
  /** Starts no fetch of its own any more; requests still under way keep the token at hand or fetch one. */
  close(): void;
}

/** What `createTokenCache` takes. */
export interface TokenCacheOptions<T> {
  kind: CredentialKind;
  environment: Pick<CredentialEnvironment, 'now'>;
  source: TokenSource<T>;
  /** A number from 0 to below 1; spreads the refreshes of many gateways. The default is random. */
  jitter?: () => number;
}

/** A new token is wanted this long before the old one ends, or a fifth of its life if that is less. */
const REFRESH_LEAD_MS = 300_000;
/** A token counts as ended this long before it does, or a twentieth of its life if that is less: clocks differ, requests travel. */
const SAFETY_MS = 10_000;
/** How long a failure stands for the next callers, so that a broken token service is not hammered. */
const FAILURE_HOLD_MS = 1_000;
/** The same while the token at hand is still good. */
const BACKGROUND_FAILURE_HOLD_MS = 10_000;

/**
 * Makes a cache around a token source. Many callers share one fetch. A failed refresh leaves the token at hand in
 * use until it ends. Rejections are always GatewayErrors, `credential_unavailable` unless the source threw another.
 */
export function createTokenCache<T>(options: TokenCacheOptions<T>): TokenCache<T> {
  const { kind, environment, source, jitter = Math.random } = options;
  let token: { value: T; refreshAtMs: number; usableUntilMs: number } | undefined;
  let failure: { error: GatewayError; atMs: number } | undefined;
  let inFlight: Promise<T> | undefined;
  let closed = false;

  async function load(): Promise<T> {
    try {
      const { value, expiresAtMs } = await source();
      const now = environment.now();
      const lifeMs = expiresAtMs - now;
      if (!(lifeMs > 0)) throw credentialError(kind, 'the token that was issued has already ended; check the clock');
      const leadMs = Math.min(REFRESH_LEAD_MS, lifeMs / 5) * (1 + jitter() / 2);
      const usableUntilMs = expiresAtMs - Math.min(SAFETY_MS, lifeMs / 20);
      token = { value, refreshAtMs: expiresAtMs - leadMs, usableUntilMs };
      failure = undefined;
      return value;
    } catch (error) {
      const known = GatewayError.is(error) ? error : credentialError(kind, 'it could not be fetched', error);
      failure = { error: known, atMs: environment.now() };
      throw known;
    }
  }

  function start(): Promise<T> {
    inFlight ??= load().finally(() => {
      inFlight = undefined;
    });
    return inFlight;
  }

  /** Whether the last failure is younger than `holdMs`; a clock set back ends the hold. */
  function failedWithin(holdMs: number): boolean {
    if (failure === undefined) return false;
    const age = environment.now() - failure.atMs;
    return age >= 0 && age < holdMs;
  }

  return {
    peek() {
      if (token === undefined) return undefined;
      const now = environment.now();
      if (now >= token.usableUntilMs) return undefined;
      if (now >= token.refreshAtMs && inFlight === undefined && !closed && !failedWithin(BACKGROUND_FAILURE_HOLD_MS)) {
        // Nobody waits for this one: the failure is kept and shows when the token at hand ends.
        start().catch(() => {});
      }
      return token.value;
    },
    fetch() {
      if (inFlight === undefined && failure !== undefined && failedWithin(FAILURE_HOLD_MS)) {
        return Promise.reject(failure.error);
      }
      return start();
    },
    close() {
      closed = true;
    },
  };
}
