import assert from 'node:assert/strict';
import test from 'node:test';
import { loadConfig } from '../config/load.ts';
import { compileSnapshot } from './compile.ts';
import type { Route, Snapshot, Target } from './snapshot.ts';

function compile(text: string): Snapshot {
  const { config, hash } = loadConfig([{ file: 'test.yaml', text }], {
    env: {},
    readText: () => '',
    homeDirectory: '/nonexistent',
  });
  return compileSnapshot(config, { revision: 1, hash });
}

function firstRoute(snapshot: Snapshot, model = 'm'): Route {
  const route = snapshot.services[0]?.routes.find({ model, path: '/v1/chat/completions', header: () => undefined });
  assert.ok(route !== undefined);
  return route;
}

const CLUSTERS = `static_cluster:
  a: { provider: openai, api_key: k }
  b: { provider: openai, api_key: k }
  c: { provider: openai, api_key: k }
  d: { provider: openai, api_key: k }
`;

test('endpoints become an origin, a host and a base path by the provider’s rule', () => {
  const cases: [fields: string, origin: string, base: string, bare: string][] = [
    ['provider: openai', 'https://api.openai.com', '/v1', ''],
    ['provider: openai, endpoint: "http://h:8000"', 'http://h:8000', '/v1', ''],
    ['provider: openai, endpoint: "http://h:8000/"', 'http://h:8000', '/v1', ''],
    ['provider: openai, endpoint: "http://h/api/v2/"', 'http://h', '/api/v2', '/api/v2'],
    ['provider: openai, endpoint: "http://h/api", prefix: v9', 'http://h', '/api/v9', '/api'],
    ['provider: openai, endpoint: "http://h", prefix: ""', 'http://h', '', ''],
    ['provider: openai, prefix: /openai/v1/', 'https://api.openai.com', '/openai/v1', ''],
    ['provider: groq', 'https://api.groq.com', '/openai/v1', ''],
    ['provider: anthropic', 'https://api.anthropic.com', '/v1', ''],
    ['provider: anthropic, endpoint: "https://proxy/anthropic"', 'https://proxy', '/anthropic/v1', '/anthropic'],
    ['provider: google', 'https://generativelanguage.googleapis.com', '/v1beta', ''],
    [
      'provider: azure-openai, endpoint: "https://acme.openai.azure.com", api_version: v',
      'https://acme.openai.azure.com',
      '',
      '',
    ],
    ['provider: aws-bedrock, region: eu-central-1', 'https://bedrock-runtime.eu-central-1.amazonaws.com', '', ''],
    ['provider: gcp-vertex, region: us-east5, project: p', 'https://us-east5-aiplatform.googleapis.com', '/v1', ''],
  ];
  for (const [fields, origin, basePath, bareBasePath] of cases) {
    const [cluster] = compile(`static_cluster: { x: { ${fields}, credential: { type: none } } }\n`).clusters;
    const endpoint = cluster?.endpoints[0];
    assert.deepEqual(
      [endpoint?.origin, endpoint?.basePath, endpoint?.bareBasePath],
      [origin, basePath, bareBasePath],
      fields,
    );
    assert.equal(endpoint?.host, new URL(origin).host);
  }
});

test('several endpoints keep their order, and the region is read from an AWS host name', () => {
  const [several, aws] = compile(`static_cluster:
  several: { provider: openai, endpoints: ["http://h1:1", "http://h2:2/x"], api_key: k }
  aws:
    provider: aws-bedrock
    endpoint: "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com"
    credential: { type: none }
`).clusters;
  assert.deepEqual(
    several?.endpoints.map(({ origin, basePath }) => origin + basePath),
    ['http://h1:1/v1', 'http://h2:2/x'],
  );
  assert.equal(aws?.region, 'us-gov-west-1');
  assert.deepEqual([several?.index, aws?.index], [0, 1]);
});

function names(targets: readonly Target[], indexes: readonly number[]): string[] {
  return indexes.map((index) => targets[index]?.cluster.name ?? '');
}

