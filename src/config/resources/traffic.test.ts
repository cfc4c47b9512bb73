import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterInput } from './config-input.ts';
import { ai, FRAME, load, own, policy, route, routesOf, target } from './resource-documents.test.ts';

const RULES = '[{backendRefs: [{name: a}]}]';

function traffic(spec: string, targets = target(), metadata = 'name: p'): string {
  return policy('BackendTrafficPolicy', `{${targets}, ${spec}}`, metadata);
}

function clusterOf(spec: string) {
  const { config, errors, warnings } = load(`${FRAME}${route(RULES)}${traffic(spec)}`);
  assert.deepEqual(errors, []);
  const cluster: Partial<ClusterInput> = config.static_cluster?.['default/a'] ?? {};
  const { provider, credential, endpoint, ...rest } = cluster;
  return { traffic: rest, warnings };
}

test('passive health check: Envoy Gateway’s defaults, its thresholds, and none at all', () => {
  const breaker = (passive: string) => clusterOf(`healthCheck: {passive: ${passive}}`).traffic;
  assert.deepEqual(breaker('{}'), { circuit_breaker: { consecutive_errors: 5, open: '30s', max_open: '5m' } });
  assert.deepEqual(breaker('{consecutive5XxErrors: 2, consecutiveGatewayErrors: 3, baseEjectionTime: 10m}'), {
    circuit_breaker: { consecutive_errors: 2, open: '10m', max_open: '10m' },
  });
  assert.deepEqual(breaker('{consecutive5XxErrors: 0}'), { circuit_breaker: false });
  assert.deepEqual(breaker('{consecutive5XxErrors: 0, failurePercentageThreshold: 40}'), {
    circuit_breaker: {
      consecutive_errors: Number.MAX_SAFE_INTEGER,
      error_rate: { percent: 40 },
      open: '30s',
      max_open: '5m',
    },
  });
  assert.deepEqual(
    clusterOf('healthCheck: {passive: {consecutiveGatewayErrors: 1, splitExternalLocalOriginErrors: true}}').warnings,
    [
      'BackendTrafficPolicy default/p: spec.healthCheck.passive.splitExternalLocalOriginErrors: has no effect: failed connections count as errors like all others; ignored',
      'BackendTrafficPolicy default/p: spec.healthCheck.passive.consecutiveGatewayErrors: errors of all kinds are counted together: 1 in a row eject a backend',
    ],
  );
});

test('the share that may rest counts where a backend has several endpoints', () => {
  const two = FRAME.replace(
    '[{fqdn: {hostname: api.test, port: 443}}]',
    '[{ip: {address: 10.0.0.1, port: 80}}, {ip: {address: 10.0.0.2, port: 80}}]',
  );
  const spec = 'healthCheck: {passive: {maxEjectionPercent: 50}}';
  const percentOf = (frame: string) => {
    const breaker = load(`${frame}${route(RULES)}${traffic(spec)}`).config.static_cluster?.['default/a']
      ?.circuit_breaker;
    return breaker === undefined || breaker === false ? breaker : breaker.max_ejected_percent;
  };
  assert.equal(percentOf(two), 50);
  assert.equal(percentOf(FRAME), undefined);
});

