import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './resource-documents.test.ts';

/** One object that breaks one rule: its kind, its spec as YAML, and the whole message. */
type RuleCase = readonly [kind: string, spec: string, message: string];

const VERSIONS: Record<string, string> = {
  QuotaPolicy: 'aigateway.envoyproxy.io/v1alpha1',
  Gateway: 'gateway.networking.k8s.io/v1',
  BackendTLSPolicy: 'gateway.networking.k8s.io/v1',
  Backend: 'gateway.envoyproxy.io/v1alpha1',
  BackendTrafficPolicy: 'gateway.envoyproxy.io/v1alpha1',
  ClientTrafficPolicy: 'gateway.envoyproxy.io/v1alpha1',
};

function errorsOf(kind: string, spec: string): string[] {
  const apiVersion = VERSIONS[kind] ?? 'aigateway.envoyproxy.io/v1beta1';
  return load(`{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: x}, spec: ${spec}}`).errors;
}

function many(count: number, item: (index: number) => string): string {
  return `[${Array.from({ length: count }, (_, index) => item(index)).join(', ')}]`;
}

const TARGET = '{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: a}';
const REF = '{group: gateway.envoyproxy.io, kind: Backend, name: a}';
const OIDC = '{oidc: {provider: {issuer: "https://i"}, clientID: c, clientSecret: {name: s}}}';
const OAUTH = 'oauth: {issuer: "https://i", protectedResourceMetadata: {resource: "https://r"}}';

const rule = (body: string) => `{rules: [${body}]}`;
const backends = (body: string) => rule(`{backendRefs: ${body}}`);
const mutation = (body: string) => backends(`[{name: a, ${body}}]`);
const mcp = (body: string) => `{parentRefs: [{name: g}], backendRefs: [{name: a}], ${body}}`;
const mcpBackend = (body: string) => `{parentRefs: [{name: g}], backendRefs: [{name: a, ${body}}]}`;
const policy = (body: string) => `{targetRefs: [${TARGET}], ${body}}`;
const quota = (body: string) => `{perModelQuotas: [{modelName: m, quota: ${body}}]}`;

