import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateValue } from '../validate.ts';
import type { LimitsInput } from './own-filters.ts';
import { FRAME, load, own, route, secret, sourcesOf } from './resource-documents.test.ts';

function made(text: string, sources = sourcesOf()) {
  const { config, errors, warnings } = load(`${FRAME}${text}`, sources);
  if (errors.length === 0) assert.deepEqual(validateValue(config).issues, []);
  return { config, errors, warnings };
}

const SERVICE = own('VirtualService', '{domains: [a.test], virtualRoutes: [{split: [{cluster: a}]}]}', 'front');

test('clusters take every field of the model, found ones too', () => {
  const fixed = own(
    'StaticCluster',
    '{provider: openai-compatible, endpoint: "http://m.test", apiKeys: [k1, k2], balance: latency, circuitBreaker: {consecutiveErrors: 2, errorRate: {percent: 30}}, concurrency: {requests: 4, queueTimeout: 1s}, slowStart: 10s, healthCheck: {path: /h}}',
    'fixed',
  );
  const found = own(
    'DynamicCluster',
    '{provider: vllm, dns: "vllm.svc:8000", refresh: 5s, circuitBreaker: false}',
    'found',
  );
  const routes = own(
    'VirtualService',
    '{virtualRoutes: [{split: [{cluster: found}], mirror: [{cluster: fixed, percent: 5}], splitBy: {header: X-S}, balance: {affinity: prefix, maxLoad: 2}, hedge: {after: 2s, minDelay: 50ms}, retry: {budget: {percent: 5, minPerSecond: 1}}}]}',
  );
  const { config, errors, warnings } = made(`${fixed}${found}${routes}`);
  assert.deepEqual([...errors, ...warnings], []);
  assert.deepEqual(config.static_cluster?.['default/fixed'], {
    provider: 'openai-compatible',
    endpoint: 'http://m.test',
    api_keys: ['k1', 'k2'],
    balance: 'latency',
    circuit_breaker: { consecutive_errors: 2, error_rate: { percent: 30 } },
    concurrency: { requests: 4, queue_timeout: '1s' },
    slow_start: '10s',
    health_check: { path: '/h' },
  });
  assert.deepEqual(config.dynamic_cluster, {
    'default/found': { provider: 'vllm', dns: 'vllm.svc:8000', refresh: '5s', circuit_breaker: false },
  });
  assert.deepEqual(config.virtual_services?.[0]?.virtual_routes?.[0], {
    split: [{ cluster: 'default/found' }],
    mirror: [{ cluster: 'default/fixed', percent: 5 }],
    split_by: { header: 'X-S' },
    balance: { affinity: 'prefix', max_load: 2 },
    hedge: { after: '2s', min_delay: '50ms' },
    retry: { budget: { percent: 5, min_per_second: 1 } },
  });
});

test('a name belongs to one cluster', () => {
  assert.deepEqual(
    made(
      `${own('StaticCluster', '{provider: demo}', 'c')}${own('DynamicCluster', '{provider: vllm, managed: true}', 'c')}`,
    ).errors,
    ['StaticCluster default/c: metadata.name: DynamicCluster default/c makes a cluster of the same name'],
  );
  assert.deepEqual(made(own('DynamicCluster', '{provider: vllm, managed: true}', 'a')).errors, [
    'DynamicCluster default/a: metadata.name: AIServiceBackend default/a makes a cluster of the same name',
  ]);
});