test('active health check: HTTP with its defaults, nothing else', () => {
  assert.deepEqual(clusterOf('healthCheck: {active: {type: HTTP, http: {path: /healthz}}}').traffic, {
    health_check: { path: '/healthz', timeout: '1s', interval: '3s', unhealthy: 3, healthy: 1 },
  });
  const odd = clusterOf(
    'healthCheck: {panicThreshold: 10, active: {type: HTTP, interval: 9s, http: {path: /, method: HEAD, expectedStatuses: [200, 404]}}}',
  );
  assert.deepEqual(odd.traffic.health_check, { path: '/', timeout: '1s', interval: '9s', unhealthy: 3, healthy: 1 });
  assert.deepEqual(odd.warnings, [
    'BackendTrafficPolicy default/p: spec.healthCheck.panicThreshold: has no meaning here: the last way to answer is always tried; ignored',
    'BackendTrafficPolicy default/p: spec.healthCheck.active.http.method: backends are asked with GET: ignored',
    'BackendTrafficPolicy default/p: spec.healthCheck.active.http.expectedStatuses: any 2xx counts as healthy, and nothing else: ignored',
  ]);
  assert.deepEqual(clusterOf('healthCheck: {active: {type: TCP, tcp: {}}}'), {
    traffic: {},
    warnings: [
      'BackendTrafficPolicy default/p: spec.healthCheck.active.type: checks of type TCP are not supported, HTTP is: ignored',
    ],
  });
});

test('circuit breaker: what is refused at once, what waits, connections of each endpoint', () => {
  const breaker = (spec: string) => clusterOf(`circuitBreaker: ${spec}`).traffic;
  assert.deepEqual(breaker('{}'), {});
  assert.deepEqual(breaker('{maxParallelRequests: 8}'), { concurrency: { requests: 8, queue: 0 } });
  assert.deepEqual(breaker('{maxConnections: 4}'), { concurrency: { requests: 4, queue: 1024 } });
  assert.deepEqual(breaker('{maxConnections: 4, maxPendingRequests: 0}'), { concurrency: { requests: 4, queue: 0 } });
  assert.deepEqual(breaker('{maxParallelRequests: 8, maxPendingRequests: 2, perEndpoint: {maxConnections: 3}}'), {
    max_connections: 3,
    concurrency: { requests: 8, queue: 2 },
  });
  assert.deepEqual(clusterOf('circuitBreaker: {maxParallelRequests: 0, maxRequestsPerConnection: 5}').warnings, [
    'BackendTrafficPolicy default/p: spec.circuitBreaker.maxRequestsPerConnection: is not supported yet: ignored',
    'BackendTrafficPolicy default/p: spec.circuitBreaker: lets no request through; here at least one may be in flight',
  ]);
});

test('load balancer: kinds of turns for endpoints, a hash for callers, slow start', () => {
  assert.deepEqual(clusterOf('loadBalancer: {type: LeastRequest, slowStart: {window: 90s}}'), {
    traffic: { balance: 'least_requests', slow_start: '90s' },
    warnings: [],
  });
  const sticky = (hash: string) => {
    const text = `${FRAME}${route(RULES)}${traffic(`loadBalancer: {type: ConsistentHash, consistentHash: ${hash}}`)}`;
    const { config, warnings } = load(text);
    return [config.virtual_services?.[0]?.virtual_routes?.[0]?.split_by, ...warnings];
  };
  assert.deepEqual(sticky('{type: SourceIP, tableSize: 101}'), ['ip']);
  assert.deepEqual(sticky('{type: Header, header: {name: X-S}}'), [{ header: 'X-S' }]);
  assert.deepEqual(sticky('{type: Headers, headers: [{name: x-s}]}'), [{ header: 'x-s' }]);
  const at = 'BackendTrafficPolicy default/p: spec.loadBalancer.consistentHash: a hash';
  assert.deepEqual(sticky('{type: Headers, headers: [{name: a}, {name: b}]}'), [
    undefined,
    `${at} of several headers is not supported: targets are used in turn`,
  ]);
  assert.deepEqual(sticky('{type: Cookie, cookie: {name: c}}'), [
    undefined,
    `${at} of type Cookie is not supported: targets are used in turn`,
  ]);
  assert.deepEqual(clusterOf('loadBalancer: {type: Random}').warnings, [
    'BackendTrafficPolicy default/p: spec.loadBalancer.type: Random is not supported: endpoints are used in turn',
  ]);
});

