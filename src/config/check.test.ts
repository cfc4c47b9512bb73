import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CheckOptions, checkConfig } from './check.ts';
import { isLoopback } from './check-listeners.ts';
import { formatPath } from './issue.ts';
import { type GatewayConfigInput, gatewayConfig } from './model.ts';

/** Paths of what is wrong. */
function check(input: GatewayConfigInput, options?: CheckOptions): string[] {
  return checkConfig(gatewayConfig.parse(input), options).map((issue) => formatPath(issue.path));
}

describe('listeners', () => {
  const open: GatewayConfigInput = { listeners: [{ address: '0.0.0.0' }], admin: false };

  it('may be open when that is asked for', () => {
    assert.deepEqual(check(open), ['listeners[0].address']);
    assert.deepEqual(check(open, { exposedListeners: 'refuse' }), ['listeners[0].address']);
    assert.deepEqual(check(open, { exposedListeners: 'allow' }), []);
    assert.deepEqual(check(open, { insecure: true }), []);
  });

  it('know loopback addresses', () => {
    const loopback = ['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]', 'LOCALHOST'];
    const open = ['0.0.0.0', '::', '10.0.0.1', 'localhost.example.com', '128.0.0.1', '127.0.0.1.example.com', ''];
    assert.deepEqual(
      loopback.filter((address) => !isLoopback(address)),
      [],
    );
    assert.deepEqual(open.filter(isLoopback), []);
  });

  it('may share a port on different addresses, and port 0', () => {
    assert.deepEqual(check({ listeners: [{ address: '127.0.0.1' }, { address: '127.0.0.2' }] }), []);
    assert.deepEqual(check({ listeners: [{ port: 0 }, { port: 0 }], admin: { port: 0 } }), []);
    const both = { listeners: [{ address: '127.0.0.1' }, { address: '0.0.0.0' }] };
    assert.deepEqual(check(both, { insecure: true }), ['listeners[1].port']);
  });
});

describe('clusters', () => {
  it('on AWS know their region from the endpoint or the credential', () => {
    const endpoint = 'https://bedrock-runtime.eu-central-1.amazonaws.com';
    const proxy = 'https://bedrock.internal';
    const clusters: GatewayConfigInput['static_cluster'] = {
      byName: { provider: 'aws-bedrock', endpoint },
      byCredential: { provider: 'aws-bedrock', endpoint: proxy, credential: { type: 'aws', region: 'eu-west-1' } },
      unsigned: { provider: 'aws-anthropic', endpoint: proxy, credential: { type: 'none' } },
      lost: { provider: 'aws-anthropic', endpoints: [endpoint, proxy] },
    };
    assert.deepEqual(check({ static_cluster: clusters }), ['static_cluster.lost']);
  });

  it('take keys in one way', () => {
    const credential = { type: 'none' } as const;
    assert.deepEqual(
      check({
        static_cluster: {
          both: { provider: 'openai', api_keys: ['a', 'b'], api_key: 'c' },
          all: { provider: 'openai', api_keys: ['a', 'b'], api_key: 'c', credential },
          fine: { provider: 'openai', api_keys: ['a', 'b'] },
        },
      }),
      [
        'static_cluster.both.api_keys',
        'static_cluster.all.credential',
        'static_cluster.all.api_keys',
        'static_cluster.all.api_keys',
      ],
    );
  });

  it('are asked for their health in reason', () => {
    const cluster = (health_check: object) => ({ provider: 'vllm', endpoint: 'http://a', health_check }) as const;
    const path = '/health';
    assert.deepEqual(
      check({
        static_cluster: {
          fine: cluster({ path, interval: '100ms', timeout: 1 }),
          tooOften: cluster({ path, interval: 99 }),
          noTime: cluster({ path, timeout: 0 }),
        } as never,
      }),
      ['static_cluster.tooOften.health_check', 'static_cluster.noTime.health_check'],
    );
  });
});