const AI_ROUTE: RuleCase[] = [
  ['AIGatewayRoute', '{}', 'spec.rules: is required'],
  ['AIGatewayRoute', '{rules: []}', 'spec.rules: rule "must have at least 1 items"'],
  [
    'AIGatewayRoute',
    `{parentRefs: ${many(17, (i) => `{name: g${i}}`)}, rules: [{}]}`,
    'spec.parentRefs: rule "must have at most 16 items"',
  ],
  [
    'AIGatewayRoute',
    '{parentRefs: [{kind: Service, name: g}], rules: [{}]}',
    'spec.parentRefs: rule "only Gateway is supported"',
  ],
  [
    'AIGatewayRoute',
    `{hostnames: ${many(17, (i) => `h${i}`)}, rules: [{}]}`,
    'spec.hostnames: rule "must have at most 16 items"',
  ],
  [
    'AIGatewayRoute',
    '{hostnames: ["https://a.test"], rules: [{}]}',
    'spec.hostnames[0]: rule "must be a host name such as ai.example.com or *.example.com"',
  ],
  ['AIGatewayRoute', rule('{name: a}, {name: a}'), 'spec.rules: rule "rule names must be unique within the route"'],
  [
    'AIGatewayRoute',
    rule('{name: route-not-found}'),
    'spec.rules[0].name: rule "the rule name route-not-found is reserved"',
  ],
  [
    'AIGatewayRoute',
    rule(`{matches: ${many(129, () => '{}')}}`),
    'spec.rules[0].matches: rule "must have at most 128 items"',
  ],
  [
    'AIGatewayRoute',
    rule(`{matches: [{headers: ${many(17, (i) => `{name: h${i}, value: v}`)}}]}`),
    'spec.rules[0].matches[0].headers: rule "must have at most 16 items"',
  ],
  [
    'AIGatewayRoute',
    rule('{matches: [{headers: [{name: a, value: v}, {name: A, value: w}]}]}'),
    'spec.rules[0].matches[0].headers: rule "name must be unique in the list"',
  ],
  [
    'AIGatewayRoute',
    rule('{matches: [{headers: [{type: Regex, name: a, value: v}]}]}'),
    'spec.rules[0].matches[0].headers[0].type: rule "must be one of Exact, RegularExpression"',
  ],
  [
    'AIGatewayRoute',
    rule('{matches: [{headers: [{name: "a b", value: v}]}]}'),
    'spec.rules[0].matches[0].headers[0].name: rule "must be an HTTP header name"',
  ],
  [
    'AIGatewayRoute',
    rule('{matches: [{headers: [{name: a, value: 1}]}]}'),
    'spec.rules[0].matches[0].headers[0].value: must be text, not a number; write it in quotes',
  ],
  [
    'AIGatewayRoute',
    backends(many(129, (i) => `{name: b${i}}`)),
    'spec.rules[0].backendRefs: rule "must have at most 128 items"',
  ],
  [
    'AIGatewayRoute',
    backends('[{name: a, kind: InferencePool}]'),
    'spec.rules[0].backendRefs[0]: rule "group and kind must be specified together"',
  ],
  [
    'AIGatewayRoute',
    backends('[{name: a, group: example.com, kind: Pool}]'),
    'spec.rules[0].backendRefs[0]: rule "only InferencePool from inference.networking.k8s.io group is supported"',
  ],
  [
    'AIGatewayRoute',
    backends('[{name: a}, {name: p, group: inference.networking.k8s.io, kind: InferencePool}]'),
    'spec.rules[0].backendRefs: rule "cannot mix InferencePool and AIServiceBackend references in the same rule"',
  ],
  [
    'AIGatewayRoute',
    backends(many(2, (i) => `{name: p${i}, group: inference.networking.k8s.io, kind: InferencePool}`)),
    'spec.rules[0].backendRefs: rule "only one InferencePool backend is allowed per rule"',
  ],
  ['AIGatewayRoute', backends('[{name: ""}]'), 'spec.rules[0].backendRefs[0].name: rule "must not be empty"'],
  ['AIGatewayRoute', mutation('weight: -1'), 'spec.rules[0].backendRefs[0].weight: rule "must be at least 0"'],
  ['AIGatewayRoute', mutation('priority: -1'), 'spec.rules[0].backendRefs[0].priority: rule "must be at least 0"'],
  [
    'AIGatewayRoute',
    mutation(`headerMutation: {set: ${many(17, (i) => `{name: h${i}, value: v}`)}}`),
    'spec.rules[0].backendRefs[0].headerMutation.set: rule "must have at most 16 items"',
  ],
  [
    'AIGatewayRoute',
    mutation('headerMutation: {set: [{name: a, value: v}, {name: A, value: w}]}'),
    'spec.rules[0].backendRefs[0].headerMutation.set: rule "name must be unique in the list"',
  ],
  [
    'AIGatewayRoute',
    mutation('headerMutation: {remove: [a, a]}'),
    'spec.rules[0].backendRefs[0].headerMutation.remove: rule "items must be unique"',
  ],
  [
    'AIGatewayRoute',
    mutation(`bodyMutation: {remove: ${many(17, (i) => `f${i}`)}}`),
    'spec.rules[0].backendRefs[0].bodyMutation.remove: rule "must have at most 16 items"',
  ],
  [
    'AIGatewayRoute',
    mutation('bodyMutation: {set: [{path: a, value: "1"}, {path: a, value: "2"}]}'),
    'spec.rules[0].backendRefs[0].bodyMutation.set: rule "path must be unique in the list"',
  ],
  [
    'AIGatewayRoute',
    mutation('bodyMutation: {set: [{path: "", value: "1"}]}'),
    'spec.rules[0].backendRefs[0].bodyMutation.set[0].path: rule "must not be empty"',
  ],
  [
    'AIGatewayRoute',
    rule('{timeouts: {request: soon}}'),
    'spec.rules[0].timeouts.request: rule "must be a duration such as 30s, 100ms or 1h30m"',
  ],
  [
    'AIGatewayRoute',
    rule('{modelsCreatedAt: yesterday}'),
    'spec.rules[0].modelsCreatedAt: rule "must be an RFC 3339 time such as 2025-05-30T19:00:00Z"',
  ],
  [
    'AIGatewayRoute',
    '{rules: [{}], llmRequestCosts: [{metadataKey: a, type: CEL}]}',
    'spec.llmRequestCosts[0]: rule "cel is required when type is CEL"',
  ],
  [
    'AIGatewayRoute',
    '{rules: [{}], llmRequestCosts: [{metadataKey: a, type: InputTokens}]}',
    'spec.llmRequestCosts[0].type: rule "must be one of InputToken, OutputToken, TotalToken, CachedInputToken, CacheCreationInputToken, ReasoningToken, CEL"; did you mean InputToken?',
  ],
  [
    'AIGatewayRoute',
    `{rules: [{}], llmRequestCosts: ${many(37, (i) => `{metadataKey: k${i}, type: InputToken}`)}}`,
    'spec.llmRequestCosts: rule "must have at most 36 items"',
  ],
  [
    'AIGatewayRoute',
    '{rules: [{}], llmRequestCosts: [{metadataKey: a, type: InputToken}, {metadataKey: a, type: OutputToken}]}',
    'spec.llmRequestCosts: rule "metadataKey must be unique in the list"',
  ],
];