test('priorities: the split first, then each fallback by its place or number', () => {
  const tiersOf = (route: string) => {
    const { targets, tiers } = firstRoute(
      compile(`${CLUSTERS}virtual_services: [{ name: s, virtual_routes: [{ ${route} }] }]\n`),
    );
    return tiers.map((tier) => names(targets, tier));
  };
  assert.deepEqual(tiersOf('split: [{ cluster: a }, { cluster: b }], fallback: [{ cluster: c }, { cluster: d }]'), [
    ['a', 'b'],
    ['c'],
    ['d'],
  ]);
  assert.deepEqual(
    tiersOf(
      'split: [{ cluster: a }], fallback: [{ cluster: d, priority: 9 }, { cluster: b, priority: 1 }, { cluster: c, priority: 1 }]',
    ),
    [['a'], ['b', 'c'], ['d']],
  );
  assert.deepEqual(
    tiersOf(
      'split: [{ cluster: a, weight: 0 }, { cluster: b }], fallback: [{ cluster: c, priority: 1, weight: 0 }, { cluster: d, priority: 1 }]',
    ),
    [['b'], ['d']],
  );
});

test('mutations merge: fixed headers, then the cluster’s, then the target’s', () => {
  const { targets } = firstRoute(
    compile(`static_cluster:
  a:
    provider: openai
    api_key: k
    headers: { X-Fixed: fixed, X-Both: fixed }
    header_mutation: { set: [{ name: x-both, value: cluster }, { name: x-late, value: cluster }], remove: [x-old] }
    body_mutation: { set: [{ path: temperature, value: "0.5" }, { path: user, value: someone }], remove: [seed] }
virtual_services:
  - name: s
    virtual_routes:
      - split:
          - cluster: a
            header_mutation: { set: [{ name: X-Late, value: target }, { name: "x-ai-eg-model", value: no }], remove: [x-fixed] }
            body_mutation: { set: [{ path: seed, value: "1" }], remove: [temperature] }
`),
  );
  const [target] = targets;
  const set = target?.headers.set ?? [];
  const pairs = Object.fromEntries(
    set.flatMap((name, index) => (index % 2 === 0 ? [[name, set[index + 1]]] : [])),
  ) as Record<string, string>;
  assert.deepEqual(pairs, { 'x-both': 'cluster', 'x-late': 'target' });
  assert.deepEqual([...(target?.headers.remove ?? [])].sort(), ['x-both', 'x-fixed', 'x-late', 'x-old']);
  assert.deepEqual(
    new Map(target?.bodyEdits.map(({ field, json }) => [field, json])),
    new Map([
      ['seed', '1'],
      ['temperature', undefined],
      ['user', '"someone"'],
    ]),
  );
});

test('hosts find their service: exact first, then the longest wildcard, then any', () => {
  const snapshot = compile(`listeners: [{ name: one, port: 10001 }, { name: two, port: 10002 }]
${CLUSTERS}virtual_services:
  - { name: any, domains: ["*"] }
  - { name: exact, domains: [API.example.com] }
  - { name: wide, domains: ["*.example.com"] }
  - { name: deep, domains: ["*.eu.example.com"] }
  - { name: second, domains: [only.two], listeners: [two] }
`);
  const cases: [host: string, listener: string, expected: string | undefined][] = [
    ['api.example.com', 'one', 'exact'],
    ['www.example.com', 'one', 'wide'],
    ['a.b.example.com', 'one', 'wide'],
    ['x.eu.example.com', 'two', 'deep'],
    ['example.com', 'one', 'any'],
    ['badexample.com', 'one', 'any'],
    ['', 'one', 'any'],
    ['only.two', 'two', 'second'],
    ['only.two', 'one', 'any'],
    ['api.example.com', 'three', undefined],
    ['__proto__', 'one', 'any'],
  ];
  for (const [host, listener, expected] of cases) {
    assert.equal(snapshot.serviceFor(host, listener)?.name, expected, `${host} on ${listener}`);
  }
});

test('without a service for any host the others find none', () => {
  const snapshot = compile(`${CLUSTERS}virtual_services: [{ name: s, domains: [a.example] }]\n`);
  assert.equal(snapshot.serviceFor('a.example', '')?.name, 's');
  assert.equal(snapshot.serviceFor('b.example', ''), undefined);
});

