import { z } from 'zod';
import {
  backendReference,
  bodyMutation,
  durationText,
  gatewayParents,
  headerMatch,
  headerMutation,
  hostname,
  keyedList,
  kindWithSpec,
  list,
  llmRequestCost,
  objectName,
  rateLimitFromHeader,
  ruleMessage,
  unsupported,
} from './schema-parts.ts';

/**
 * Routing kinds of `aigateway.envoyproxy.io` (v1alpha1 and v1beta1 have the same shape):
 * https://aigateway.envoyproxy.io/docs/api/
 */

/** The API group of inference pools. */
export const INFERENCE_GROUP = 'inference.networking.k8s.io';

const routeBackend = z
  .strictObject({
    name: objectName,
    namespace: objectName.optional(),
    group: z.string().max(253).optional(),
    kind: z.string().max(63).optional(),
    modelNameOverride: z.string().optional(),
    weight: z.number().int().min(0).max(2147483647).optional(),
    priority: z.number().int().min(0).max(4294967295).optional(),
    headerMutation: headerMutation.optional(),
    bodyMutation: bodyMutation.optional(),
  })
  .refine(
    (reference) => (reference.group === undefined) === (reference.kind === undefined),
    ruleMessage('group and kind must be specified together'),
  )
  .refine(
    (reference) =>
      reference.group === undefined || (reference.group === INFERENCE_GROUP && reference.kind === 'InferencePool'),
    ruleMessage('only InferencePool from inference.networking.k8s.io group is supported'),
  );

const isPool = (reference: { kind?: string | undefined }): boolean => reference.kind !== undefined;

const routeRule = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(253)
    .refine((name) => name !== 'route-not-found', ruleMessage('the rule name route-not-found is reserved'))
    .optional(),
  matches: list(z.strictObject({ headers: keyedList(headerMatch, 'name', { max: 16, ignoreCase: true }).optional() }), {
    max: 128,
  }).optional(),
  backendRefs: list(routeBackend, { max: 128 })
    .refine(
      (references) => references.every(isPool) || !references.some(isPool),
      ruleMessage('cannot mix InferencePool and AIServiceBackend references in the same rule'),
    )
    .refine(
      (references) => references.length < 2 || !references.every(isPool),
      ruleMessage('only one InferencePool backend is allowed per rule'),
    )
    .optional(),
  timeouts: z.strictObject({ request: durationText.optional(), backendRequest: durationText.optional() }).optional(),
  streamIdleTimeout: durationText.optional(),
  modelsOwnedBy: z.string().default('Envoy AI Gateway'),
  modelsCreatedAt: z.iso
    .datetime({ offset: true, error: ruleMessage('must be an RFC 3339 time such as 2025-05-30T19:00:00Z') })
    .optional(),
});

/** AIGatewayRoute. The number of rules has no upper bound here. */
export const aiGatewayRoute = kindWithSpec(
  z.strictObject({
    parentRefs: gatewayParents().optional(),
    hostnames: list(hostname, { max: 16 }).optional(),
    rules: list(routeRule, { min: 1 }).refine((rules) => {
      const names = rules.flatMap((rule) => (rule.name === undefined ? [] : [rule.name]));
      return new Set(names).size === names.length;
    }, ruleMessage('rule names must be unique within the route')),
    llmRequestCosts: keyedList(llmRequestCost, 'metadataKey', { max: 36 }).optional(),
    rateLimitsFromHeaders: keyedList(rateLimitFromHeader, 'metadataKey', { max: 36 }).optional(),
  }),
);

/** AIServiceBackend. */
export const aiServiceBackend = kindWithSpec(
  z.strictObject({
    schema: z.strictObject({
      name: z.enum([
        'OpenAI',
        'Cohere',
        'AWSBedrock',
        'AzureOpenAI',
        'GCPVertexAI',
        'GCPAnthropic',
        'Anthropic',
        'AWSAnthropic',
      ]),
      version: z.string().optional(),
      prefix: z.string().optional(),
    }),
    backendRef: backendReference.refine(
      (reference) => reference.kind === 'Backend' && reference.group === 'gateway.envoyproxy.io',
      ruleMessage('backendRef must be a Backend resource of Envoy Gateway'),
    ),
    headerMutation: headerMutation.optional(),
    bodyMutation: bodyMutation.optional(),
    responseBodyMutation: unsupported(),
  }),
);

/** GatewayConfig. */
export const gatewayConfigKind = kindWithSpec(
  z.strictObject({
    extProc: unsupported('has no meaning here: there is no separate processor container; ignored'),
    globalLLMRequestCosts: keyedList(llmRequestCost, 'metadataKey').optional(),
    globalRateLimitsFromHeaders: keyedList(rateLimitFromHeader, 'metadataKey', { max: 36 }).optional(),
    forwardProxy: z
      .strictObject({
        address: z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^:\s/]+):\d{1,5}$/, ruleMessage('address must be host:port')),
      })
      .optional(),
  }),
);
