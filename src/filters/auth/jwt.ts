import { hash } from 'node:crypto';
import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';

/** Where the keys of a token provider come from. The text of a file is read when the configuration is. */
export type JwtKeySource =
  | { readonly kind: 'local'; readonly keySet: string }
  | { readonly kind: 'remote'; readonly url: string };

/** Who signs tokens. */
export interface JwtProvider {
  readonly issuer: string;
  /** One of them must be in `aud`; empty: any. */
  readonly audiences: readonly string[];
  readonly keys: JwtKeySource;
  /** JWS names; `none` is never taken. */
  readonly algorithms: readonly string[];
  readonly clockToleranceMs: number;
}

/** What verifying takes from the world. */
export interface JwtEnvironment {
  /** Fetches a text; rejects when the answer is no 2xx or takes too long. */
  fetchText(url: string): Promise<string>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** A token that holds. */
export interface VerifiedJwt {
  readonly issuer: string;
  readonly claims: JsonObject;
}

/** Verifies tokens of several providers. */
export interface JwtVerifier {
  /**
   * What a token says: at once when it was verified before, else by a promise. Throws, or rejects with, GatewayError
   * `unauthenticated` for a token that does not hold, `credential_unavailable` when the provider's keys cannot be had:
   * that is not the client's fault.
   */
  verify(token: string): VerifiedJwt | Promise<VerifiedJwt>;
}

const MAX_TOKEN_LENGTH = 16 * 1024;
const MAX_KEY_SET_LENGTH = 1024 * 1024;
const MEMO_SIZE = 10_000;
/** So long a token stays verified when its key is withdrawn. */
const MEMO_MS = 300_000;
/** A key set is fetched anew after so long, in the background. */
const KEY_SET_MS = 300_000;
/** An unknown key id calls for a fetch, but not sooner after the last one than this; likewise after a failure. */
const FETCH_PAUSE_MS = 10_000;

/** Asymmetric algorithms: the default of `algorithms`. */
export const ASYMMETRIC_ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
];

/** Makes a verifier. Throws Error with a readable message when a local key set is not one. Fetches nothing yet. */
export function createJwtVerifier(providers: readonly JwtProvider[], environment: JwtEnvironment): JwtVerifier {
  return new MemoisingVerifier(
    providers.map((provider) => ({ provider, keys: createKeys(provider.keys, environment) })),
    environment,
  );
}

interface KnownProvider {
  provider: JwtProvider;
  keys: Keys;
}

interface MemoEntry {
  result: VerifiedJwt;
  untilMs: number;
}

class MemoisingVerifier implements JwtVerifier {
  readonly #providers: readonly KnownProvider[];
  readonly #environment: JwtEnvironment;
  /** By the token's SHA-256, so that no token is kept; the oldest first. */
  readonly #verified = new Map<string, MemoEntry>();
  readonly #pending = new Map<string, Promise<VerifiedJwt>>();

  constructor(providers: readonly KnownProvider[], environment: JwtEnvironment) {
    this.#providers = providers;
    this.#environment = environment;
  }

  verify(token: string): VerifiedJwt | Promise<VerifiedJwt> {
    if (token.length > MAX_TOKEN_LENGTH) throw refused('The token is too long.');
    const digest = hash('sha256', token, 'base64');
    const known = this.#verified.get(digest);
    if (known !== undefined) {
      if (this.#environment.now() < known.untilMs) return known.result;
      this.#verified.delete(digest);
    }
    const pending = this.#pending.get(digest);
    if (pending !== undefined) return pending;
    const verifying = this.#verify(token, digest).finally(() => this.#pending.delete(digest));
    this.#pending.set(digest, verifying);
    return verifying;
  }

  async #verify(token: string, digest: string): Promise<VerifiedJwt> {
    const issuer = issuerOf(token);
    const candidates = this.#providers.filter(({ provider }) => provider.issuer === issuer);
    if (candidates.length === 0) throw refused('The token comes from an issuer that is not trusted here.');
    let failure: GatewayError | undefined;
    for (const candidate of candidates) {
      try {
        const claims = await this.#verifyWith(token, candidate);
        return this.#remember(digest, { issuer, claims }, candidate.provider);
      } catch (error) {
        failure = GatewayError.is(error) ? error : explain(error);
        if (failure.code !== 'unauthenticated') throw failure;
      }
    }
    throw failure ?? refused('The token is not valid.');
  }

  async #verifyWith(token: string, { provider, keys }: KnownProvider): Promise<JsonObject> {
    const options: JWTVerifyOptions = {
      issuer: provider.issuer,
      algorithms: [...provider.algorithms] as NonNullable<JWTVerifyOptions['algorithms']>,
      clockTolerance: provider.clockToleranceMs / 1000,
      currentDate: new Date(this.#environment.now()),
      requiredClaims: ['exp'],
      ...(provider.audiences.length === 0 ? {} : { audience: [...provider.audiences] }),
    };
    try {
      return await verifyWithKeys(token, await keys.current(), options);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const renewed = await keys.renewed();
      if (renewed === undefined) throw error;
      return verifyWithKeys(token, renewed, options);
    }
  }