test('times: connect, the shorter of request and stream, idle', () => {
  assert.deepEqual(clusterOf('timeout: {tcp: {connectTimeout: 2s}}').traffic, { connect_timeout: '2s' });
  const timeoutOf = (http: string, rule = '') =>
    routesOf(`${route(`[{${rule}backendRefs: [{name: a}]}]`)}${traffic(`timeout: {http: ${http}}`)}`)[0]?.timeout;
  assert.deepEqual(timeoutOf('{requestTimeout: 20s, maxStreamDuration: 1m}'), { request: '20s' });
  assert.deepEqual(timeoutOf('{requestTimeout: 0s, maxStreamDuration: 1m}'), { request: '1m' });
  assert.deepEqual(timeoutOf('{streamIdleTimeout: 7s}'), { first_token: '7s', idle: '7s' });
  assert.deepEqual(
    timeoutOf('{requestTimeout: 20s, streamIdleTimeout: 7s}', 'timeouts: {request: 3s}, streamIdleTimeout: 4s, '),
    {
      request: '3s',
      first_token: '4s',
      idle: '4s',
    },
  );
});

test('the most specific target holds: rule, route, listener, Gateway; labels choose too', () => {
  const attempts = (...policies: string[]) =>
    routesOf(
      `${route('[{name: r, backendRefs: [{name: a}]}]', 'name: x, labels: {tier: gold}')}${policies.join('')}`,
    )[0]?.retry?.attempts;
  const of = (retries: number, targets: string) =>
    traffic(`retry: {numRetries: ${retries}}`, targets, `name: p${retries}`);
  const gateway = of(1, target('Gateway', 'g'));
  const listener = of(2, target('Gateway', 'g', 'l'));
  const byLabel = of(
    3,
    'targetSelectors: [{kind: HTTPRoute, matchExpressions: [{key: tier, operator: In, values: [gold]}]}]',
  );
  const rule = of(4, target('HTTPRoute', 'x', 'r'));
  assert.equal(attempts(gateway), 2);
  assert.equal(attempts(gateway, listener), 3);
  assert.equal(attempts(gateway, listener, byLabel), 4);
  assert.equal(attempts(gateway, listener, byLabel, rule), 5);
  assert.equal(attempts(of(5, 'targetSelectors: [{kind: HTTPRoute, matchLabels: {tier: silver}}]')), undefined);
});

test('of two policies of one target the older holds', () => {
  const young = traffic('retry: {numRetries: 1}', target(), 'name: young, creationTimestamp: "2026-02-01T00:00:00Z"');
  const old = traffic('retry: {numRetries: 7}', target(), 'name: old, creationTimestamp: "2026-01-01T00:00:00Z"');
  const { config, warnings } = load(`${FRAME}${route(RULES)}${young}${old}`);
  assert.equal(config.virtual_services?.[0]?.virtual_routes?.[0]?.retry?.attempts, 8);
  assert.deepEqual(warnings, [
    'BackendTrafficPolicy default/young: spec.targetRefs[0]: default/x already has the policy default/old: ignored',
  ]);
});

test('mergeType adds to the wider policy, its rate limits under its own name', () => {
  const gateway = traffic(
    'retry: {numRetries: 1}, timeout: {http: {requestTimeout: 9s}, tcp: {connectTimeout: 1s}}, rateLimit: {global: {rules: [{limit: {requests: 3, unit: Hour}}]}}',
    target('Gateway', 'g'),
    'name: wide',
  );
  const merging = traffic(
    'mergeType: StrategicMerge, retry: {perRetry: {timeout: 2s}}, timeout: {tcp: {connectTimeout: 5s}}',
  );
  const { config, errors } = load(`${FRAME}${route(RULES)}${gateway}${merging}`);
  assert.deepEqual(errors, []);
  const [made] = config.virtual_services?.[0]?.virtual_routes ?? [];
  assert.deepEqual([made?.retry?.attempts, made?.retry?.per_try_timeout], [2, '2s']);
  assert.deepEqual(made?.timeout, { request: '9s' });
  assert.equal(config.static_cluster?.['default/a']?.connect_timeout, '5s');
  assert.equal(made?.rate_limit?.[0]?.counter, 'BackendTrafficPolicy default/wide/global/0 default/x');
  const replaced = load(`${FRAME}${route(RULES)}${gateway}${traffic('mergeType: Replace, retry: {}')}`).config;
  assert.deepEqual(replaced.virtual_services?.[0]?.virtual_routes?.[0]?.timeout, undefined);
});