test('limits and guards stand in a service and its routes; clusters in them are named in full', () => {
  const { config, errors } = made(
    own(
      'VirtualService',
      '{authFilter: {apiKeys: [{name: ada, key: k}], extractFrom: {headers: [x-key]}, forwardClientId: X-Who, endUser: {header: x-u}}, rateLimit: [{by: key, requests: 600, per: minute}], budget: {usd: 5, warnAt: [50], onExhausted: refuse}, virtualRoutes: [{split: [{cluster: a}], rateLimit: [{match: {cluster: a}, inputTokens: 2M, per: day}]}]}',
    ),
  );
  assert.deepEqual(errors, []);
  const [service] = config.virtual_services ?? [];
  assert.deepEqual(service?.auth_filter, {
    api_keys: [{ name: 'ada', key: 'k' }],
    extract_from: { headers: ['x-key'] },
    forward_client_id: 'X-Who',
    end_user: { header: 'x-u' },
  });
  assert.deepEqual(service?.rate_limit, [{ by: 'key', requests: 600, per: 'minute' }]);
  assert.deepEqual(service?.budget, [{ usd: 5, warn_at: [50], on_exhausted: 'refuse' }]);
  assert.deepEqual(service?.virtual_routes?.[0]?.rate_limit, [
    { match: { cluster: 'default/a' }, input_tokens: '2M', per: 'day' },
  ]);
  assert.deepEqual(
    made(own('VirtualService', '{rateLimit: [{match: {cluster: aa}, requests: 1, per: day}], virtualRoutes: []}'))
      .errors,
    [
      'VirtualService default/o: spec.rateLimit[0].match.cluster: there is no StaticCluster, DynamicCluster, AIServiceBackend default/aa; did you mean default/a?',
    ],
  );
});

test('secretRef stands for a secret anywhere', () => {
  const cluster = own(
    'StaticCluster',
    '{provider: openai, credential: {type: api_key, key: {secretRef: {name: s}}}}',
    'c',
  );
  const service = own(
    'VirtualService',
    '{authFilter: {apiKeys: [{name: ada, key: {secretRef: {name: s, key: ada}}}]}, virtualRoutes: [{split: [{cluster: c}]}]}',
  );
  const { config, errors } = made(`${cluster}${service}${secret('stringData: {apiKey: " sk-1 ", ada: key-of-ada}')}`);
  assert.deepEqual(errors, []);
  assert.deepEqual(config.static_cluster?.['default/c']?.credential, { type: 'api_key', key: 'sk-1' });
  assert.deepEqual(config.virtual_services?.[0]?.auth_filter?.api_keys, [{ name: 'ada', key: 'key-of-ada' }]);
});

test('secretRef: what is not there does not load', () => {
  const errorsOf = (reference: string, more = '') =>
    made(`${own('StaticCluster', `{provider: openai, apiKey: ${reference}}`, 'c')}${more}`).errors;
  const at = 'StaticCluster default/c: spec.apiKey';
  assert.deepEqual(errorsOf('{secretRef: {name: s}}'), [`${at}.secretRef: there is no Secret default/s`]);
  assert.deepEqual(errorsOf('{secretRef: {name: s}}', secret('stringData: {key: k}')), [
    `${at}.secretRef: Secret default/s has no key apiKey; rename its key key to apiKey`,
  ]);
  assert.deepEqual(
    errorsOf(
      '{secretRef: {name: s}}',
      secret('type: Opaque', 'name: s, annotations: {substitution.aigw.run/env/apiKey: NO}'),
    ),
    [`${at}.secretRef: Secret default/s, key apiKey: the environment variable NO is not set`],
  );
  assert.match(errorsOf('{secretRef: {name: s, namespace: far}}')[0] ?? '', /no ReferenceGrant in namespace far/);
  assert.equal(errorsOf('{secret: s}').length, 1);
});

