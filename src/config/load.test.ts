import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, formatIssue } from './issue.ts';
import { hashConfig, type LoadedConfig, loadConfig, loadEnvironment } from './load.ts';

const FILES: Record<string, string> = { '/run/key': 'sk-file\n' };

function load(sources: Record<string, string>, options: { env?: Record<string, string>; insecure?: boolean } = {}) {
  return loadConfig(
    Object.entries(sources).map(([file, text]) => ({ file, text })),
    { env: {}, homeDirectory: '/home/ada', readText: (path) => FILES[path] ?? '', ...options },
  );
}

function errorsOf(run: () => LoadedConfig): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map(formatIssue);
    throw error;
  }
  return [];
}

const MINIMAL = 'static_cluster:\n  a: { provider: demo }\n';

const ROUTE = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: aigw }
spec: { controllerName: gateway.envoyproxy.io/gatewayclass-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: aigw, namespace: default }
spec:
  gatewayClassName: aigw
  listeners:
    - name: http
      protocol: HTTP
      port: \${GATEWAY_PORT:=1975}
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIGatewayRoute
metadata: { name: llm, namespace: default }
spec:
  parentRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: aigw }]
  hostnames: [models.example.com]
  rules:
    - matches: [{ headers: [{ type: Exact, name: x-ai-eg-model, value: gpt-4o-mini }] }]
      backendRefs: [{ name: openai }]
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIServiceBackend
metadata: { name: openai, namespace: default }
spec:
  schema: { name: OpenAI, prefix: v1 }
  backendRef: { group: gateway.envoyproxy.io, kind: Backend, name: openai }
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: openai, namespace: default }
spec: { endpoints: [{ fqdn: { hostname: models.internal, port: 8000 } }] }
`;

describe('a gateway file', () => {
  it('is loaded with its defaults', () => {
    const { config, warnings, documents } = load({ 'aigw.yaml': MINIMAL });
    assert.deepEqual(config.listeners, [{ address: '127.0.0.1', port: 10000 }]);
    assert.equal(config.static_cluster['a']?.connect_timeout, 10_000);
    assert.deepEqual(warnings, []);
    assert.deepEqual(documents, [{ file: 'aigw.yaml', line: 1, kind: 'gateway' }]);
  });

  it('may be JSON that names its schema', () => {
    const text = JSON.stringify({ $schema: './aigw.schema.json', static_cluster: { a: { provider: 'demo' } } });
    assert.deepEqual(Object.keys(load({ 'aigw.json': text }).config.static_cluster), ['a']);
  });

  it('takes variables for text, numbers, booleans and secrets', () => {
    const text = `
listeners: [{ port: "\${PORT}" }]
admin: \${ADMIN}
static_cluster:
  a:
    provider: openai
    api_key: \${KEY}
    default_max_tokens: \${TOKENS:-512}
    api_version: \${DIGITS}
