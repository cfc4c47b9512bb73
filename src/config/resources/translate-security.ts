import type { GatewayConfigInput } from '../model.ts';
import { url } from '../model-scalars.ts';
import { compact } from './compact.ts';
import type { KindBody } from './kinds.ts';
import { indexPolicies, type PolicyContext, type RuleAddress, type Targeting } from './policy-targets.ts';
import type { HeaderIdentity, IdentityHeaders } from './rate-limit-selectors.ts';
import type { Resource } from './resource.ts';
import type { JwtProviderSpec, SecuritySpec } from './schema-security-policy.ts';
import { readSecret, readWholeSecret, type SecretSources } from './secrets.ts';

type Policy = Resource<KindBody<'SecurityPolicy'>>;
/** One service's `auth_filter`. */
export type AuthFilterInput = NonNullable<NonNullable<GatewayConfigInput['virtual_services']>[number]['auth_filter']>;

/** Who may use what a policy targets. */
export interface Guard {
  /** `Kind namespace/name` of what says so, or of all that do. */
  id: string;
  /** The resource that says so, for messages. */
  from: Resource<unknown>;
  /** Undefined: everyone may. */
  filter: AuthFilterInput | undefined;
  identities: IdentityHeaders;
}

/** Finds who may use a rule of a route; undefined: no policy says. */
export type GuardLookup = (address: RuleAddress) => Guard | undefined;

/** What reading SecurityPolicies needs. */
export interface SecurityContext extends PolicyContext {
  sources: SecretSources;
}

/** An AuthFilter that targets Gateways or AIGatewayRoutes, which it does as a policy. */
export interface FilterGuard {
  resource: Resource<{ spec: Targeting }>;
  filter: AuthFilterInput;
}

/** Reads every SecurityPolicy, and puts this gateway's own AuthFilters among them. */
export function translateSecurity(context: SecurityContext, filters: readonly FilterGuard[]): GuardLookup {
  const policies = context.set.list('SecurityPolicy');
  const sections = new Map(policies.map((policy) => [policy as Resource<unknown>, toSections(policy, context)]));
  const byResource = new Map(filters.map(({ resource, filter }) => [resource as Resource<unknown>, filter]));
  const resources: Resource<{ spec: Targeting }>[] = [...policies, ...filters.map(({ resource }) => resource)];
  const lookup = indexPolicies(resources, context);
  return (address) => {
    const chain = lookup(address);
    const [first] = chain;
    if (first === undefined) return undefined;
    const own = byResource.get(first);
    if (own !== undefined) {
      const id = `${first.kind} ${first.namespace}/${first.name}`;
      return { id, from: first, filter: own, identities: identitiesOf(own) };
    }
    return mergedGuard(chain, sections);
  };
}

/** The headers by which a filter tells the provider, and so limits, who is calling. */
export function identitiesOf(filter: AuthFilterInput | undefined): IdentityHeaders {
  const header = filter?.forward_client_id?.toLowerCase();
  return new Map(header === undefined ? [] : [[header, { kind: 'key' }]]);
}

/** One way to authenticate of a policy. */
interface Section {
  filter: AuthFilterInput;
  identities: Map<string, HeaderIdentity>;
}

/** A policy's way to authenticate, or that of the wider policies that it adds to. */
function mergedGuard(
  chain: readonly Resource<unknown>[],
  sections: ReadonlyMap<Resource<unknown>, Section | undefined>,
): Guard | undefined {
  const [first] = chain;
  for (const policy of chain) {
    const section = sections.get(policy);
    const id = `${policy.kind} ${policy.namespace}/${policy.name}`;
    if (section !== undefined) return { id, from: policy, ...section };
    const { mergeType } = (policy as Policy).body.spec;
    if (mergeType !== 'StrategicMerge' && mergeType !== 'JSONMerge') break;
  }
  return first === undefined ? undefined : { id: 'open', from: first, filter: undefined, identities: new Map() };
}

/** Ways to authenticate that a request may have to pass. */
const WAYS = ['apiKeyAuth', 'basicAuth', 'jwt'] as const;

