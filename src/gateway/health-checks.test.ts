import assert from 'node:assert/strict';
import test from 'node:test';
import { gatewayConfig } from '../config/model.ts';
import type { Credential } from '../credentials/credential.ts';
import { createNoneCredential } from '../credentials/none-credential.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { BoundCluster, BoundSnapshot } from '../exchange/live.ts';
import type { UpstreamHandler, UpstreamRequest } from '../exchange/ports.ts';
import type { Watched } from '../exchange/watchdog.ts';
import { compileSnapshot } from '../snapshot/compile.ts';
import { foundEndpoint } from '../snapshot/compile-cluster.ts';
import type { Cluster } from '../snapshot/snapshot.ts';
import { createFakeSchedule, settled } from './fake-schedule.test.ts';
import { createHealthChecks } from './health-checks.ts';
import { createLaneRegistry } from './lane-registry.ts';

const CHECK = { path: '/health', interval: '10s', timeout: '2s', unhealthy: 2, healthy: 1 };

function clusterOf(fields: object = {}): Cluster {
  const config = gatewayConfig.parse({
    dynamic_cluster: { x: { provider: 'vllm', managed: true, health_check: CHECK, ...fields } },
  });
  return compileSnapshot(config, { revision: 1, hash: '' }).clusters[0] as Cluster;
}