const BACKEND: RuleCase[] = [
  [
    'AIServiceBackend',
    `{schema: {name: OpenAi}, backendRef: ${REF}}`,
    'spec.schema.name: rule "must be one of OpenAI, Cohere, AWSBedrock, AzureOpenAI, GCPVertexAI, GCPAnthropic, Anthropic, AWSAnthropic"; did you mean OpenAI?',
  ],
  [
    'AIServiceBackend',
    '{schema: {name: OpenAI}, backendRef: {kind: Service, name: a}}',
    'spec.backendRef: rule "backendRef must be a Backend resource of Envoy Gateway"',
  ],
  ['AIServiceBackend', '{schema: {name: OpenAI}}', 'spec.backendRef: is required'],
  [
    'GatewayConfig',
    '{forwardProxy: {address: "http://proxy"}}',
    'spec.forwardProxy.address: rule "address must be host:port"',
  ],
  [
    'GatewayConfig',
    '{globalLLMRequestCosts: [{metadataKey: a, type: CEL}]}',
    'spec.globalLLMRequestCosts[0]: rule "cel is required when type is CEL"',
  ],
];

const SECURITY: RuleCase[] = [
  [
    'BackendSecurityPolicy',
    `{targetRefs: ${many(17, () => TARGET)}, type: APIKey, apiKey: {secretRef: {name: s}}}`,
    'spec.targetRefs: rule "must have at most 16 items"',
  ],
  [
    'BackendSecurityPolicy',
    '{targetRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: a}], type: APIKey, apiKey: {secretRef: {name: s}}}',
    'spec.targetRefs: rule "targetRefs must reference AIServiceBackend or InferencePool resources"',
  ],
  [
    'BackendSecurityPolicy',
    policy('type: Key'),
    'spec.type: rule "must be one of APIKey, AWSCredentials, AzureAPIKey, AzureCredentials, GCPCredentials, AnthropicAPIKey"',
  ],
  ...(
    [
      ['APIKey', 'apiKey'],
      ['AWSCredentials', 'awsCredentials'],
      ['AzureAPIKey', 'azureAPIKey'],
      ['AzureCredentials', 'azureCredentials'],
      ['GCPCredentials', 'gcpCredentials'],
      ['AnthropicAPIKey', 'anthropicAPIKey'],
    ] as const
  ).map(
    ([type, block]): RuleCase => [
      'BackendSecurityPolicy',
      policy(`type: ${type}`),
      `spec: rule "When type is ${type}, only ${block} field should be set"`,
    ],
  ),
  [
    'BackendSecurityPolicy',
    policy('type: APIKey, apiKey: {secretRef: {name: s}}, azureAPIKey: {secretRef: {name: s}}'),
    'spec: rule "When type is APIKey, only apiKey field should be set"',
  ],
  [
    'BackendSecurityPolicy',
    policy('type: AWSCredentials, awsCredentials: {region: ""}'),
    'spec.awsCredentials.region: rule "must not be empty"',
  ],
  [
    'BackendSecurityPolicy',
    policy('type: AzureCredentials, azureCredentials: {clientID: c, tenantID: t}'),
    'spec.azureCredentials: rule "Exactly one of clientSecretRef or oidcExchangeToken must be specified"',
  ],
  [
    'BackendSecurityPolicy',
    policy(
      `type: AzureCredentials, azureCredentials: {clientID: c, tenantID: t, clientSecretRef: {name: s}, oidcExchangeToken: ${OIDC}}`,
    ),
    'spec.azureCredentials: rule "Exactly one of clientSecretRef or oidcExchangeToken must be specified"',
  ],
  [
    'BackendSecurityPolicy',
    policy(
      `type: GCPCredentials, gcpCredentials: {projectName: p, region: r, credentialsFile: {secretRef: {name: s}}, workloadIdentityFederationConfig: {projectID: p, workloadIdentityPoolName: a, workloadIdentityProviderName: b, oidcExchangeToken: ${OIDC}}}`,
    ),
    'spec.gcpCredentials: rule "At most one of credentialsFile or workloadIdentityFederationConfig may be specified"',
  ],
  [
    'BackendSecurityPolicy',
    policy('type: APIKey, apiKey: {secretRef: {name: s}}, credentialOverride: {}'),
    'spec.credentialOverride: rule "exactly one of fromRequestHeaders or fromDynamicMetadata must be specified"',
  ],
];