describe('dynamic clusters', () => {
  const provider = 'vllm';

  it('have one source of endpoints', () => {
    assert.deepEqual(
      check({
        dynamic_cluster: {
          dns: { provider, dns: 'vllm.models.svc:8000' },
          file: { provider, endpoints_file: 'endpoints.txt' },
          managed: { provider, managed: true },
          none: { provider },
          two: { provider, dns: 'a:1', managed: true },
          all: { provider, dns: 'a:1', endpoints_file: 'x', managed: true },
        },
      }),
      [
        'dynamic_cluster.none',
        'dynamic_cluster.two.managed',
        'dynamic_cluster.all.endpoints_file',
        'dynamic_cluster.all.managed',
      ],
    );
  });

  it('name a host and a port, and no more', () => {
    const paths = (names: readonly string[]) =>
      check({ dynamic_cluster: Object.fromEntries(names.map((dns) => [dns, { provider, dns }])) }).length;
    assert.equal(paths(['a.example:8000', 'a.example', '10.0.0.1:80', '[::1]:8000', 'localhost:1']), 0);
    const wrong = ['http://a.example', 'a.example/v1', 'u@a.example', 'a.example:80?x', 'a b', ':80', 'a:99999', 'a#b'];
    assert.equal(paths(wrong), wrong.length);
  });

  it('have names of their own, which routes may use', () => {
    assert.deepEqual(
      check({
        static_cluster: { a: { provider: 'demo' } },
        dynamic_cluster: { a: { provider, managed: true }, b: { provider, managed: true } },
        virtual_services: [
          {
            name: 's',
            virtual_routes: [{ split: [{ cluster: 'b' }], fallback: [{ cluster: 'c' }], mirror: [{ cluster: 'd' }] }],
          },
        ],
      }),
      [
        'dynamic_cluster.a',
        'virtual_services[0].virtual_routes[0].fallback[0].cluster',
        'virtual_services[0].virtual_routes[0].mirror[0].cluster',
      ],
    );
  });

  it('have what their provider needs, and nothing that cannot work', () => {
    assert.deepEqual(
      check({
        dynamic_cluster: {
          azure: { provider: 'azure-openai', managed: true, api_key: 'k' },
          demo: { provider: 'demo', managed: true },
          often: { provider, dns: 'a:1', refresh: 50 },
          proxied: { provider, dns: 'a:1', forward_proxy: 'proxy:3128' },
          open: { provider, dns: 'a:1', tls: { insecure_skip_verify: true } },
        },
      }),
      [
        'dynamic_cluster.azure',
        'dynamic_cluster.demo.provider',
        'dynamic_cluster.often.refresh',
        'dynamic_cluster.proxied.forward_proxy',
        'dynamic_cluster.open.tls',
      ],
    );
  });
});

describe('services', () => {
  const routes = [{ split: [{ cluster: 'a' }] }];
  const clusters = { a: { provider: 'demo' } } as const;

  it('may share a domain on different listeners', () => {
    const config = (second: string[]): GatewayConfigInput => ({
      listeners: [
        { name: 'one', port: 1 },
        { name: 'two', port: 2 },
      ],
      static_cluster: clusters,
      virtual_services: [
        { name: 'x', listeners: ['one'], virtual_routes: routes },
        { name: 'y', listeners: second, virtual_routes: routes },
      ],
    });
    assert.deepEqual(check(config(['two'])), []);
    assert.deepEqual(check(config(['two', 'one'])), ['virtual_services[1].domains[0]']);
  });

  it('may have a wildcard beside a name within it', () => {
    const service = (name: string, domain: string) => ({ name, domains: [domain], virtual_routes: routes });
    const virtual_services = [service('a', '*.example.com'), service('b', 'x.example.com'), service('c', '*')];
    assert.deepEqual(check({ static_cluster: clusters, virtual_services }), []);
  });

  it('may give weight 0 to some of the targets', () => {
    const split = [{ cluster: 'a', weight: 0 }, { cluster: 'a' }];
    const fallback = [
      { cluster: 'a', weight: 0, priority: 1 },
      { cluster: 'a', priority: 1 },
    ];
    const virtual_services = [{ name: 'x', virtual_routes: [{ split, fallback }] }];
    assert.deepEqual(check({ static_cluster: clusters, virtual_services }), []);
  });
});