function toSections(policy: Policy, context: SecurityContext): Section | undefined {
  const { spec } = policy.body;
  const used = WAYS.filter((way) => spec[way] !== undefined);
  if (used.length > 1) {
    // Envoy asks a request for each of them; a filter here takes any.
    const message = `${used.join(' and ')} in one policy ask a request for all of them, which is not supported`;
    context.report.error(policy, ['spec', used[1] ?? ''], message, { part: 'key', fix: 'keep one of them' });
    return undefined;
  }
  if (spec.apiKeyAuth !== undefined) return apiKeys(policy, spec.apiKeyAuth, context);
  if (spec.basicAuth !== undefined) return basic(policy, spec.basicAuth, context);
  return spec.jwt === undefined ? undefined : jwt(policy, spec.jwt, context);
}

function apiKeys(policy: Policy, spec: NonNullable<SecuritySpec['apiKeyAuth']>, context: SecurityContext): Section {
  const keys = new Map<string, string>();
  for (const [index, reference] of spec.credentialRefs.entries()) {
    const path = ['spec', 'apiKeyAuth', 'credentialRefs', index];
    for (const [name, value] of readWholeSecret({ reference, from: policy, path }, context) ?? []) {
      if (!value.found) {
        const message = `the key of ${name} cannot be used: ${value.reason}`;
        context.report.warning(policy, path, message);
      } else if (!keys.has(name)) keys.set(name, value.text.trim());
    }
  }
  const { forwardClientIDHeader: header } = spec;
  const all = (place: 'headers' | 'params' | 'cookies') => spec.extractFrom.flatMap((from) => from[place] ?? []);
  return {
    filter: compact({
      api_keys: [...keys].map(([name, key]) => ({ name, key })),
      extract_from: extraction({ headers: all('headers'), query: all('params'), cookies: all('cookies') }),
      forward_client_id: header,
    }),
    identities: new Map(header === undefined ? [] : [[header.toLowerCase(), { kind: 'key' }]]),
  };
}

interface Places {
  headers: string[];
  query: string[];
  cookies: string[];
}

/** The places that are named, once each. */
function extraction(places: Places): NonNullable<AuthFilterInput['extract_from']> {
  const unique = (names: string[]) => (names.length === 0 ? undefined : [...new Set(names)]);
  return compact({
    headers: unique(places.headers.map((name) => name.toLowerCase())),
    query: unique(places.query),
    cookies: unique(places.cookies),
  });
}

/** Key of the Secret with the users of basic authentication. */
const HTPASSWD_KEY = '.htpasswd';

function basic(policy: Policy, spec: NonNullable<SecuritySpec['basicAuth']>, context: SecurityContext): Section {
  const path = ['spec', 'basicAuth', 'users'];
  const wanted = { reference: spec.users, key: HTPASSWD_KEY, from: policy, path };
  const secret = readSecret(wanted, context);
  const users: NonNullable<AuthFilterInput['basic']> = [];
  for (const [index, line] of (secret?.found === true ? secret.text : '').split(/\r?\n/).entries()) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const colon = text.indexOf(':');
    const hash = text.slice(colon + 1);
    if (colon > 0 && /^\{SHA\}[A-Za-z0-9+/]{27}=$/.test(hash)) {
      users.push({ user: text.slice(0, colon), password_hash: hash });
    } else {
      const message = `line ${index + 1} of ${HTPASSWD_KEY} is not \`user:{SHA}hash\``;
      context.report.error(policy, path, message, { fix: 'make it with `htpasswd -s`' });
    }
  }
  const { forwardUsernameHeader: header } = spec;
  if (header !== undefined) {
    const message = 'is not supported: the provider is not told the name; ignored';
    context.report.warning(policy, ['spec', 'basicAuth', 'forwardUsernameHeader'], message, { part: 'key' });
  }
  return {
    filter: { basic: users, extract_from: { headers: ['authorization'] } },
    identities: new Map(header === undefined ? [] : [[header.toLowerCase(), { kind: 'user' }]]),
  };
}

