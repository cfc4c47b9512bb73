import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ai, FRAME, load, route, routesOf, secret, sourcesOf } from './resource-documents.test.ts';
import { commonHostnames } from './route-attachment.ts';

function traffic(retry: string): string {
  return `---\n{apiVersion: gateway.envoyproxy.io/v1alpha1, kind: BackendTrafficPolicy, metadata: {name: t}, spec: {targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: x}], retry: ${retry}}}\n`;
}

function keyPolicy(name: string): string {
  return `{targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: a}], type: APIKey, apiKey: {secretRef: {name: ${name}}}}`;
}

const TO_A = 'backendRefs: [{name: a}]';

test('more header conditions win, then exact ones, then the older route, then the order', () => {
  const names = routesOf(
    `${route(`[{${TO_A}}, {matches: [{headers: [{type: RegularExpression, name: x-ai-eg-model, value: ".*"}]}, {headers: [{name: x-a, value: "1"}, {name: x-b, value: "1"}]}], ${TO_A}}]`)}
${route(`[{matches: [{headers: [{name: x-ai-eg-model, value: m}]}], ${TO_A}}]`, 'name: young, creationTimestamp: "2026-02-01T00:00:00Z"')}
${route(`[{matches: [{headers: [{name: x-ai-eg-model, value: m}]}], ${TO_A}}]`, 'name: old, creationTimestamp: "2026-01-01T00:00:00Z"')}`,
  ).map(({ name }) => name);
  assert.deepEqual(names, [
    'default/x/rule/1/match/1',
    'default/old/rule/0',
    'default/young/rule/0',
    'default/x/rule/1/match/0',
    'default/x/rule/0',
  ]);
});

test('a backend of no namespace is that of the route; another namespace needs a grant', () => {
  const text = `${FRAME}${route('[{backendRefs: [{name: a, namespace: far}]}]')}`;
  assert.deepEqual(load(text).errors, [
    'AIGatewayRoute default/x: spec.rules[0].backendRefs[0].name: no ReferenceGrant in namespace far lets AIGatewayRoute of namespace default refer to AIServiceBackend far/a; add a ReferenceGrant to namespace far',
  ]);
  const grant = `---
{apiVersion: gateway.networking.k8s.io/v1beta1, kind: ReferenceGrant, metadata: {name: r, namespace: far}, spec: {from: [{group: aigateway.envoyproxy.io, kind: AIGatewayRoute, namespace: default}], to: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend}]}}
`;
  assert.deepEqual(load(`${text}${grant}`).errors, [
    'AIGatewayRoute default/x: spec.rules[0].backendRefs[0].name: there is no AIServiceBackend far/a; did you mean default/a?',
  ]);
});

test('a backend that is not there is named with the nearest one', () => {
  assert.deepEqual(load(`${FRAME}${route('[{backendRefs: [{name: aa}]}]')}`).errors, [
    'AIGatewayRoute default/x: spec.rules[0].backendRefs[0].name: there is no AIServiceBackend default/aa; did you mean default/a?',
  ]);
});

test('a rule without a usable backend is left out with a warning', () => {
  const { config, warnings } = load(
    `${FRAME}${route(`[{matches: [{headers: [{name: x-a, value: "1"}]}]}, {backendRefs: [{name: a, weight: 0}]}, {${TO_A}}]`)}`,
  );
  assert.deepEqual(
    config.virtual_services?.[0]?.virtual_routes?.map(({ name }) => name),
    ['default/x/rule/2'],
  );
  assert.deepEqual(warnings, [
    'AIGatewayRoute default/x: spec.rules[0]: has no backendRefs: its requests are not answered',
    'AIGatewayRoute default/x: spec.rules[1]: all backends of priority 0 have weight 0: its requests are not answered',
  ]);
});

test('the lowest priority splits, the others fall back, counted from it', () => {
  const [made] = routesOf(
    `${ai('AIServiceBackend', '{schema: {name: OpenAI}, backendRef: {group: gateway.envoyproxy.io, kind: Backend, name: b}}', 'name: second')}${route('[{backendRefs: [{name: a, priority: 4}, {name: second, priority: 3}]}]')}`,
  );
  assert.deepEqual(made?.split, [{ cluster: 'default/second' }]);
  assert.deepEqual(made?.fallback, [{ cluster: 'default/a', priority: 1 }]);
});

test('retry: Envoy Gateway’s defaults, its triggers, and no retry of its own without a policy', () => {
  const rules = `[{${TO_A}}]`;
  const retryOf = (retry: string) => routesOf(`${route(rules)}${traffic(retry)}`)[0]?.retry;
  assert.equal(routesOf(route(rules))[0]?.retry, undefined);
  assert.deepEqual(retryOf('{}'), { attempts: 3, on: ['connect', 'reset', 'status'], on_status: [503] });
  assert.deepEqual(retryOf('{numRetries: 0, retryOn: {triggers: [connect-failure]}}'), {
    attempts: 1,
    on: ['connect'],
  });
  assert.deepEqual(retryOf('{retryOn: {httpStatusCodes: [500, 429]}}'), {
    attempts: 3,
    on: ['connect', 'reset', 'status'],
    on_status: [429, 500],
  });
  const all = retryOf('{numRetries: 40, retryOn: {triggers: [5xx]}}');
  assert.equal(all?.attempts, 20);
  assert.deepEqual(all?.on, ['connect', 'reset', 'timeout', 'status']);
  assert.equal(all?.on_status?.length, 100);
});

