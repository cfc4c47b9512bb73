import { createHash } from 'node:crypto';
import type { AuthFilterConfig } from '../../config/model.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { readClaim } from '../limits/compile-limits.ts';
import type { OrganizationTree } from '../organizations/organization-tree.ts';
import {
  type CredentialPlaces,
  credentialFromRequest,
  credentialPlaces,
  type PresentedCredential,
  SDK_HEADERS,
} from './credentials-from-request.ts';
import type { JwtVerifier, VerifiedJwt } from './jwt.ts';
import { equalHashes, type KeyHasher } from './key-hash.ts';
import { createKeyIndex, findKey, type KeyIndex } from './key-index.ts';
import { createPrincipal, type Principal } from './principal.ts';

/** What of a request authentication looks at. */
export interface AuthRequest {
  /** Names and values in turn, as on the wire. */
  readonly rawHeaders: readonly string[];
  /** With its question mark; empty for none. */
  readonly query: string;
}

/** Finds out who sends a request. */
export interface Authenticator {
  /**
   * The caller, whether it may come in now or not; undefined for nobody, where that is allowed. Throws, or rejects with,
   * GatewayError `unauthenticated`, `not_allowed` or `store_unavailable`. Only a token that was not seen before takes a promise.
   */
  authenticate(request: AuthRequest): Principal | undefined | Promise<Principal | undefined>;
  /** Headers and query parameters of requests that carried credentials for the gateway itself. */
  readonly places: CredentialPlaces;
  /** Headers that are the gateway's alone beside those in which keys usually stand: no provider gets them. Lower case. */
  readonly ownHeaders: readonly string[];
  /** Header that tells the provider the name of the caller's key; undefined: none does. */
  readonly forwardClientId: string | undefined;
  /** Header in which the application names its own user; undefined: the API's field does. */
  readonly endUserHeader: string | undefined;
  /** What a refused client is told to send: the value of `www-authenticate` (RFC 9110 §11.6.1). */
  readonly challenge: string;
}

/** What authentication is made from, beside its configuration. */
export interface AuthenticatorParts {
  readonly organizations: OrganizationTree;
  readonly hash: KeyHasher;
  /** Keys of the organizations: those of the configuration, then those that were issued. */
  readonly organizationKeys: readonly KeyIndex<Principal>[];
  /** Whether issued keys were read from their store: before that an unknown key may well be a good one. */
  keysLoaded(): boolean;
  /** Undefined when no token provider is configured. */
  readonly jwt: JwtVerifier | undefined;
}

const NO_CREDENTIAL =
  'No API key was sent; send one as `authorization: Bearer …`, or in the header that your SDK uses for it.';

/** The password hash of htpasswd's `{SHA}` form. */
function isPassword(password: string, hash: string): boolean {
  const digest = `{SHA}${createHash('sha1').update(password).digest('base64')}`;
  return equalHashes(digest, hash);
}

/** Three parts between dots: a token, and no key. */
function looksLikeJwt(text: string): boolean {
  const first = text.indexOf('.');
  return text.startsWith('eyJ') && first > 0 && text.indexOf('.', first + 1) > first;
}

class ServiceAuthenticator implements Authenticator {
  readonly places: CredentialPlaces;
  readonly ownHeaders: readonly string[];
  readonly forwardClientId: string | undefined;
  readonly endUserHeader: string | undefined;
  readonly challenge: string;
  readonly #config: AuthFilterConfig;
  readonly #parts: AuthenticatorParts;
  readonly #indexes: readonly KeyIndex<Principal>[];

  constructor(config: AuthFilterConfig, parts: AuthenticatorParts) {
    this.#config = config;
    this.#parts = parts;
    this.places = credentialPlaces(config.extract_from, { basic: config.basic !== undefined });
    this.forwardClientId = config.forward_client_id;
    // What tells the provider who asks must not come from the client.
    const told = config.forward_client_id === undefined ? [] : [config.forward_client_id];
    this.ownHeaders = [...this.places.headers.filter((name) => !SDK_HEADERS.includes(name)), ...told];
    this.endUserHeader = typeof config.end_user === 'object' ? config.end_user.header : undefined;
    this.challenge = config.basic === undefined ? 'Bearer' : 'Basic realm="aigw", charset="UTF-8"';
    this.#indexes = config.api_keys === 'organizations' ? parts.organizationKeys : this.#ownKeys();
  }

  authenticate(request: AuthRequest): Principal | undefined | Promise<Principal | undefined> {
    const presented = credentialFromRequest(request, this.places);
    if (presented === undefined) {
      if (this.#config.optional) return undefined;
      throw new GatewayError('unauthenticated', NO_CREDENTIAL);
    }
    if (presented.kind === 'basic') return this.#basic(presented);
    if (this.#parts.jwt !== undefined && this.#config.jwt !== undefined && looksLikeJwt(presented.text)) {
      const verified = this.#parts.jwt.verify(presented.text);
      if (verified instanceof Promise) return verified.then((jwt) => this.#token(jwt));
      return this.#token(verified);
    }
    const principal = findKey(presented.text, this.#parts.hash, this.#indexes);
    if (principal === undefined) {
      if (this.#config.api_keys === 'organizations' && !this.#parts.keysLoaded()) {
        throw new GatewayError('store_unavailable', 'API keys cannot be checked at the moment; try again shortly.');
      }
      throw new GatewayError('unauthenticated', `The API key in ${presented.place} is not known here.`);
    }
    return principal;
  }

  #token({ issuer, claims }: VerifiedJwt): Principal {
    const names = this.#config.jwt?.find((provider) => provider.issuer === issuer)?.claims;
    const read = (path: string | undefined) => (path === undefined ? undefined : readClaim(claims, path));
    const membership = { organization: read(names?.organization), team: read(names?.team), user: read(names?.user) };
    const { organization } = membership;
    const account =
      organization === undefined ? undefined : this.#parts.organizations.find({ ...membership, organization });
    if (organization !== undefined && account === undefined && this.#config.api_keys === 'organizations') {
      throw new GatewayError('not_allowed', `The organization "${organization}" of the token is not known here.`);
    }
    const scope = claims['scope'];
    return createPrincipal({
      ...membership,
      account,
      claims,
      scopes: typeof scope === 'string' ? scope.split(' ').filter((one) => one !== '') : [],
      metadata: account?.metadata ?? {},
    });
  }

  #basic(presented: PresentedCredential): Principal {
    const colon = presented.text.indexOf(':');
    const name = presented.text.slice(0, colon);
    const user = this.#config.basic?.find((one) => one.user === name);
    // A password is hashed for unknown users too: the time must not tell who exists.
    const good = isPassword(presented.text.slice(colon + 1), user?.password_hash ?? '');
    if (user === undefined || !good) throw new GatewayError('unauthenticated', 'The user or the password is wrong.');
    return createPrincipal({ user: name });
  }

  #ownKeys(): KeyIndex<Principal>[] {
    const index = createKeyIndex<Principal>();
    for (const { name, key } of Array.isArray(this.#config.api_keys) ? this.#config.api_keys : []) {
      index.set(this.#parts.hash(key.reveal()), createPrincipal({ key: { id: name, name } }));
    }
    return [index];
  }
}

/** Makes the authenticator of a virtual service. */
export function createAuthenticator(config: AuthFilterConfig, parts: AuthenticatorParts): Authenticator {
  return new ServiceAuthenticator(config, parts);
}
