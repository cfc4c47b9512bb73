import assert from 'node:assert/strict';
import test from 'node:test';
import { clusterView } from '../admin/cluster-port.ts';
import { gatewayConfig } from '../config/model.ts';
import { createNoneCredential } from '../credentials/none-credential.ts';
import type { BoundSnapshot, LiveTarget } from '../exchange/live.ts';
import { createLoadTicket, LoadStats } from '../routing/balance/load-stats.ts';
import { CircuitBreaker, DEFAULT_BREAKER } from '../routing/health/circuit-breaker.ts';
import { ConcurrencyLimit, Waiter } from '../routing/health/concurrency-limit.ts';
import { compileSnapshot } from '../snapshot/compile.ts';
import { viewClusters } from './clusters-view.ts';
import { healthSamples } from './health-samples.ts';
import { createLaneRegistry } from './lane-registry.ts';
import { laneState } from './lane-state.ts';

/** A cluster with two endpoints and two keys, and targets that two routes share. */
function bind() {
  const config = gatewayConfig.parse({
    static_cluster: {
      x: {
        provider: 'vllm',
        endpoints: ['http://a:1', 'http://b:2'],
        api_keys: ['one', 'two'],
        balance: 'latency',
        concurrency: { requests: 1, queue: 2 },
        health_check: { path: '/health', unhealthy: 1 },
      },
    },
    virtual_services: [
      {
        name: 's',
        virtual_routes: [{ split: [{ cluster: 'x', model: 'm' }] }, { split: [{ cluster: 'x', model: 'm' }] }],
      },
    ],
  });
  const snapshot = compileSnapshot(config, { revision: 1, hash: '' });
  const cluster = snapshot.clusters[0];
  assert.ok(cluster !== undefined);
  const lanes = createLaneRegistry();
  lanes.begin();
  const made = lanes.bind(cluster, {
    credentials: [createNoneCredential(), createNoneCredential()],
    endpoints: cluster.endpoints,
  });
  lanes.commit();
  const limit = new ConcurrencyLimit(1, 2);
  const breakers = new Map<string, CircuitBreaker>();
  const targets = snapshot.targets.map((target): LiveTarget => {
    const key = target.model ?? '';
    const breaker = breakers.get(key) ?? new CircuitBreaker(DEFAULT_BREAKER);
    breakers.set(key, breaker);
    return { target, breaker, stats: new LoadStats(), weight: 1, hash: 0, health: breaker, limit };
  });
  const bound = { snapshot, clusters: [{ cluster, ...made, limit }], targets } as unknown as BoundSnapshot;
  return { bound, lanes: made.lanes.lanes, limit, breakers };
}

const view = (bound: BoundSnapshot, monotonic = 0) => {
  const [found] = viewClusters(bound, {
    statusOf: () => undefined,
    moment: { monotonic, wall: 1_000_000 + monotonic },
  });
  assert.ok(found !== undefined);
  return clusterView.parse(JSON.parse(JSON.stringify(found)));
};

test('every reason for which a lane rests is told, with the time until when', () => {
  const { bound, lanes } = bind();
  const [first, second, third, fourth] = lanes as [(typeof lanes)[number], ...typeof lanes];
  assert.ok(second !== undefined && third !== undefined && fourth !== undefined);
  const stateAt = (index: number, now = 0) => {
    const { state, reason, until } = view(bound, now).endpoints[index] ?? {};
    return [state, reason, until];
  };
  assert.deepEqual(stateAt(0), ['in_use', null, null]);
  for (let count = 0; count < 5; count++) first.breaker.failed(0, first.breaker.started(0));
  assert.deepEqual(stateAt(0), ['resting', 'failures', '1970-01-01T00:16:41.000Z']);
  assert.deepEqual(stateAt(0, 1000), ['on_probation', 'failures', null]);
  second.breaker.rest(0, 2000);
  assert.deepEqual(stateAt(1), ['resting', 'asked_to_wait', '1970-01-01T00:16:42.000Z']);
  second.key.observed('limited', 0, 5000);
  assert.deepEqual(stateAt(1), ['resting', 'key_limited', '1970-01-01T00:16:45.000Z']);
  assert.deepEqual(stateAt(1, 5000), ['in_use', null, null]);
  second.key.observed('refused', 6000);
  assert.equal(stateAt(1, 6000)[1], 'key_refused');
  assert.deepEqual(stateAt(1, 6000 + 300_000), ['on_probation', 'key_refused', null]);
  third.check?.observed('status 500', 0);
  assert.deepEqual(stateAt(2), ['resting', 'health_check', null]);
  assert.deepEqual(stateAt(3), ['resting', 'health_check', null], 'the other key of the endpoint');
  assert.equal(view(bound).endpoints[3]?.health_check, 'status 500');
  assert.deepEqual(laneState(fourth, 0).state, 'resting');
});

test('figures, places and shared targets are shown once', () => {
  const { bound, lanes, limit, breakers } = bind();
  const lane = lanes[0];
  assert.ok(lane !== undefined);
  const ticket = createLoadTicket(100);
  lane.stats.started(ticket, 0);
  lane.stats.firstToken(ticket, 250);
  lane.stats.finished(ticket, 1250, 40);
  lane.use.active = 3;
  limit.tryAcquire();
  limit.enqueue(new Waiter(() => {}));
  breakers.get('m')?.trip(0);
  const shown = view(bound);
  assert.deepEqual(shown.endpoints[0]?.figures, {
    time_to_first_token_ms: 250,
    tokens_per_second: 40,
    failure_share: 0,
    headroom: 1,
  });
  assert.equal(shown.endpoints[0]?.active, 3);
  assert.equal(shown.endpoints[1]?.figures?.time_to_first_token_ms, null);
  assert.deepEqual(shown.concurrency, { active: 1, queued: 1, limit: 1, queue: 2, refused: 0 });
  const named = shown.targets.filter(({ model }) => model === 'm');
  assert.deepEqual(
    named.map(({ state, openings }) => [state, openings]),
    [['open', 1]],
  );
});

test('samples say the same in numbers, once for each label set', () => {
  const { bound, lanes, limit, breakers } = bind();
  limit.tryAcquire();
  breakers.get('m')?.trip(0);
  lanes[2]?.check?.observed('status 500', 0);
  const samples = healthSamples(bound, 0);
  const keys = samples.map(({ family, labels }) => JSON.stringify([family, labels]));
  assert.equal(new Set(keys).size, keys.length);
  const sampleOf = (family: string, labels: object) =>
    samples.find((sample) => sample.family === family && JSON.stringify(sample.labels) === JSON.stringify(labels))
      ?.value;
  assert.equal(sampleOf('aigw_target_state', { cluster: 'x', model: 'm' }), 2);
  assert.equal(sampleOf('aigw_target_openings_total', { cluster: 'x', model: 'm' }), 1);
  assert.equal(sampleOf('aigw_endpoint_state', { cluster: 'x', endpoint: 'http://a:1/v1', key: '1' }), 0);
  assert.equal(sampleOf('aigw_endpoint_state', { cluster: 'x', endpoint: 'http://b:2/v1', key: '0' }), 2);
  assert.equal(sampleOf('aigw_endpoint_ejections_total', { cluster: 'x', endpoint: 'http://b:2/v1', key: '1' }), 1);
  assert.equal(sampleOf('aigw_cluster_requests_active', { cluster: 'x' }), 1);
  assert.equal(sampleOf('aigw_cluster_requests_queued', { cluster: 'x' }), 0);
});