test('backendRequest bounds an attempt; a rule’s request timeout is its own', () => {
  const [made] = routesOf(
    `${route(`[{timeouts: {request: 0s, backendRequest: 7s}, ${TO_A}}]`)}${traffic('{perRetry: {timeout: 3s}}')}`,
  );
  assert.equal(made?.retry?.per_try_timeout, '3s');
  assert.deepEqual(made?.timeout, { request: '0s' });
  const [plain] = routesOf(route(`[{timeouts: {backendRequest: 7s}, ${TO_A}}]`));
  assert.deepEqual(plain?.retry, { per_try_timeout: '7s' });
});

test('a Secret that is not there, or lacks its key, is an error of the policy', () => {
  const at = 'BackendSecurityPolicy default/x: spec.apiKey.secretRef: ';
  const text = `${FRAME}${ai('BackendSecurityPolicy', keyPolicy('s'))}`;
  assert.deepEqual(load(`${text}${secret('stringData: {apiKey: k}', 'name: other')}`).errors, [
    `${at}there is no Secret default/s`,
  ]);
  assert.deepEqual(load(`${text}${secret('stringData: {api-key: k}')}`).errors, [
    `${at}Secret default/s has no key apiKey; rename its key api-key to apiKey`,
  ]);
  assert.deepEqual(load(`${text}${secret('data: {apiKey: "not base64!"}')}`).errors, [
    'Secret default/s: data.apiKey: is not base64; write plain text under stringData',
  ]);
});

test('a value that this machine lacks is a warning, and the cluster refuses what brings no key', () => {
  const { config, errors, warnings } = load(
    `${FRAME}${ai('BackendSecurityPolicy', keyPolicy('s'))}${secret('type: Opaque', 'name: s, annotations: {substitution.aigw.run/env/apiKey: NOT_SET}')}`,
  );
  assert.deepEqual(errors, []);
  assert.deepEqual(warnings, [
    'BackendSecurityPolicy default/x: spec.apiKey.secretRef: Secret default/s, key apiKey: the environment variable NOT_SET is not set; requests to the targets of this policy are refused',
  ]);
  const cluster = config.static_cluster?.['default/a'];
  assert.deepEqual(cluster?.credential, { type: 'unavailable', reason: 'its Secret has no value on this machine' });
});

test('values of Secrets: variables and files win, base64 is decoded, white space around keys goes', () => {
  const world = sourcesOf({ env: { KEY: 'from-env' }, files: { '/home/tester/k': ' from-file\n' } });
  const keyOf = (fields: string, annotations: string) => {
    const { config } = load(
      `${FRAME}${ai('BackendSecurityPolicy', keyPolicy('s'))}${secret(fields, `name: s, annotations: {${annotations}}`)}`,
      world,
    );
    return config.static_cluster?.['default/a']?.credential;
  };
  assert.deepEqual(keyOf('stringData: {apiKey: plain}', ''), { type: 'api_key', key: 'plain', scheme: 'bearer' });
  assert.deepEqual(keyOf('data: {apiKey: ZW5jb2RlZA==}', ''), { type: 'api_key', key: 'encoded', scheme: 'bearer' });
  assert.deepEqual(keyOf('stringData: {apiKey: plain}', 'substitution.aigw.run/env/apiKey: KEY'), {
    type: 'api_key',
    scheme: 'bearer',
    key: 'from-env',
  });
  assert.deepEqual(keyOf('type: Opaque', 'substitution.aigw.run/file/apiKey: ~/k'), {
    type: 'api_key',
    scheme: 'bearer',
    key: 'from-file',
  });
});

test('one BackendSecurityPolicy for a backend, and none for a backend that is not there', () => {
  const text = `${FRAME}${ai('BackendSecurityPolicy', keyPolicy('s'))}${ai('BackendSecurityPolicy', keyPolicy('s'), 'name: y')}${secret('stringData: {apiKey: k}')}`;
  assert.deepEqual(load(text).errors, [
    'BackendSecurityPolicy default/y: spec.targetRefs[0].name: rule "an AIServiceBackend is the target of one BackendSecurityPolicy": default/a is already the target of default/x',
  ]);
  const lost = ai('BackendSecurityPolicy', keyPolicy('s').replace('name: a', 'name: aa'));
  assert.deepEqual(load(`${FRAME}${lost}${secret('stringData: {apiKey: k}')}`).errors, [
    'BackendSecurityPolicy default/x: spec.targetRefs[0].name: there is no AIServiceBackend default/aa; did you mean default/a?',
  ]);
});