`;
    const env = { PORT: '8443', ADMIN: 'false', KEY: '0123', DIGITS: '20241021' };
    const { config } = load({ 'aigw.yaml': text }, { env });
    assert.equal(config.listeners[0]?.port, 8443);
    assert.equal(config.admin, false);
    assert.equal(config.static_cluster['a']?.api_key?.reveal(), '0123');
    assert.equal(config.static_cluster['a']?.default_max_tokens, 512);
    assert.equal(config.static_cluster['a']?.api_version, '20241021');
  });

  it('follows file references and tells which', () => {
    const text = 'static_cluster:\n  a: { provider: openai, api_key: "file:/run/key" }\n';
    const { config, referencedFiles } = load({ 'aigw.yaml': text });
    assert.equal(config.static_cluster['a']?.api_key?.reveal(), 'sk-file');
    assert.deepEqual(referencedFiles, ['/run/key']);
  });

  it('is one', () => {
    assert.deepEqual(
      errorsOf(() => load({ 'a.yaml': MINIMAL, 'b.yaml': MINIMAL })),
      [
        'b.yaml:1:1: is a second gateway document; the first is at a.yaml:1; merge the two, or add `apiVersion` and `kind` if this is a resource',
      ],
    );
  });

  it('must hold something', () => {
    assert.deepEqual(
      errorsOf(() => load({ 'a.yaml': '' })),
      ['a.yaml: holds no configuration; write a `static_cluster`'],
    );
    assert.equal(errorsOf(() => load({})).length, 1);
  });

  it('of ten thousand routes is loaded in good time', () => {
    const routes = Array.from(
      { length: 10_000 },
      (_, index) => `      - { match: { model: m${index} }, split: [{ cluster: a }] }`,
    );
    const text = `${MINIMAL}virtual_services:\n  - name: default\n    virtual_routes:\n${routes.join('\n')}\n`;
    const { config } = load({ 'aigw.yaml': text });
    assert.equal(config.virtual_services[0]?.virtual_routes.length, 10_000);
  });
});

describe('errors', () => {
  it('of all files are told at once, in order', () => {
    const errors = errorsOf(() => load({ 'b.yaml': 'admin: [\n', 'a.yaml': 'x: 1\nx: 2\n' }));
    assert.deepEqual(
      errors.map((line) => line.split(':')[0]),
      ['a.yaml', 'b.yaml'],
    );
  });
});

describe('the hash', () => {
  const hashOf = (text: string, env = {}) => load({ 'aigw.yaml': text }, { env }).hash;

  it('is the same for the same meaning', () => {
    const other = '# note\n"static_cluster": {"a": {"provider": "demo", "connect_timeout": "10s"}}\n';
    assert.match(hashOf(MINIMAL), /^[0-9a-f]{64}$/);
    assert.equal(hashOf(MINIMAL), hashOf(other));
  });

  it('changes with a secret', () => {
    const text = 'static_cluster:\n  a: { provider: openai, api_key: "${KEY}" }\n';
    assert.notEqual(hashOf(text, { KEY: 'one' }), hashOf(text, { KEY: 'two' }));
  });

  it('does not go by the order of keys, but by that of lists', () => {
    const { config } = load({ 'aigw.yaml': MINIMAL });
    const reversed = Object.fromEntries(Object.entries(config).reverse()) as typeof config;
    assert.equal(hashConfig(reversed), hashConfig(config));
    const listeners = [
      { address: '127.0.0.1', port: 1 },
      { address: '127.0.0.1', port: 2 },
    ];
    assert.notEqual(hashConfig({ ...config, listeners }), hashConfig({ ...config, listeners: listeners.toReversed() }));
  });
});

describe('the environment', () => {
  it('is a configuration of its own', () => {
    const { config, documents, warnings } = loadEnvironment({ env: { OPENAI_API_KEY: 'sk-1' } });
    assert.equal(config.static_cluster['openai']?.api_key?.reveal(), 'sk-1');
    assert.deepEqual([documents, warnings], [[], []]);
  });

  it('says what is wrong with it', () => {
    assert.deepEqual(
      errorsOf(() => loadEnvironment({ env: { OPENAI_BASE_URL: 'ftp://x' } })),
      ['environment: OPENAI_BASE_URL: "ftp://x" is not a URL; write one such as https://api.openai.com/v1'],
    );
  });
});

describe('an adjustment', () => {
  const adjust = (config: LoadedConfig['config']) => ({ ...config, listeners: [{ address: '0.0.0.0', port: 80 }] });
  const options = { env: {}, homeDirectory: '/', readText: () => '', adjust };

  it('is checked, and counts in the hash', () => {
    const sources = [{ file: 'aigw.yaml', text: MINIMAL }];
    assert.match(errorsOf(() => loadConfig(sources, options)).join(), /0\.0\.0\.0 is open to other machines/);
    assert.match(errorsOf(() => loadEnvironment(options)).join(), /0\.0\.0\.0 is open to other machines/);
    const { config, hash } = loadConfig(sources, { ...options, insecure: true });
    assert.equal(config.listeners[0]?.port, 80);
    assert.notEqual(hash, load({ 'aigw.yaml': MINIMAL }).hash);
  });
});

describe('resources', () => {
  const sources = { 'route.yaml': ROUTE };
  const options = { env: {}, homeDirectory: '/', readText: () => '' };
  const list = (files: Record<string, string>) => Object.entries(files).map(([file, text]) => ({ file, text }));

  it('bind every interface only when that is let pass', () => {
    assert.match(errorsOf(() => loadConfig(list(sources), options)).join(), /listeners\[0\]\.address/);
    const { config, documents } = loadConfig(list(sources), { ...options, exposedListeners: 'allow' });
    assert.equal(config.listeners[0]?.port, 1975);
    assert.deepEqual(
      documents.map((document) => document.kind),
      ['GatewayClass', 'Gateway', 'AIGatewayRoute', 'AIServiceBackend', 'Backend'],
    );
  });

  it('join a gateway file, whose listeners count', () => {
    const file = `
listeners: [{ port: 10005 }]
static_cluster:
  extra: { provider: demo }
virtual_services:
  - name: extra
    domains: [extra.example.com]
    virtual_routes: [{ split: [{ cluster: extra }] }]
`;
    const { config } = load({ ...sources, 'aigw.yaml': file });
    assert.deepEqual(config.listeners, [{ address: '127.0.0.1', port: 10005 }]);
    assert.equal(config.virtual_services[0]?.name, 'extra');
    assert.equal(config.virtual_services.length, 2);
    assert.equal(config.virtual_services[1]?.listeners, undefined);
    assert.equal(Object.keys(config.static_cluster).length, 2);
  });

  it('join a gateway file without listeners under their own', () => {
    const merged = loadConfig(list({ ...sources, 'aigw.yaml': MINIMAL }), { ...options, exposedListeners: 'allow' });
    assert.equal(merged.config.listeners[0]?.port, 1975);
  });
});
