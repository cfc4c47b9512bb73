import assert from 'node:assert/strict';
import test from 'node:test';
import { gatewayConfig } from '../config/model.ts';
import type { Credential } from '../credentials/credential.ts';
import { createNoneCredential } from '../credentials/none-credential.ts';
import type { BoundCluster } from '../exchange/live.ts';
import { compileSnapshot } from '../snapshot/compile.ts';
import { foundEndpoint } from '../snapshot/compile-cluster.ts';
import type { Cluster } from '../snapshot/snapshot.ts';
import { createLaneRegistry, type LaneRegistry } from './lane-registry.ts';

function clusterOf(fields: object = {}): Cluster {
  const config = gatewayConfig.parse({ dynamic_cluster: { x: { provider: 'vllm', managed: true, ...fields } } });
  return compileSnapshot(config, { revision: 1, hash: '' }).clusters[0] as Cluster;
}

const KEY = createNoneCredential();

/** Only the parts of a bound cluster that lanes are about. */
function bind(
  registry: LaneRegistry,
  hosts: readonly string[],
  { cluster = clusterOf(), credentials = [KEY] }: { cluster?: Cluster; credentials?: readonly Credential[] } = {},
): BoundCluster {
  registry.begin();
  const made = registry.bind(cluster, { credentials, endpoints: endpointsOf(cluster, hosts) });
  registry.commit();
  return { cluster, ...made } as BoundCluster;
}

function endpointsOf(cluster: Cluster, hosts: readonly string[]) {
  return hosts.map((host) => foundEndpoint(cluster, { url: `http://${host}` }));
}

function laneOf(bound: BoundCluster, host: string, keyIndex = 0) {
  const lane = bound.lanes.lanes.find(
    (candidate) => candidate.endpoint.host === host && candidate.keyIndex === keyIndex,
  );
  assert.ok(lane !== undefined, host);
  return lane;
}

function fail(bound: BoundCluster, host: string, times = 5): void {
  const { breaker } = laneOf(bound, host);
  for (let count = 0; count < times; count++) breaker.failed(0, breaker.started(0));
}

const well = (bound: BoundCluster) =>
  bound.lanes.lanes.map(({ endpoint, health }) => [endpoint.host, health.allows(0)]);

test('lanes that stay keep their state, be the endpoints or the configuration changed', () => {
  const registry = createLaneRegistry();
  const bound = bind(registry, ['a', 'b']);
  fail(bound, 'a');
  const lane = laneOf(bound, 'a');
  registry.setEndpoints(bound, endpointsOf(bound.cluster, ['c', 'a']));
  assert.deepEqual(well(bound), [
    ['c', true],
    ['a', false],
  ]);
  assert.equal(laneOf(bound, 'a'), lane, 'the same lane: requests know by it what they have tried');
  const next = bind(registry, ['a', 'd']);
  assert.deepEqual(well(next), [
    ['a', false],
    ['d', true],
  ]);
  assert.equal(laneOf(next, 'a').use, lane.use);
});

test('an endpoint that comes back at the next change is known, later it is new', () => {
  const registry = createLaneRegistry();
  const bound = bind(registry, ['a', 'b']);
  const change = (...hosts: string[]) => registry.setEndpoints(bound, endpointsOf(bound.cluster, hosts));
  fail(bound, 'a');
  change('b');
  change('a', 'b');
  assert.equal(laneOf(bound, 'a').health.allows(0), false);
  change('b');
  change('b', 'c');
  change('a', 'b');
  assert.equal(laneOf(bound, 'a').health.allows(0), true);
});

test('a cluster may have no lanes, and get some', () => {
  const registry = createLaneRegistry();
  const bound = bind(registry, []);
  assert.deepEqual(bound.lanes.all, []);
  registry.setEndpoints(bound, endpointsOf(bound.cluster, ['a']));
  assert.deepEqual(well(bound), [['a', true]]);
  registry.setEndpoints(bound, []);
  assert.deepEqual(bound.lanes.lanes, []);
});

test('the share of lanes that may rest goes with their number, across reloads too', () => {
  const registry = createLaneRegistry();
  const limited = clusterOf({ circuit_breaker: { max_ejected_percent: 50 } });
  const bound = bind(registry, ['a', 'b'], { cluster: limited });
  for (const host of ['a', 'b']) fail(bound, host);
  assert.deepEqual(well(bound), [
    ['a', false],
    ['b', true],
  ]);
  const next = bind(registry, ['a', 'b', 'c', 'd'], { cluster: limited });
  fail(next, 'b', 1);
  fail(next, 'c');
  assert.deepEqual(
    well(next).map(([, isWell]) => isWell),
    [false, false, true, true],
  );
  assert.equal(next.ejection, bound.ejection);
});

test('a configuration that is not put in force changes nothing', () => {
  const registry = createLaneRegistry();
  const limited = clusterOf({ circuit_breaker: { max_ejected_percent: 50 } });
  const bound = bind(registry, ['a', 'b', 'c', 'd'], { cluster: limited });
  registry.begin();
  registry.bind(clusterOf({ circuit_breaker: { max_ejected_percent: 1 } }), { credentials: [KEY], endpoints: [] });
  registry.discard();
  for (const host of ['a', 'b', 'c']) fail(bound, host);
  assert.equal(well(bound).filter(([, isWell]) => isWell === true).length, 2);
  assert.equal(bind(registry, ['a'], { cluster: limited }).lanes.lanes[0]?.health.allows(0), false);
});

test('a refused key rests; the one that a reload puts in its place does not', () => {
  const registry = createLaneRegistry();
  const [first, second, third] = [createNoneCredential(), createNoneCredential(), createNoneCredential()];
  const bound = bind(registry, ['a'], { credentials: [first, second] });
  laneOf(bound, 'a', 1).key.observed('refused', 0);
  const same = bind(registry, ['a'], { credentials: [first, second] });
  assert.equal(laneOf(same, 'a', 1).health.allows(0), false);
  const mended = bind(registry, ['a'], { credentials: [first, third] });
  assert.equal(laneOf(mended, 'a', 1).health.allows(0), true);
});

test('the keys of an endpoint share its health check', () => {
  const registry = createLaneRegistry();
  const cluster = clusterOf({ health_check: { path: '/health', unhealthy: 1 } });
  const bound = bind(registry, ['a', 'b'], { cluster, credentials: [KEY, createNoneCredential()] });
  laneOf(bound, 'a').check?.observed('status 500', 0);
  assert.deepEqual(well(bound), [
    ['a', false],
    ['a', false],
    ['b', true],
    ['b', true],
  ]);
  assert.equal(well(bind(registry, ['a'], { cluster }))[0]?.[1], false, 'a reload forgets nothing');
});