test('rules with other policies get clusters of their own for one backend', () => {
  const rules =
    '[{name: one, backendRefs: [{name: a}]}, {name: two, matches: [{headers: [{name: x-a, value: "1"}]}], backendRefs: [{name: a}]}]';
  const of = (rule: string, window: string) =>
    traffic(`timeout: {tcp: {connectTimeout: ${window}}}`, target('HTTPRoute', 'x', rule), `name: p-${rule}`);
  const made = (text: string) => {
    const { config, errors } = load(`${FRAME}${route(rules)}${text}`);
    assert.deepEqual(errors, []);
    const clusters = Object.entries(config.static_cluster ?? {}).map(([name, { connect_timeout }]) => [
      name,
      connect_timeout,
    ]);
    const uses = (config.virtual_services ?? []).flatMap(({ virtual_routes = [] }) =>
      virtual_routes.map(({ name, split }) => [name, split[0]?.cluster]),
    );
    return { clusters: Object.fromEntries(clusters), uses: Object.fromEntries(uses) };
  };
  assert.deepEqual(made(of('one', '1s')), {
    clusters: { 'default/a': undefined, 'default/a@default/p-one': '1s' },
    uses: { 'default/x/rule/0': 'default/a@default/p-one', 'default/x/rule/1': 'default/a' },
  });
  assert.deepEqual(made(`${of('one', '1s')}${of('two', '1s')}`), {
    clusters: { 'default/a': '1s' },
    uses: { 'default/x/rule/0': 'default/a', 'default/x/rule/1': 'default/a' },
  });
  assert.deepEqual(made(`${of('one', '1s')}${of('two', '2s')}`), {
    clusters: { 'default/a': '1s', 'default/a@default/p-two': '2s' },
    uses: { 'default/x/rule/0': 'default/a', 'default/x/rule/1': 'default/a@default/p-two' },
  });
  const elsewhere = own('VirtualService', '{domains: [labs.test], virtualRoutes: [{split: [{cluster: a}]}]}');
  assert.equal(made(`${of('one', '1s')}${of('two', '1s')}${elsewhere}`).clusters['default/a'], undefined);
});

test('Backend.fallback: after all others, unless the route gives it a place', () => {
  const spare = `${ai('AIServiceBackend', '{schema: {name: OpenAI}, backendRef: {group: gateway.envoyproxy.io, kind: Backend, name: f}}', 'name: spare')}${policy('Backend', '{fallback: true, endpoints: [{fqdn: {hostname: spare.test, port: 443}}]}', 'name: f')}`;
  const targets = (references: string) => {
    const [made] = routesOf(`${spare}${route(`[{backendRefs: ${references}}]`)}`);
    return [
      made?.split.map(({ cluster }) => cluster),
      made?.fallback?.map(({ cluster, priority }) => [cluster, priority]),
    ];
  };
  assert.deepEqual(targets('[{name: spare}, {name: a}]'), [['default/a'], [['default/spare', 1]]]);
  assert.deepEqual(targets('[{name: spare, priority: 0}, {name: a, priority: 2}]'), [
    ['default/a'],
    [['default/spare', 1]],
  ]);
  assert.deepEqual(targets('[{name: spare, priority: 1}, {name: a, priority: 2}]'), [
    ['default/spare'],
    [['default/a', 1]],
  ]);
  assert.deepEqual(targets('[{name: spare}]'), [['default/spare'], undefined]);
});