type JwtProviderInput = NonNullable<AuthFilterInput['jwt']>[number];

function jwt(policy: Policy, spec: NonNullable<SecuritySpec['jwt']>, context: SecurityContext): Section {
  const identities = new Map<string, HeaderIdentity>();
  const places: Places = { headers: [], query: [], cookies: [] };
  const providers = spec.providers.flatMap((provider, index): JwtProviderInput[] => {
    const path = ['spec', 'jwt', 'providers', index];
    for (const { claim, header } of provider.claimToHeaders ?? []) {
      identities.set(header.toLowerCase(), { kind: 'claim', claim });
    }
    if ((provider.claimToHeaders ?? []).length > 0) {
      const message = 'limits and matches read the claims; providers are not told of them in headers';
      context.report.warning(policy, [...path, 'claimToHeaders'], message, { part: 'key' });
    }
    addPlaces(places, provider, { policy, path, context });
    const keys = keySet(provider, { policy, path, context });
    if (provider.issuer === undefined || provider.issuer === '') {
      const message = 'a token of any issuer cannot be accepted';
      context.report.error(policy, path, message, { fix: 'add the issuer that the claim `iss` must name' });
      return [];
    }
    if (keys === undefined) return [];
    return [compact({ issuer: provider.issuer, audiences: provider.audiences, jwks: keys })];
  });
  const filter = { jwt: providers, extract_from: extraction(places) };
  return { filter: spec.optional === true ? { ...filter, optional: true } : filter, identities };
}

interface ProviderPlace {
  policy: Policy;
  path: (string | number)[];
  context: SecurityContext;
}

/** Where Envoy looks for a token: the bearer token or the query parameter, unless a provider names places. */
function addPlaces(places: Places, { extractFrom }: JwtProviderSpec, { policy, path, context }: ProviderPlace): void {
  if (extractFrom === undefined) {
    places.headers.push('authorization');
    places.query.push('access_token');
    return;
  }
  for (const [index, { name, valuePrefix = '' }] of (extractFrom.headers ?? []).entries()) {
    if (valuePrefix === '' || /^bearer ?$/i.test(valuePrefix)) places.headers.push(name);
    else {
      const message = `tokens behind ${JSON.stringify(valuePrefix)} are not found`;
      const at = [...path, 'extractFrom', 'headers', index, 'valuePrefix'];
      context.report.error(policy, at, message, { fix: 'use "Bearer ", or none' });
    }
  }
  places.query.push(...(extractFrom.params ?? []));
  places.cookies.push(...(extractFrom.cookies ?? []));
}

/** Key of the ConfigMap with a key set; without it, its first value counts. */
const JWKS_KEY = 'jwks';

function keySet(provider: JwtProviderSpec, place: ProviderPlace): JwtProviderInput['jwks'] | undefined {
  const { policy, path, context } = place;
  const uri = provider.remoteJWKS?.uri;
  if (uri !== undefined) {
    if (url.safeParse(uri).success) return { url: uri };
    const message = `${JSON.stringify(uri)} is not a URL that key sets are fetched from`;
    context.report.error(policy, [...path, 'remoteJWKS', 'uri'], message, {
      fix: 'write one with http: or https:, without user, query and fragment',
    });
    return undefined;
  }
  const { inline, valueRef } = provider.localJWKS ?? {};
  if (inline !== undefined) return { inline };
  if (valueRef === undefined) return undefined;
  const map = context.set.find('ConfigMap', policy.namespace, valueRef.name);
  const values = map?.body.data ?? {};
  const text = Object.hasOwn(values, JWKS_KEY) ? values[JWKS_KEY] : Object.values(values)[0];
  if (text !== undefined) return { inline: String(text) };
  const what = map === undefined ? 'there is no ConfigMap' : 'there is no key set in ConfigMap';
  context.report.error(policy, [...path, 'localJWKS', 'valueRef'], `${what} ${policy.namespace}/${valueRef.name}`);
  return undefined;
}