const MCP: RuleCase[] = [
  ['MCPRoute', '{parentRefs: [], backendRefs: [{name: a}]}', 'spec.parentRefs: rule "must have at least 1 items"'],
  [
    'MCPRoute',
    '{parentRefs: [{name: g, kind: Service}], backendRefs: [{name: a}]}',
    'spec.parentRefs: rule "only Gateway is supported"',
  ],
  ['MCPRoute', '{parentRefs: [{name: g}], backendRefs: []}', 'spec.backendRefs: rule "must have at least 1 items"'],
  [
    'MCPRoute',
    '{parentRefs: [{name: g}], backendRefs: [{name: a}, {name: a}]}',
    'spec.backendRefs: rule "all backendRefs names must be unique"',
  ],
  [
    'MCPRoute',
    mcpBackend('toolSelector: {include: [a], includeRegex: [b]}'),
    'spec.backendRefs[0].toolSelector: rule "include and includeRegex are mutually exclusive"',
  ],
  [
    'MCPRoute',
    mcpBackend('toolSelector: {exclude: [a], excludeRegex: [b]}'),
    'spec.backendRefs[0].toolSelector: rule "exclude and excludeRegex are mutually exclusive"',
  ],
  [
    'MCPRoute',
    mcpBackend('toolSelector: {}'),
    'spec.backendRefs[0].toolSelector: rule "at least one of include, includeRegex, exclude, or excludeRegex must be specified"',
  ],
  [
    'MCPRoute',
    mcpBackend('securityPolicy: {apiKey: {}}'),
    'spec.backendRefs[0].securityPolicy.apiKey: rule "exactly one of secretRef or inline must be set"',
  ],
  [
    'MCPRoute',
    mcpBackend('securityPolicy: {apiKey: {inline: k, header: a, queryParam: b}}'),
    'spec.backendRefs[0].securityPolicy.apiKey: rule "only one of header or queryParam can be set"',
  ],
  [
    'MCPRoute',
    mcp('securityPolicy: {authorization: {rules: [{source: {jwt: {scopes: [a]}}}]}}'),
    'spec.securityPolicy: rule "oauth must be configured when any authorization rule uses a jwt source"',
  ],
  [
    'MCPRoute',
    mcp(`securityPolicy: {${OAUTH}, authorization: {rules: [{source: {jwt: {}}}]}}`),
    'spec.securityPolicy.authorization.rules[0].source.jwt: rule "either scopes or claims must be specified"',
  ],
  [
    'MCPRoute',
    mcp(
      `securityPolicy: {${OAUTH}, authorization: {rules: [{source: {jwt: {claims: [{name: scope, values: [a]}]}}}]}}`,
    ),
    'spec.securityPolicy.authorization.rules[0].source.jwt.claims: rule "\'scope\' claim name is reserved for OAuth scopes"',
  ],
  [
    'MCPRoute',
    mcp('securityPolicy: {authorization: {rules: [{target: {tools: []}}]}}'),
    'spec.securityPolicy.authorization.rules[0].target.tools: rule "must have at least 1 items"',
  ],
  [
    'MCPRoute',
    mcp(`securityPolicy: {${OAUTH.replace('protected', 'jwks: {}, protected')}}`),
    'spec.securityPolicy.oauth.jwks: rule "either remoteJWKS or localJWKS must be specified."',
  ],
  [
    'MCPRoute',
    mcp(`backendSelector: {rules: [{cel: "${'x'.repeat(4097)}"}]}`),
    'spec.backendSelector.rules[0].cel: rule "must have at most 4096 characters"',
  ],
];