test('RateLimitFilter: on a Gateway, a service, a route of either kind; each target counts for itself', () => {
  const filter = (kind: string, name: string, id: string) =>
    own(
      'RateLimitFilter',
      `{targetRefs: [{kind: ${kind}, name: ${name}}], rateLimit: [{requests: 5, per: minute}], budget: {tokens: 9}}`,
      id,
    );
  const { config, errors } = made(
    `${route('[{backendRefs: [{name: a}]}, {matches: [{headers: [{name: x-a, value: "1"}]}], backendRefs: [{name: a}]}]')}${SERVICE}${own('VirtualRoute', '{parentRefs: [{name: front}], match: {model: m}, split: [{cluster: a}]}', 'extra')}${filter('Gateway', 'g', 'f1')}${filter('VirtualService', 'front', 'f2')}${filter('VirtualRoute', 'extra', 'f3')}${filter('AIGatewayRoute', 'x', 'f4')}`,
  );
  assert.deepEqual(errors, []);
  const counters = (level: LimitsInput | undefined) =>
    [...(level?.rate_limit ?? []), ...[level?.budget ?? []].flat()].map(({ counter }) => counter);
  const of = (id: string, target: string) => [
    `RateLimitFilter default/${id} ${target} rateLimit 0`,
    `RateLimitFilter default/${id} ${target} budget 0`,
  ];
  const [gateway1, gateway2] = of('f1', 'Gateway g');
  const [service1, service2] = of('f2', 'VirtualService front');
  const [routes, front] = config.virtual_services ?? [];
  assert.deepEqual(counters(routes), [gateway1, gateway2]);
  assert.deepEqual(counters(front), [service1, gateway1, service2, gateway2]);
  for (const one of routes?.virtual_routes ?? []) assert.deepEqual(counters(one), of('f4', 'AIGatewayRoute x'));
  assert.deepEqual(
    front?.virtual_routes?.map((one) => counters(one)),
    [[], of('f3', 'VirtualRoute extra')],
  );
});

test('AuthFilter: on a Gateway, a service or an AIGatewayRoute', () => {
  const filter = (kind: string, name: string, id: string) =>
    own('AuthFilter', `{targetRefs: [{kind: ${kind}, name: ${name}}], apiKeys: [{name: ${id}, key: k}]}`, id);
  const guards = (text: string) => {
    const { config, errors } = made(`${route('[{backendRefs: [{name: a}]}]')}${SERVICE}${text}`);
    assert.deepEqual(errors, []);
    return config.virtual_services?.map(({ auth_filter }) => {
      const keys = auth_filter?.api_keys;
      return Array.isArray(keys) ? keys[0]?.name : keys;
    });
  };
  assert.deepEqual(guards(filter('Gateway', 'g', 'f1')), ['f1', 'f1']);
  assert.deepEqual(guards(`${filter('Gateway', 'g', 'f1')}${filter('AIGatewayRoute', 'x', 'f2')}`), ['f2', 'f1']);
  assert.deepEqual(guards(filter('VirtualService', 'front', 'f3')), [undefined, 'f3']);
});

test('filters: what they cannot be attached to', () => {
  const errorsOf = (kind: string, target: string) =>
    made(
      `${SERVICE}${own('VirtualRoute', '{parentRefs: [{name: front}], split: [{cluster: a}]}', 'extra')}${own(kind, `{targetRefs: [{${target}}]}`)}`,
    ).errors;
  assert.deepEqual(errorsOf('AuthFilter', 'kind: VirtualRoute, name: extra'), [
    'AuthFilter default/o: spec.targetRefs: a VirtualRoute cannot be guarded alone: its service asks before it knows the route; target its VirtualService',
  ]);
  assert.deepEqual(errorsOf('RateLimitFilter', 'kind: VirtualService, name: frnt'), [
    'RateLimitFilter default/o: spec.targetRefs[0]: there is no VirtualService default/frnt; did you mean default/front?',
  ]);
  assert.deepEqual(errorsOf('RateLimitFilter', 'kind: Gateway, name: g, sectionName: l'), [
    'RateLimitFilter default/o: spec.targetRefs[0].sectionName: RateLimitFilter attaches to the whole Gateway; remove sectionName',
  ]);
  assert.equal(errorsOf('AuthFilter', 'kind: HTTPRoute, name: x').length, 1);
  assert.deepEqual(
    made(
      `${own('VirtualService', '{authFilter: {apiKeys: []}, virtualRoutes: []}', 'front')}${own('AuthFilter', '{targetRefs: [{kind: VirtualService, name: front}], apiKeys: []}')}`,
    ).errors,
    [
      'VirtualService default/front: spec.authFilter: stands beside an AuthFilter that targets this service; keep one of them',
    ],
  );
});
