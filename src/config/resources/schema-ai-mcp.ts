import { z } from 'zod';
import {
  accepted,
  areUnique,
  backendReference,
  gatewayParents,
  headerMatch,
  hostname,
  httpHeaderName,
  keyedList,
  kindWithSpec,
  list,
  objectName,
  ruleMessage,
  secretReference,
  targetReference,
  unsupported,
} from './schema-parts.ts';
import { selectCondition } from './schema-rate-limit.ts';

/** MCPRoute (v1alpha1 and v1beta1; checked, not acted on) and QuotaPolicy (v1alpha1) of `aigateway.envoyproxy.io`. */

const names = list(z.string(), { max: 32 });

const toolSelector = z
  .strictObject({
    include: names.optional(),
    includeRegex: names.optional(),
    exclude: names.optional(),
    excludeRegex: names.optional(),
  })
  .refine(
    (selector) => selector.include === undefined || selector.includeRegex === undefined,
    ruleMessage('include and includeRegex are mutually exclusive'),
  )
  .refine(
    (selector) => selector.exclude === undefined || selector.excludeRegex === undefined,
    ruleMessage('exclude and excludeRegex are mutually exclusive'),
  )
  .refine(
    (selector) => Object.values(selector).some((value) => value !== undefined),
    ruleMessage('at least one of include, includeRegex, exclude, or excludeRegex must be specified'),
  );

const backendApiKey = z
  .strictObject({
    secretRef: secretReference.optional(),
    inline: z.string().optional(),
    header: httpHeaderName.optional(),
    queryParam: z.string().min(1).optional(),
  })
  .refine(
    (key) => (key.secretRef === undefined) !== (key.inline === undefined),
    ruleMessage('exactly one of secretRef or inline must be set'),
  )
  .refine(
    (key) => key.header === undefined || key.queryParam === undefined,
    ruleMessage('only one of header or queryParam can be set'),
  );

const mcpBackend = backendReference.extend({
  path: z.string().max(1024).optional(),
  toolSelector: toolSelector.optional(),
  securityPolicy: z.strictObject({ apiKey: backendApiKey.optional(), awsCredentials: unsupported() }).optional(),
  forwardHeaders: list(z.strictObject({ name: httpHeaderName, backendHeader: httpHeaderName.optional() }), {
    max: 32,
  }).optional(),
});

const action = z.enum(['Allow', 'Deny']);
const cel = z.string().max(4096);

const jwtSource = z
  .strictObject({
    scopes: list(z.string().min(1), { max: 16 }).optional(),
    claims: list(
      z.strictObject({
        name: z.string().min(1),
        valueType: z.enum(['String', 'StringArray']).optional(),
        values: z.array(z.string()).min(1),
      }),
      { max: 16 },
    )
      .refine(
        (claims) => claims.every((claim) => claim.name !== 'scope'),
        ruleMessage("'scope' claim name is reserved for OAuth scopes"),
      )
      .optional(),
  })
  .refine(
    (jwt) => (jwt.scopes ?? []).length + (jwt.claims ?? []).length > 0,
    ruleMessage('either scopes or claims must be specified'),
  );

const authorizationRule = z.strictObject({
  source: z.strictObject({ jwt: jwtSource }).optional(),
  target: z
    .strictObject({
      tools: list(z.strictObject({ backend: z.string(), tool: z.string() }), { min: 1, max: 16 }),
    })
    .optional(),
  cel: cel.optional(),
  action: action.optional(),
});

const jwks = z
  .strictObject({
    remoteJWKS: z.looseObject({ uri: z.string().min(1) }).optional(),
    localJWKS: z
      .strictObject({
        type: z.enum(['Inline', 'ValueRef']).optional(),
        inline: z.string().optional(),
        valueRef: z.looseObject({ name: objectName }).optional(),
      })
      .optional(),
  })
  .refine(
    (value) => value.remoteJWKS !== undefined || value.localJWKS !== undefined,
    ruleMessage('either remoteJWKS or localJWKS must be specified.'),
  )
  .refine(
    (value) => value.remoteJWKS === undefined || value.localJWKS === undefined,
    ruleMessage('remoteJWKS and localJWKS cannot both be specified.'),
  );

const oauth = z.strictObject({
  issuer: z.string().min(1),
  audiences: list(z.string(), { max: 32 }).optional(),
  jwks: jwks.optional(),
  protectedResourceMetadata: z.strictObject({
    resource: z.string().min(1),
    resourceName: z.string().max(256).optional(),
    scopesSupported: list(z.string(), { max: 32 }).optional(),
    resourceSigningAlgValuesSupported: list(z.string(), { min: 1, max: 16 }).optional(),
    resourceDocumentation: z.string().optional(),
    resourcePolicyUri: z.string().optional(),
  }),
  claimToHeaders: list(z.strictObject({ claim: z.string().min(1), header: httpHeaderName }), { max: 16 }).optional(),
});

/** MCPRoute. */
export const mcpRoute = kindWithSpec(
  z.strictObject({
    parentRefs: gatewayParents({ min: 1 }),
    path: z.string().max(1024).optional(),
    hostnames: list(hostname, { max: 16 }).optional(),
    headers: keyedList(headerMatch, 'name', { max: 16, ignoreCase: true }).optional(),
    backendRefs: list(mcpBackend, { min: 1, max: 256 }).refine(
      (references) => areUnique(references, (reference) => reference.name),
      ruleMessage('all backendRefs names must be unique'),
    ),
    backendSelector: z
      .strictObject({
        defaultAction: action.optional(),
        rules: list(z.strictObject({ cel: cel.optional(), action: action.optional() }), { max: 32 }).optional(),
      })
      .optional(),
    securityPolicy: z
      .strictObject({
        oauth: oauth.optional(),
        apiKeyAuth: accepted(),
        extAuth: accepted(),
        authorization: z
          .strictObject({
            defaultAction: action.optional(),
            rules: list(authorizationRule, { max: 32 }).optional(),
          })
          .optional(),
      })
      .refine(
        (policy) =>
          policy.oauth !== undefined || !(policy.authorization?.rules ?? []).some((rule) => rule.source !== undefined),
        ruleMessage('oauth must be configured when any authorization rule uses a jwt source'),
      )
      .optional(),
  }),
);

const quotaValue = z.strictObject({
  limit: z.number().int().nonnegative(),
  duration: z.enum(['1s', '1m', '1h', '1d']),
});

/** QuotaPolicy. */
export const quotaPolicy = kindWithSpec(
  z.strictObject({
    targetRefs: list(targetReference, { max: 16 })
      .refine(
        (references) =>
          references.every(({ group, kind }) => group === 'aigateway.envoyproxy.io' && kind === 'AIServiceBackend'),
        ruleMessage('targetRefs must reference AIServiceBackend resources'),
      )
      .optional(),
    serviceQuota: z.strictObject({ costExpression: z.string().optional(), quota: quotaValue }).optional(),
    perModelQuotas: list(
      z.strictObject({
        modelName: z.string().min(1),
        quota: z.strictObject({
          costExpression: z.string().optional(),
          mode: z.enum(['Shared']).optional(),
          defaultBucket: quotaValue.optional(),
          bucketRules: z
            .array(
              z.strictObject({
                clientSelectors: list(selectCondition, { max: 8 }).optional(),
                quota: quotaValue,
                shadowMode: z.boolean().optional(),
              }),
            )
            .optional(),
        }),
      }),
      { max: 128 },
    ).optional(),
  }),
);

/** The spec of a QuotaPolicy. */
export type QuotaSpec = z.output<typeof quotaPolicy>['spec'];
