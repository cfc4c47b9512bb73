import { readFile } from 'node:fs/promises';
import type { LimitScope, ScopedLimit } from '../admin/limits/limit-port.ts';
import type { AuthFilterConfig, GatewayConfig } from '../config/model.ts';
import type { LiveService } from '../exchange/live.ts';
import { type Authenticator, createAuthenticator } from '../filters/auth/authenticator.ts';
import type { JwtEnvironment, JwtProvider, JwtVerifier } from '../filters/auth/jwt.ts';
import { hasIssuedForm } from '../filters/auth/key-format.ts';
import { createKeyHasher, type KeyHasher } from '../filters/auth/key-hash.ts';
import type { KeyIndex } from '../filters/auth/key-index.ts';
import type { Principal } from '../filters/auth/principal.ts';
import { compileBudgets, compileRateLimits } from '../filters/limits/compile-limits.ts';
import type { CompiledLimit } from '../filters/limits/limit.ts';
import { type LimitSet, NO_LIMITS, ServiceLimits, toLimitSet } from '../filters/limits/limit-set.ts';
import { indexConfiguredKeys } from '../filters/organizations/organization-keys.ts';
import { compileOrganizations, type OrganizationTree } from '../filters/organizations/organization-tree.ts';
import { type ClusterPrices, createPriceBook, type PriceBook } from '../prices/price-book.ts';
import { PRICE_TABLE } from '../prices/table.ts';
import type { Cluster, Route } from '../snapshot/snapshot.ts';
import type { IssuedKeys } from './issued-keys.ts';

/** The filters of a configuration: who may use its services, what limits them, and what its models cost. */
export interface FilterBinding {
  readonly organizations: OrganizationTree;
  /** By `service.index`. */
  readonly services: readonly LiveService[];
  /** Every limit there is and where it stands, those of issued keys left out. */
  readonly scopedLimits: readonly ScopedLimit[];
  readonly prices: PriceBook;
  readonly hash: KeyHasher;
  limitsOf(route: Route): LimitSet;
  pricesOf(cluster: Cluster): ClusterPrices;
}

/** What filters are made with. */
export interface FilterParts {
  readonly jwt: JwtEnvironment;
  /** Hashes what is found in this process alone: keys of the configuration, and all where no secret is configured. */
  readonly processHash: KeyHasher;
  /** Undefined when no keys are issued. */
  readonly issued: IssuedKeys | undefined;
  readonly now: () => number;
}

async function keySet({ jwks }: NonNullable<AuthFilterConfig['jwt']>[number]): Promise<JwtProvider['keys']> {
  if (jwks.url !== undefined) return { kind: 'remote', url: jwks.url };
  const text = jwks.inline ?? (await readFile(jwks.file ?? '', 'utf8'));
  return { kind: 'local', keySet: text };
}

/** A verifier of the tokens that one service takes: what another trusts is nothing to it. Undefined when it takes none. */
async function createVerifier(
  configured: AuthFilterConfig['jwt'],
  environment: JwtEnvironment,
): Promise<JwtVerifier | undefined> {
  if (configured === undefined) return undefined;
  const providers = await Promise.all(
    configured.map(
      async (provider): Promise<JwtProvider> => ({
        issuer: provider.issuer,
        audiences: provider.audiences,
        keys: await keySet(provider),
        algorithms: provider.algorithms,
        clockToleranceMs: provider.clock_tolerance,
      }),
    ),
  );
  const { createJwtVerifier } = await import('../filters/auth/jwt.ts');
  return createJwtVerifier(providers, environment);
}

/** Hashes what may have been issued as the store has it, and all other texts, which stand in the configuration or nowhere, for less. */
function hasherByForm(secret: string, processHash: KeyHasher): KeyHasher {
  const storedHash = createKeyHasher(secret);
  return (text) => (hasIssuedForm(text) ? storedHash(text) : processHash(text));
}

/** Makes the filters of a checked configuration. Rejects with a readable message for what loading could not check. */
export async function bindFilters(config: GatewayConfig, parts: FilterParts): Promise<FilterBinding> {
  const organizations = compileOrganizations(config);
  const secret = config.issued_keys?.hmac_secret;
  const hash = secret === undefined ? parts.processHash : hasherByForm(secret.reveal(), parts.processHash);
  const organizationKeys: KeyIndex<Principal>[] = [indexConfiguredKeys(organizations, hash)];
  if (parts.issued !== undefined) organizationKeys.push(parts.issued.indexFor(organizations));
  const { issued } = parts;
  const keysLoaded = () => issued?.loaded !== false;
  const authenticatorOf = async (auth: AuthFilterConfig | undefined): Promise<Authenticator | undefined> => {
    if (auth === undefined) return undefined;
    const jwt = await createVerifier(auth.jwt, parts.jwt);
    return createAuthenticator(auth, { organizations, hash, organizationKeys, keysLoaded, jwt });
  };
  const scopedLimits: ScopedLimit[] = organizations.accounts.flatMap(({ level, path, limits }) =>
    limits.map((limit) => ({ scope: { level, path }, limit })),
  );
  const routeLimits = new Map<string, LimitSet>();
  const take = (scope: LimitScope, own: readonly CompiledLimit[]): LimitSet => {
    scopedLimits.push(...own.map((limit) => ({ scope, limit })));
    return toLimitSet(own);
  };
  const bindService = async (service: GatewayConfig['virtual_services'][number]): Promise<LiveService> => {
    /** By cluster: the limits of every route that names it, which hold for `cluster/model` addressing too. */
    const direct = new Map<string, CompiledLimit[]>();
    for (const [index, route] of service.virtual_routes.entries()) {
      const name = route.name ?? `${service.name}/${index}`;
      const place = `route ${service.name}/${name}`;
      const own = [...compileRateLimits(route.rate_limit, place), ...compileBudgets(route.budget, place)];
      if (own.length === 0) continue;
      routeLimits.set(`${service.name}|${name}`, take({ level: 'route', path: `${service.name}/${name}` }, own));
      for (const { cluster } of [...route.split, ...route.fallback]) {
        direct.set(cluster, [...(direct.get(cluster) ?? []), ...own]);
      }
    }
    for (const [cluster, own] of direct) {
      routeLimits.set(`${service.name}|${service.name}/${cluster}`, toLimitSet(own));
    }
    const place = `service ${service.name}`;
    const limits = take({ level: 'service', path: service.name }, [
      ...compileRateLimits(service.rate_limit, place),
      ...compileBudgets(service.budget, place),
    ]);
    return {
      authenticator: await authenticatorOf(service.auth_filter),
      limits,
      requestLimits: new ServiceLimits(limits.request),
      pricedOnly: config.prices.unknown === 'refuse',
    };
  };
  const services = await Promise.all(config.virtual_services.map(bindService));
  const book = createPriceBook(PRICE_TABLE, config.prices.overrides, { now: parts.now });
  return {
    organizations,
    services,
    scopedLimits,
    prices: book,
    hash,
    limitsOf: (route) => routeLimits.get(`${route.service}|${route.name}`) ?? NO_LIMITS,
    pricesOf: (cluster) =>
      book.forCluster({ provider: cluster.provider.name, cluster: cluster.name, region: cluster.region }),
  };
}
