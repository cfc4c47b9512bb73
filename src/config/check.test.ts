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
