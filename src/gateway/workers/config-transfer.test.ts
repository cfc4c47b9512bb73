import assert from 'node:assert/strict';
import test from 'node:test';
import { hashConfig, loadConfig } from '../../config/load.ts';
import { Secret } from '../../config/secret.ts';
import { packConfig, unpackConfig } from './config-transfer.ts';

const TEXT = `
admin: { tokens: [{ name: ops, token: "admin-token-of-32-characters-abcd", role: admin }] }
static_cluster:
  openai: { provider: openai, api_keys: [k-one, k-two] }
  bedrock: { provider: aws-bedrock, region: eu-central-1, concurrency: { requests: 5 } }
organizations:
  - name: acme
    budget: { usd: 10.5, per: month }
    teams: [{ name: search, users: [{ name: ada, keys: [{ name: laptop, key: "sk-ada-key-of-some-length-123456" }] }] }]
virtual_services:
  - name: main
    auth_filter: { api_keys: organizations }
    rate_limit: [{ by: key, requests: 600, per: minute }]
    virtual_routes:
      - match: { model: "*", headers: { x-tier: gold } }
        split: [{ cluster: openai }]
        fallback: [{ cluster: bedrock, model: m }]
`;

test('a configuration crosses a channel of JSON whole, secrets included', () => {
  const { config } = loadConfig([{ file: 'aigw.yaml', text: TEXT }], {
    env: {},
    readText: () => '',
    homeDirectory: '/nonexistent',
  });
  const packed = packConfig(config);
  const arrived = unpackConfig(JSON.parse(JSON.stringify(packed)) as typeof packed);
  assert.deepEqual(arrived, config);
  assert.equal(hashConfig(arrived), hashConfig(config));
  assert.equal(arrived.static_cluster['openai']?.api_keys?.[1]?.reveal(), 'k-two');
});

test('what JSON does not know stays what it is', () => {
  const config = { most: Number.POSITIVE_INFINITY, absent: undefined, ['__proto__']: { secret: new Secret('s') } };
  const odd = Object.fromEntries([...Object.entries(config), ['__proto__', { deep: 1 }]]);
  const packed = packConfig(odd as never);
  const arrived = unpackConfig(JSON.parse(JSON.stringify(packed)) as typeof packed);
  assert.deepEqual(arrived, odd);
  assert.equal(Object.getPrototypeOf(arrived), Object.prototype);
});
