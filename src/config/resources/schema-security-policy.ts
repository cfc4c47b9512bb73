import { z } from 'zod';
import {
  accepted,
  httpHeaderName,
  kindWithSpec,
  list,
  localObjectReference,
  policyTargets,
  ruleMessage,
  secretReference,
  unsupported,
} from './schema-parts.ts';

/** SecurityPolicy of Envoy Gateway: https://gateway.envoyproxy.io/docs/api/extension_types/#securitypolicy */

const places = z.array(z.string().min(1)).min(1);

const extractFrom = z
  .strictObject({
    headers: z.array(httpHeaderName).min(1).optional(),
    params: places.optional(),
    cookies: places.optional(),
  })
  .refine(
    (from) => [from.headers, from.params, from.cookies].filter((value) => value !== undefined).length === 1,
    ruleMessage('exactly one of headers, params, or cookies must be specified'),
  );

const apiKeyAuth = z.strictObject({
  credentialRefs: z.array(secretReference).min(1),
  extractFrom: z.array(extractFrom).min(1),
  forwardClientIDHeader: httpHeaderName.optional(),
  // A client's key never reaches a provider, whatever this says.
  sanitize: z.boolean().optional(),
});

const basicAuth = z.strictObject({ users: secretReference, forwardUsernameHeader: httpHeaderName.optional() });

const jwtProvider = z
  .strictObject({
    name: z.string().min(1).max(253),
    issuer: z.string().max(253).optional(),
    audiences: list(z.string(), { max: 8 }).optional(),
    remoteJWKS: z
      .strictObject({
        uri: z.string().min(1),
        backendRef: unsupported(),
        backendRefs: unsupported('is not supported yet: the key set is fetched from its uri; ignored'),
        backendSettings: unsupported(),
        // Key sets are kept and fetched again when a token names a key that is not among them.
        cacheDuration: accepted(),
      })
      .optional(),
    localJWKS: z
      .strictObject({
        type: z.enum(['Inline', 'ValueRef']).optional(),
        inline: z.string().min(1).optional(),
        valueRef: localObjectReference.optional(),
      })
      .refine(
        (jwks) => (jwks.inline !== undefined) !== (jwks.valueRef !== undefined),
        ruleMessage('Exactly one of inline or valueRef must be set with correct type.'),
      )
      .optional(),
    claimToHeaders: list(z.strictObject({ claim: z.string().min(1), header: httpHeaderName }), { max: 16 }).optional(),
    // Limits and routes read the claims themselves, so there is nothing to compute again.
    recomputeRoute: z.boolean().optional(),
    extractFrom: z
      .strictObject({
        headers: z.array(z.strictObject({ name: httpHeaderName, valuePrefix: z.string().optional() })).optional(),
        cookies: z.array(z.string().min(1)).optional(),
        params: z.array(z.string().min(1)).optional(),
      })
      .optional(),
  })
  .refine(
    (provider) => provider.remoteJWKS !== undefined || provider.localJWKS !== undefined,
    ruleMessage('either remoteJWKS or localJWKS must be specified.'),
  )
  .refine(
    (provider) => provider.remoteJWKS === undefined || provider.localJWKS === undefined,
    ruleMessage('remoteJWKS and localJWKS cannot both be specified.'),
  );

/** SecurityPolicy. Sections that are not acted on are named in a warning, their content is not read. */
export const securityPolicy = kindWithSpec(
  z.strictObject({
    ...policyTargets,
    apiKeyAuth: apiKeyAuth.optional(),
    basicAuth: basicAuth.optional(),
    jwt: z
      .strictObject({
        optional: z.boolean().optional(),
        providers: list(jwtProvider, { min: 1, max: 4 }).refine(
          (providers) => new Set(providers.map(({ name }) => name)).size === providers.length,
          ruleMessage('provider names must be unique'),
        ),
      })
      .optional(),
    oidc: accepted(),
    extAuth: accepted(),
    authorization: accepted(),
    cors: accepted(),
    csrf: unsupported(),
    mergeType: z.string().optional(),
  }),
);

/** The spec of a SecurityPolicy. */
export type SecuritySpec = z.output<typeof securityPolicy>['spec'];
/** A provider of tokens. */
export type JwtProviderSpec = z.output<typeof jwtProvider>;
