import assert from 'node:assert/strict';
import test from 'node:test';
import { loadConfig } from '../../config/load.ts';
import { shareOf } from './worker-share.ts';

const { config } = loadConfig(
  [
    {
      file: 'aigw.yaml',
      text: `
static_cluster:
  bounded: { provider: openai, api_key: k, concurrency: { requests: 10, queue: 5 }, max_connections: 7 }
  small: { provider: openai, api_key: k, concurrency: { requests: 1 } }
  free: { provider: openai, api_key: k }
virtual_services: [{ name: main, virtual_routes: [{ split: [{ cluster: bounded }, { cluster: small }, { cluster: free }] }] }]
`,
    },
  ],
  { env: {}, readText: () => '', homeDirectory: '/' },
);
const shares = [1, 2, 3, 4].map((index) => shareOf(config, { index, count: 4 }).static_cluster);

test('the parts of the workers add up to what is configured', () => {
  assert.deepEqual(
    shares.map((clusters) => clusters['bounded']?.concurrency?.requests),
    [3, 3, 2, 2],
  );
  assert.deepEqual(
    shares.map((clusters) => clusters['bounded']?.concurrency?.queue),
    [2, 1, 1, 1],
  );
  assert.deepEqual(
    shares.map((clusters) => clusters['bounded']?.max_connections),
    [2, 2, 2, 1],
  );
});

test('no worker is without a place, and what has no bound stays as it is', () => {
  assert.deepEqual(
    shares.map((clusters) => clusters['small']?.concurrency?.requests),
    [1, 1, 1, 1],
  );
  assert.equal(shares[0]?.['free'], config.static_cluster['free']);
});