test('models: exact names are listed once, in order, and matched by every spelling', () => {
  const [service] = compile(`${CLUSTERS}virtual_services:
  - name: s
    virtual_routes:
      - { name: exact, match: { model: m-1 }, split: [{ cluster: a }], models: { owned_by: us, created: 7 } }
      - { name: again, match: [{ model: m-1 }, { model: { exact: "m*" } }], split: [{ cluster: b }] }
      - { name: glob, match: { model: "x-*-y" }, split: [{ cluster: b }] }
      - { name: prefix, match: { model: { prefix: "p-" } }, split: [{ cluster: b }] }
      - { name: regex, match: { model: { regex: "r-[0-9]+" } }, split: [{ cluster: b }] }
      - { name: header, match: { headers: { X-Tier: gold } }, split: [{ cluster: c }] }
      - { name: rest, split: [{ cluster: d }] }
`).services;
  assert.deepEqual(service?.models, [
    { id: 'm-1', ownedBy: 'us', created: 7 },
    { id: 'm*', ownedBy: 'b', created: 0 },
  ]);
  const routed = (model: string, tier?: string) =>
    service?.routes.find({ model, path: '/', header: (name) => (name === 'x-tier' ? tier : undefined) })?.name;
  assert.equal(routed('m-1'), 'exact');
  assert.equal(routed('m*'), 'again');
  assert.equal(routed('x-1-y'), 'glob');
  assert.equal(routed('x-y'), 'rest');
  assert.equal(routed('p-'), 'prefix');
  assert.equal(routed('r-12'), 'regex');
  assert.equal(routed('r-12x'), 'rest');
  assert.equal(routed('other', 'gold'), 'header');
  assert.equal(routed('other', 'Gold'), 'rest');
});

test('clusters are addressable by name only where a route of the service names them', () => {
  const text = `${CLUSTERS}virtual_services:
  - { name: s, virtual_routes: [{ split: [{ cluster: a }], fallback: [{ cluster: b }] }] }
  - { name: t, domains: [t.example], model_addressing: false, virtual_routes: [{ split: [{ cluster: c }] }] }
`;
  const [first, second] = compile(text).services;
  assert.deepEqual([...(first?.addressable.keys() ?? [])], ['a', 'b']);
  assert.deepEqual(
    first?.addressable.get('b')?.targets.map((target) => target.cluster.name),
    ['b'],
  );
  assert.equal(second?.addressable.size, 0);
});

test('custom paths stand for standard ones', () => {
  const [service] = compile(
    `${CLUSTERS}virtual_services: [{ name: s, endpoints: { /api/chat: chat_completions, /m: messages } }]\n`,
  ).services;
  assert.deepEqual(
    [...(service?.endpoints ?? [])],
    [
      ['/api/chat', '/v1/chat/completions'],
      ['/m', '/v1/messages'],
    ],
  );
});

test('retries: defaults, and what a route says', () => {
  const retryOf = (route: string) =>
    firstRoute(
      compile(`${CLUSTERS}virtual_services: [{ name: s, virtual_routes: [{ split: [{ cluster: a }]${route} }] }]\n`),
    ).retry;
  const usual = retryOf('');
  for (const status of [408, 429, 500, 502, 503, 504, 529]) assert.ok(usual.onStatus.has(status), String(status));
  for (const status of [400, 401, 403, 404, 413, 422]) assert.ok(!usual.onStatus.has(status), String(status));
  assert.deepEqual([usual.onConnect, usual.onReset, usual.onTimeout], [true, true, true]);
  const own = retryOf(', retry: { on: [connect], attempts: 3, per_try_timeout: 2s }');
  assert.deepEqual([own.onConnect, own.onReset, own.onTimeout, own.onStatus.size], [true, false, false, 0]);
  assert.deepEqual([own.attempts, own.perTryTimeoutMs], [3, 2000]);
  assert.deepEqual([...retryOf(', retry: { on_status: [418] }').onStatus], [418]);
});

test('a snapshot is frozen', () => {
  const snapshot = compile(
    `${CLUSTERS}virtual_services: [{ name: s, virtual_routes: [{ split: [{ cluster: a }] }] }]\n`,
  );
  for (const value of [snapshot, snapshot.services[0], snapshot.clusters[0], firstRoute(snapshot)]) {
    assert.ok(Object.isFrozen(value));
  }
});