test('what a schema needs is asked for', () => {
  const made = (schema: string) =>
    load(
      `${FRAME}${ai('AIServiceBackend', `{schema: ${schema}, backendRef: {group: gateway.envoyproxy.io, kind: Backend, name: b}}`)}`,
    ).errors;
  assert.deepEqual(made('{name: AzureOpenAI}'), [
    'AIServiceBackend default/x: spec.schema: version is required for AzureOpenAI: it is sent as api-version; add version: 2024-10-21',
  ]);
  assert.deepEqual(made('{name: GCPVertexAI}'), [
    'AIServiceBackend default/x: spec.schema.name: GCPVertexAI needs a project and a region; let a BackendSecurityPolicy of type GCPCredentials target this backend',
  ]);
});

test('endpoints that cannot be reached are errors', () => {
  const made = (spec: string) =>
    load(`${FRAME.replace('{endpoints: [{fqdn: {hostname: api.test, port: 443}}]}', spec)}`).errors;
  assert.deepEqual(made('{endpoints: [{unix: {path: /tmp/s}}]}'), [
    'Backend default/b: spec.endpoints[0].unix: Unix sockets are not supported; use fqdn or ip',
  ]);
  assert.deepEqual(made('{type: DynamicResolver}'), [
    'Backend default/b: spec.type: DynamicResolver is not supported; name the endpoints',
  ]);
  assert.deepEqual(made('{endpoints: [{fqdn: {hostname: "a/b", port: 80}}]}'), [
    'Backend default/b: spec.endpoints[0]: "a/b" is not a host name or IP address',
  ]);
});

test('a Gateway of an unknown class, and the routes of a Gateway that is not served', () => {
  const unknown = FRAME.replace('gatewayClassName: c', 'gatewayClassName: cc');
  assert.deepEqual(load(`${unknown}${route(`[{${TO_A}}]`)}`).errors, [
    'Gateway default/g: spec.gatewayClassName: there is no GatewayClass cc; did you mean c?',
  ]);
  const foreign = FRAME.replace('aigw.dev/gatewayclass-controller', 'example.com/other');
  const { config, warnings } = load(`${foreign}${route(`[{${TO_A}}]`)}`);
  assert.equal(config.listeners, undefined);
  assert.equal(config.virtual_services, undefined);
  assert.ok(
    warnings.includes(
      'AIGatewayRoute default/x: spec.parentRefs[0]: Gateway default/g is not served here: not attached to it',
    ),
  );
});

test('the same object twice is an error that names the first', () => {
  assert.deepEqual(load(`${FRAME}${secret('stringData: {a: b}')}${secret('stringData: {a: c}')}`).errors, [
    'Secret default/s: metadata.name: is defined before, at test.yaml:10',
  ]);
});

test('host names of listener and route meet as in the Gateway API', () => {
  assert.deepEqual(commonHostnames(undefined, []), ['*']);
  assert.deepEqual(commonHostnames(undefined, ['a.test']), ['a.test']);
  assert.deepEqual(commonHostnames('*.test', []), ['*.test']);
  assert.deepEqual(commonHostnames('*.test', ['a.test', 'a.b.test', 'test', 'a.other']), ['a.test', 'a.b.test']);
  assert.deepEqual(commonHostnames('a.test', ['*.test']), ['a.test']);
  assert.deepEqual(commonHostnames('*.b.test', ['*.test']), ['*.b.test']);
  assert.deepEqual(commonHostnames('a.test', ['b.test']), []);
});

test('own kinds: errors speak the author’s spelling', () => {
  const own = (kind: string, spec: string) =>
    load(`${FRAME}---\n{apiVersion: aigw.dev/v1alpha1, kind: ${kind}, metadata: {name: o}, spec: ${spec}}`).errors;
  assert.deepEqual(own('StaticCluster', '{provider: openai, connectTimout: 3s}'), [
    'StaticCluster default/o: spec.connectTimout: unknown field; did you mean `connectTimeout`?',
  ]);
  assert.deepEqual(own('StaticCluster', '{provider: openay}').length, 1);
  assert.deepEqual(own('VirtualService', '{name: o}'), [
    'VirtualService default/o: spec.name: unknown field; known here: listeners, domains, endpoints, modelAddressing, authFilter, rateLimit, budget, virtualRoutes',
  ]);
  assert.deepEqual(own('VirtualService', '{virtualRoutes: [{split: [{cluster: aa}]}]}'), [
    'VirtualService default/o: spec.virtualRoutes[0].split[0].cluster: there is no StaticCluster, DynamicCluster, AIServiceBackend default/aa; did you mean default/a?',
  ]);
  assert.deepEqual(own('VirtualRoute', '{split: [{cluster: a}], parentRefs: [{name: lost}]}'), [
    'VirtualRoute default/o: spec.parentRefs[0]: there is no VirtualService default/lost',
  ]);
});
