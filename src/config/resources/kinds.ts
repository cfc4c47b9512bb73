import type { z } from 'zod';
import { mcpRoute, quotaPolicy } from './schema-ai-mcp.ts';
import { aiGatewayRoute, aiServiceBackend, gatewayConfigKind } from './schema-ai-routing.ts';
import { backendSecurityPolicy } from './schema-ai-security.ts';
import { backend, clientTrafficPolicy, envoyProxy } from './schema-envoy-gateway.ts';
import {
  backendTlsPolicy,
  configMap,
  gateway,
  gatewayClass,
  namespaceKind,
  referenceGrant,
  secretKind,
} from './schema-gateway-api.ts';
import { opaqueKind } from './schema-parts.ts';
import { securityPolicy } from './schema-security-policy.ts';
import { backendTrafficPolicy } from './schema-traffic.ts';

/** API groups of the kinds. */
export const GROUPS = {
  ai: 'aigateway.envoyproxy.io',
  envoy: 'gateway.envoyproxy.io',
  gateway: 'gateway.networking.k8s.io',
  inference: 'inference.networking.k8s.io',
  own: 'aigw.dev',
} as const;

const AI_VERSIONS = [`${GROUPS.ai}/v1beta1`, `${GROUPS.ai}/v1alpha1`] as const;
const ENVOY_VERSIONS = [`${GROUPS.envoy}/v1alpha1`] as const;
const GATEWAY_VERSIONS = [`${GROUPS.gateway}/v1`, `${GROUPS.gateway}/v1beta1`] as const;
const ALPHA_ROUTE_VERSIONS = [
  `${GROUPS.gateway}/v1`,
  `${GROUPS.gateway}/v1alpha3`,
  `${GROUPS.gateway}/v1alpha2`,
] as const;
const OWN_VERSIONS = [`${GROUPS.own}/v1alpha1`] as const;

interface KindDefinition {
  apiVersions: readonly string[];
  schema: z.ZodType;
  /** Set for kinds without a namespace. */
  clusterScoped?: boolean;
  /** Set for kinds that are read and not acted on: what to tell. */
  ignored?: string;
}

const NOT_YET = 'is not supported yet: ignored';

/** Every kind that may stand in a configuration. */
export const KINDS = {
  AIGatewayRoute: { apiVersions: AI_VERSIONS, schema: aiGatewayRoute },
  AIServiceBackend: { apiVersions: AI_VERSIONS, schema: aiServiceBackend },
  BackendSecurityPolicy: { apiVersions: AI_VERSIONS, schema: backendSecurityPolicy },
  GatewayConfig: { apiVersions: AI_VERSIONS, schema: gatewayConfigKind },
  MCPRoute: { apiVersions: AI_VERSIONS, schema: mcpRoute, ignored: NOT_YET },
  QuotaPolicy: { apiVersions: [`${GROUPS.ai}/v1alpha1`], schema: quotaPolicy },
  GatewayClass: { apiVersions: GATEWAY_VERSIONS, schema: gatewayClass, clusterScoped: true },
  Gateway: { apiVersions: GATEWAY_VERSIONS, schema: gateway },
  HTTPRoute: {
    apiVersions: GATEWAY_VERSIONS,
    schema: opaqueKind(),
    ignored: 'is not supported yet: ignored; its requests are not answered',
  },
  GRPCRoute: { apiVersions: ALPHA_ROUTE_VERSIONS, schema: opaqueKind(), ignored: 'is not supported: ignored' },
  TCPRoute: { apiVersions: ALPHA_ROUTE_VERSIONS, schema: opaqueKind(), ignored: 'is not supported: ignored' },
  TLSRoute: { apiVersions: ALPHA_ROUTE_VERSIONS, schema: opaqueKind(), ignored: 'is not supported: ignored' },
  UDPRoute: { apiVersions: ALPHA_ROUTE_VERSIONS, schema: opaqueKind(), ignored: 'is not supported: ignored' },
  ReferenceGrant: { apiVersions: [...GATEWAY_VERSIONS, `${GROUPS.gateway}/v1alpha2`], schema: referenceGrant },
  BackendTLSPolicy: {
    apiVersions: [`${GROUPS.gateway}/v1`, `${GROUPS.gateway}/v1alpha3`],
    schema: backendTlsPolicy,
  },
  Backend: { apiVersions: ENVOY_VERSIONS, schema: backend },
  BackendTrafficPolicy: { apiVersions: ENVOY_VERSIONS, schema: backendTrafficPolicy },
  ClientTrafficPolicy: { apiVersions: ENVOY_VERSIONS, schema: clientTrafficPolicy },
  SecurityPolicy: { apiVersions: ENVOY_VERSIONS, schema: securityPolicy },
  EnvoyProxy: { apiVersions: ENVOY_VERSIONS, schema: envoyProxy },
  HTTPRouteFilter: { apiVersions: ENVOY_VERSIONS, schema: opaqueKind(), ignored: NOT_YET },
  EnvoyExtensionPolicy: {
    apiVersions: ENVOY_VERSIONS,
    schema: opaqueKind(),
    ignored: 'has no meaning here: it extends an Envoy process; ignored',
  },
  EnvoyPatchPolicy: {
    apiVersions: ENVOY_VERSIONS,
    schema: opaqueKind(),
    ignored: 'has no meaning here: it changes the configuration of an Envoy process; ignored',
  },
  InferencePool: {
    apiVersions: [`${GROUPS.inference}/v1`, 'inference.networking.x-k8s.io/v1alpha2'],
    schema: opaqueKind(),
    ignored: NOT_YET,
  },
  Secret: { apiVersions: ['v1'], schema: secretKind },
  ConfigMap: { apiVersions: ['v1'], schema: configMap },
  Namespace: { apiVersions: ['v1'], schema: namespaceKind, clusterScoped: true },
  Service: {
    apiVersions: ['v1'],
    schema: opaqueKind(),
    ignored: 'is not used: a backend is named by a Backend resource; ignored',
  },
  AuthFilter: { apiVersions: OWN_VERSIONS, schema: opaqueKind() },
  DynamicCluster: { apiVersions: OWN_VERSIONS, schema: opaqueKind() },
  RateLimitFilter: { apiVersions: OWN_VERSIONS, schema: opaqueKind() },
  StaticCluster: { apiVersions: OWN_VERSIONS, schema: opaqueKind() },
  VirtualService: { apiVersions: OWN_VERSIONS, schema: opaqueKind() },
  VirtualRoute: { apiVersions: OWN_VERSIONS, schema: opaqueKind() },
} as const satisfies Record<string, KindDefinition>;

/** The name of a known kind. */
export type KindName = keyof typeof KINDS;

/** The checked document of a kind. */
export type KindBody<Kind extends KindName> = z.output<(typeof KINDS)[Kind]['schema']>;

/** The definition of a kind by its name; undefined for an unknown one. */
export function kindDefinition(name: string): KindDefinition | undefined {
  return Object.hasOwn(KINDS, name) ? KINDS[name as KindName] : undefined;
}

/** The group of a kind; empty for Kubernetes' own kinds. */
export function groupOf(kind: KindName): string {
  const [first = ''] = KINDS[kind].apiVersions;
  return first.includes('/') ? (first.split('/')[0] ?? '') : '';
}