  #remember(digest: string, result: VerifiedJwt, { clockToleranceMs }: JwtProvider): VerifiedJwt {
    const now = this.#environment.now();
    const expires = Number(result.claims['exp']) * 1000 + clockToleranceMs;
    if (this.#verified.size >= MEMO_SIZE) {
      for (const oldest of this.#verified.keys()) {
        this.#verified.delete(oldest);
        break;
      }
    }
    this.#verified.set(digest, { result, untilMs: Math.min(expires, now + MEMO_MS) });
    return result;
  }
}

type KeyLookup = ReturnType<typeof createLocalJWKSet>;

/** A token that names no key may be signed with any that fits. */
async function verifyWithKeys(token: string, keys: KeyLookup, options: JWTVerifyOptions): Promise<JsonObject> {
  try {
    return claimsOf(await jwtVerify(token, keys, options));
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let failure: unknown = error;
    for await (const key of error) {
      try {
        return claimsOf(await jwtVerify(token, key, options));
      } catch (wrongKey) {
        if (!(wrongKey instanceof errors.JWSSignatureVerificationFailed)) throw wrongKey;
        failure = wrongKey;
      }
    }
    throw failure;
  }
}

interface Keys {
  /** The keys as they are known; fetched when they are not yet. */
  current(): KeyLookup | Promise<KeyLookup>;
  /** Keys fetched just now, for a key id that is unknown; undefined when that would be too soon. */
  renewed(): Promise<KeyLookup | undefined>;
}

function createKeys(source: JwtKeySource, environment: JwtEnvironment): Keys {
  if (source.kind === 'remote') return new RemoteKeys(source.url, environment);
  const keys = createLocalJWKSet(parseKeySet(source.keySet));
  return { current: () => keys, renewed: async () => undefined };
}

/** A JSON Web Key Set. Throws Error with a readable message. */
function parseKeySet(text: string): JSONWebKeySet {
  if (text.length > MAX_KEY_SET_LENGTH) throw new Error('the key set is too large');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error('the key set is not JSON', { cause: error });
  }
  if (!isObject(value) || !Array.isArray(value['keys'])) throw new Error('the key set has no list `keys`');
  return value as unknown as JSONWebKeySet;
}

class RemoteKeys implements Keys {
  readonly #url: string;
  readonly #environment: JwtEnvironment;
  #keys: KeyLookup | undefined = undefined;
  #fetchedMs = 0;
  #triedMs = Number.NEGATIVE_INFINITY;
  #failure: unknown = undefined;
  #pending: Promise<KeyLookup> | undefined = undefined;

  constructor(url: string, environment: JwtEnvironment) {
    this.#url = url;
    this.#environment = environment;
  }

  current(): KeyLookup | Promise<KeyLookup> {
    const now = this.#environment.now();
    if (this.#keys === undefined) return this.#fetch();
    if (now - this.#fetchedMs >= KEY_SET_MS && this.#mayFetch()) {
      // Who asks now is served with the old keys; that the fetch failed is seen when it is tried again.
      this.#fetch().catch(() => undefined);
    }
    return this.#keys;
  }

  async renewed(): Promise<KeyLookup | undefined> {
    const justFetched = this.#pending === undefined && this.#failure === undefined && !this.#mayFetch();
    return justFetched ? undefined : this.#fetch();
  }

  #mayFetch(): boolean {
    return this.#environment.now() - this.#triedMs >= FETCH_PAUSE_MS;
  }

  #fetch(): Promise<KeyLookup> {
    if (this.#pending !== undefined) return this.#pending;
    if (this.#failure !== undefined && !this.#mayFetch()) return Promise.reject(unavailable(this.#failure));
    this.#triedMs = this.#environment.now();
    this.#pending = this.#environment
      .fetchText(this.#url)
      .then((text) => {
        const keys = createLocalJWKSet(parseKeySet(text));
        this.#keys = keys;
        this.#fetchedMs = this.#environment.now();
        this.#failure = undefined;
        return keys;
      })
      .catch((error: unknown) => {
        this.#failure = error;
        throw unavailable(error);
      })
      .finally(() => {
        this.#pending = undefined;
      });
    return this.#pending;
  }
}

/** The issuer a token claims to have: it only chooses who checks it. */
function issuerOf(token: string): string {
  try {
    const { iss } = decodeJwt(token);
    if (typeof iss === 'string') return iss;
  } catch (error) {
    throw refused('The token is not a JSON web token.', error);
  }
  throw refused('The token names no issuer.');
}

function claimsOf({ payload }: { payload: JWTPayload }): JsonObject {
  return payload as JsonObject;
}

function explain(error: unknown): GatewayError {
  if (error instanceof errors.JWTExpired) return refused('The token has expired.', error);
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return refused('The token is not meant for this service.', error);
    if (error.claim === 'exp') return refused('The token has no time of expiry.', error);
    if (error.claim === 'nbf') return refused('The token is not valid yet.', error);
  }
  if (error instanceof errors.JOSEError) return refused('The token is not valid.', error);
  return GatewayError.from(error);
}

function refused(message: string, cause?: unknown): GatewayError {
  return new GatewayError('unauthenticated', message, { cause });
}

function unavailable(cause: unknown): GatewayError {
  const message = 'The keys that tokens are checked with cannot be had at the moment.';
  return new GatewayError('credential_unavailable', message, { cause, retryAfterSeconds: FETCH_PAUSE_MS / 1000 });
}