/** Checks over providers, a clock and a log that the test holds. */
function checking() {
  const clock = createFakeSchedule();
  const lanes = createLaneRegistry();
  const asked: UpstreamRequest[] = [];
  const watched: Watched[] = [];
  const log: string[] = [];
  const world = {
    answer: (_request: UpstreamRequest, handler: UpstreamHandler) => {
      handler.onStart(() => {});
      handler.onHead(200, [], () => {});
      handler.onEnd();
    },
  };
  const note = (level: string) => (message: string, fields?: object) => {
    log.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  const checks = createHealthChecks({
    runtime: {
      upstream: {
        send(request, handler) {
          asked.push(request);
          world.answer(request, handler);
        },
      },
      watchdog: {
        watch: (entry) => void watched.push(entry),
        unwatch: (entry) => void watched.splice(watched.indexOf(entry), 1),
        close: () => {},
      },
      monotonic: () => 0,
    },
    schedule: clock.schedule,
    random: () => 0.5,
    logger: { info: note('info'), warn: note('warn'), debug: note('debug') },
  });
  const bind = (cluster: Cluster, hosts: readonly string[], credentials: readonly Credential[] = []) => {
    lanes.begin();
    const endpoints = hosts.map((host) => foundEndpoint(cluster, { url: `http://${host}/base` }));
    const made = lanes.bind(cluster, {
      credentials: credentials.length === 0 ? [createNoneCredential()] : credentials,
      endpoints,
    });
    lanes.commit();
    const bound = { cluster, ...made } as BoundCluster;
    checks.follow({ clusters: [bound] } as unknown as BoundSnapshot);
    return bound;
  };
  return { clock, asked, watched, log, world, checks, bind };
}

function refuse(status: number) {
  return (_request: UpstreamRequest, handler: UpstreamHandler) => {
    handler.onHead(103, [], () => {});
    handler.onHead(status, [], () => {});
    handler.onEnd();
  };
}

const isWell = (bound: BoundCluster) => bound.lanes.lanes.map((lane) => lane.health.allows(0));

test('an endpoint that fails its checks goes out, and comes back when it passes', async () => {
  const { clock, asked, log, world, bind } = checking();
  const bound = bind(clusterOf({ headers: { 'x-probe': 'yes' } }), ['a']);
  assert.deepEqual(clock.waits(), [500], 'the first check comes soon, spread over a second');
  await clock.next();
  assert.equal(asked[0]?.path, '/health', 'the path starts at the root, not at the API');
  assert.deepEqual(asked[0]?.headers, ['accept', '*/*', 'x-probe', 'yes']);
  assert.deepEqual(clock.waits(), [10_000]);
  world.answer = refuse(503);
  await clock.next();
  assert.deepEqual(isWell(bound), [true], 'once is not enough');
  await clock.next();
  assert.deepEqual(isWell(bound), [false]);
  assert.equal(bound.lanes.lanes[0]?.check?.fault, 'status 503');
  const { breaker } = bound.lanes.lanes[0] as (typeof bound.lanes.lanes)[number];
  breaker.succeeded(0, breaker.started(0));
  assert.deepEqual(isWell(bound), [false], 'requests that are answered do not bring it back');
  world.answer = refuse(204);
  await clock.next();
  assert.deepEqual(isWell(bound), [true]);
  assert.deepEqual(log, [
    'warn an endpoint failed its health checks {"cluster":"x","endpoint":"http://a/base","reason":"status 503"}',
    'info an endpoint passes its health checks again {"cluster":"x","endpoint":"http://a/base"}',
  ]);
});

test('silence and broken connections are failures', async () => {
  const { clock, watched, world, bind } = checking();
  const bound = bind(clusterOf(), ['a']);
  let aborted = false;
  world.answer = (_request, handler) =>
    handler.onStart(() => {
      aborted = true;
    });
  await clock.next();
  assert.equal(watched.length, 1);
  assert.equal(watched[0]?.deadline, 2000);
  watched[0]?.expire();
  await settled();
  assert.equal(aborted, true);
  assert.equal(bound.lanes.lanes[0]?.check?.fault, 'no answer within 2000 ms');
  world.answer = (_request, handler) => handler.onError({ kind: 'connect', cause: new Error('refused') });
  await clock.next();
  assert.equal(bound.lanes.lanes[0]?.check?.fault, 'it cannot be reached');
  assert.deepEqual(isWell(bound), [false]);
  assert.equal(watched.length, 0);
});

test('the first key is shown; without one nothing is said of the endpoint', async () => {
  const { clock, asked, world, bind } = checking();
  const credential = (apply: Credential['apply']): Credential => ({ ...createNoneCredential(), apply });
  const bound = bind(clusterOf(), ['a'], [credential(({ headers }) => void headers.push('authorization', 'Bearer k'))]);
  await clock.next();
  assert.deepEqual(asked[0]?.headers, ['accept', '*/*', 'authorization', 'Bearer k']);
  world.answer = refuse(500);
  const lacking = (code: 'credential_unavailable' | 'missing_credential') =>
    credential(() => {
      throw new GatewayError(code, 'there is none');
    });
  bind(bound.cluster, ['a'], [lacking('credential_unavailable')]);
  await clock.next();
  assert.equal(asked.length, 1, 'no token: not asked');
  assert.deepEqual(clock.waits(), [10_000], 'but tried again');
  bind(bound.cluster, ['a'], [lacking('missing_credential')]);
  await clock.next();
  assert.equal(asked.length, 2, 'what clients bring is not needed');
  assert.equal(bound.lanes.lanes[0]?.check?.fault, 'status 500');
});

test('endpoints that go are no longer asked, those that stay keep their turn', async () => {
  const { clock, asked, checks, bind } = checking();
  const cluster = clusterOf();
  bind(cluster, ['a', 'b']);
  await clock.next();
  await clock.next();
  assert.deepEqual(clock.waits(), [10_000, 10_000]);
  bind(cluster, ['b', 'c']);
  assert.deepEqual(clock.waits(), [500, 10_000]);
  await clock.next();
  await clock.next();
  assert.deepEqual(
    asked.map(({ endpoint }) => endpoint.host),
    ['a', 'b', 'c', 'b'],
  );
  bind(clusterOf({ health_check: undefined }), ['b', 'c']);
  assert.deepEqual(clock.waits(), []);
  bind(cluster, ['a']);
  checks.close();
  assert.deepEqual(clock.waits(), []);
});

test('a cluster with several keys is asked once for each endpoint, on a connection that requests cannot use up', async () => {
  const { clock, asked, checks, bind } = checking();
  const bound = bind(clusterOf({ max_connections: 2 }), ['a'], [createNoneCredential(), createNoneCredential()]);
  await clock.next();
  assert.deepEqual(clock.waits(), [10_000]);
  assert.equal(asked.length, 1);
  assert.equal(asked[0]?.cluster.config.max_connections, 3);
  assert.notEqual(asked[0]?.endpoint, bound.lanes.lanes[0]?.endpoint);
  assert.equal(checks.used()[0]?.cluster, asked[0]?.cluster);
});

test('no more than a few are asked at once', async () => {
  const { clock, asked, world, bind } = checking();
  const handlers: UpstreamHandler[] = [];
  world.answer = (_request, handler) => void handlers.push(handler);
  bind(
    clusterOf(),
    Array.from({ length: 20 }, (_, index) => `h${index}`),
  );
  for (let count = 0; count < 20; count++) await clock.next();
  assert.equal(asked.length, 16);
  for (const handler of handlers.splice(0)) refuse(200)({} as UpstreamRequest, handler);
  await settled();
  assert.equal(asked.length, 20);
});