const REST: RuleCase[] = [
  [
    'QuotaPolicy',
    '{targetRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: a}]}',
    'spec.targetRefs: rule "targetRefs must reference AIServiceBackend resources"',
  ],
  [
    'QuotaPolicy',
    '{serviceQuota: {quota: {limit: 1, duration: 2h}}}',
    'spec.serviceQuota.quota.duration: rule "must be one of 1s, 1m, 1h, 1d"; did you mean 1h?',
  ],
  ['QuotaPolicy', quota('{mode: Exclusive}'), 'spec.perModelQuotas[0].quota.mode: rule "must be one of Shared"'],
  [
    'QuotaPolicy',
    quota(`{mode: Shared, bucketRules: [{quota: {limit: 1, duration: 1d}, clientSelectors: ${many(9, () => '{}')}}]}`),
    'spec.perModelQuotas[0].quota.bucketRules[0].clientSelectors: rule "must have at most 8 items"',
  ],
  [
    'Gateway',
    '{gatewayClassName: c, listeners: [{name: a, port: 1, protocol: HTTP}, {name: a, port: 2, protocol: HTTP}]}',
    'spec.listeners: rule "Listener name must be unique within the Gateway"',
  ],
  [
    'BackendTLSPolicy',
    `{targetRefs: [${REF}], validation: {hostname: h}}`,
    'spec.validation: rule "must specify either CACertificateRefs or WellKnownCACertificates"',
  ],
  [
    'BackendTLSPolicy',
    `{targetRefs: [${REF}], validation: {hostname: h, wellKnownCACertificates: System, caCertificateRefs: [{name: a}]}}`,
    'spec.validation: rule "must not contain both CACertificateRefs and WellKnownCACertificates"',
  ],
  ['Backend', '{endpoints: [{}]}', 'spec.endpoints[0]: rule "one of fqdn, ip or unix must be specified"'],
  [
    'BackendTrafficPolicy',
    '{retry: {retryOn: {triggers: [connect-failures]}}}',
    'spec.retry.retryOn.triggers[0]: rule "must be one of 5xx, gateway-error, reset, reset-before-request, connect-failure, retriable-4xx, refused-stream, retriable-status-codes, cancelled, deadline-exceeded, internal, resource-exhausted, unavailable"; did you mean connect-failure?',
  ],
  [
    'ClientTrafficPolicy',
    '{connection: {bufferLimit: lots}}',
    'spec.connection.bufferLimit: rule "must be a quantity such as 50Mi, 512Ki or 4096"',
  ],
];

for (const [kind, spec, message] of [...AI_ROUTE, ...BACKEND, ...SECURITY, ...MCP, ...REST]) {
  test(`${kind} is refused: ${message}`, () => {
    assert.deepEqual(errorsOf(kind, spec), [`${kind} default/x: ${message}`]);
  });
}

test('a route may have more than fifteen rules', () => {
  const { errors, warnings } = load(
    `{apiVersion: aigateway.envoyproxy.io/v1beta1, kind: AIGatewayRoute, metadata: {name: x}, spec: {rules: ${many(40, (i) => `{name: r${i}}`)}}}`,
  );
  assert.deepEqual(errors, []);
  assert.ok(warnings.every((line) => !line.includes('at most')));
});

test('v1alpha1 has the same rules', () => {
  const text =
    '{apiVersion: aigateway.envoyproxy.io/v1alpha1, kind: AIGatewayRoute, metadata: {name: x}, spec: {rules: []}}';
  assert.deepEqual(load(text).errors, ['AIGatewayRoute default/x: spec.rules: rule "must have at least 1 items"']);
});

test('an unknown field is a warning that names the nearest one, and does not hide a broken rule', () => {
  const { errors, warnings } = load(
    '{apiVersion: aigateway.envoyproxy.io/v1beta1, kind: AIGatewayRoute, metadata: {name: x}, spec: {rule: 1, rules: [{backendRef: [], name: route-not-found}]}}',
  );
  assert.deepEqual(errors, [
    'AIGatewayRoute default/x: spec.rules[0].name: rule "the rule name route-not-found is reserved"',
  ]);
  assert.deepEqual(warnings, [
    'AIGatewayRoute default/x: spec.rules[0].backendRef: is not a field of this kind: ignored; did you mean backendRefs?',
    'AIGatewayRoute default/x: spec.rule: is not a field of this kind: ignored; did you mean rules?',
  ]);
});

test('unknown kinds and versions are refused with the nearest known one', () => {
  const errors = (head: string) => load(`{${head}, metadata: {name: x}}`).errors;
  assert.match(
    errors('apiVersion: aigateway.envoyproxy.io/v1beta1, kind: AIGatewayRoutes')[0] ?? '',
    /^AIGatewayRoutes default\/x: kind: AIGatewayRoutes is not a known kind; known: AIGatewayRoute, .*; did you mean AIGatewayRoute\?$/,
  );
  assert.deepEqual(errors('apiVersion: aigateway.envoyproxy.io/v1, kind: AIGatewayRoute'), [
    'AIGatewayRoute default/x: apiVersion: aigateway.envoyproxy.io/v1 is not a version of AIGatewayRoute; known: aigateway.envoyproxy.io/v1beta1, aigateway.envoyproxy.io/v1alpha1; write aigateway.envoyproxy.io/v1beta1',
  ]);
  assert.deepEqual(errors('apiVersion: aigateway.envoyproxy.io/v1beta1, kind: QuotaPolicy'), [
    'QuotaPolicy default/x: apiVersion: aigateway.envoyproxy.io/v1beta1 is not a version of QuotaPolicy; known: aigateway.envoyproxy.io/v1alpha1; write aigateway.envoyproxy.io/v1alpha1',
  ]);
  assert.deepEqual(errors('apiVersion: aigw.dev/v1alpha1, kind: RequestTransform'), [
    'RequestTransform default/x: kind: RequestTransform is not supported yet; remove it, or use a gateway file',
  ]);
  assert.deepEqual(errors('apiVersion: v1'), [
    'object default/x: kind: is required; name a kind such as AIGatewayRoute',
  ]);
});

test('workloads beside a gateway are left alone with a warning', () => {
  const { errors, warnings } = load('{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {}}');
  assert.deepEqual(errors, []);
  assert.deepEqual(warnings, ['Deployment default/x: kind: is no configuration of a gateway: ignored']);
});
