import assert from 'node:assert/strict';
import test from 'node:test';
import { type GatewayConfigInput, gatewayConfig } from '../config/model.ts';
import { compileSnapshot } from '../snapshot/compile.ts';
import { type Cluster, endpointName } from '../snapshot/snapshot.ts';
import { createEndpointDiscovery } from './endpoint-discovery.ts';
import { createFakeSchedule, settled } from './fake-schedule.test.ts';

type Dynamic = NonNullable<GatewayConfigInput['dynamic_cluster']>;

function clustersOf(dynamic: Dynamic): readonly Cluster[] {
  const config = gatewayConfig.parse({ dynamic_cluster: dynamic, static_cluster: { fixed: { provider: 'openai' } } });
  return compileSnapshot(config, { revision: 1, hash: '' }).clusters;
}

/** A discovery whose names, clock and log the test holds. */
function discover() {
  const clock = createFakeSchedule();
  const names = new Map<string, string[] | Promise<string[]>>();
  const log: string[] = [];
  const changes: string[] = [];
  let lookups = 0;
  const discovery = createEndpointDiscovery({
    schedule: clock.schedule,
    random: () => 0.5,
    now: () => 1000,
    resolve: async (name) => {
      lookups++;
      const found = await names.get(name);
      if (found === undefined) throw new Error('there is no such name');
      return found;
    },
    logger: {
      info: (message, fields) => void log.push(`info ${message} ${JSON.stringify(fields)}`),
      warn: (message, fields) => void log.push(`warn ${message} ${JSON.stringify(fields)}`),
    },
    onChange: (name) => void changes.push(name),
  });
  return { clock, names, log, changes, discovery, lookups: () => lookups };
}

const LLAMA: Dynamic = { llama: { provider: 'vllm', dns: 'llama.example:8000' } };
const urls = (endpoints: readonly Parameters<typeof endpointName>[0][]) => endpoints.map(endpointName);

test('a name is resolved before the configuration is in force, and followed from then on', async () => {
  const { clock, names, changes, discovery } = discover();
  names.set('llama.example', ['10.0.0.1', '10.0.0.2']);
  const clusters = clustersOf(LLAMA);
  const [fixed, llama] = clusters as [Cluster, Cluster];
  const prepared = await discovery.prepare(clusters);
  const endpoints = prepared.endpointsOf(llama);
  assert.deepEqual(urls(endpoints), ['http://10.0.0.1:8000/v1', 'http://10.0.0.2:8000/v1']);
  assert.equal(endpoints[0]?.host, 'llama.example:8000');
  assert.equal(endpoints[0]?.origin, 'http://llama.example:8000');
  assert.deepEqual(urls(prepared.endpointsOf(fixed)), ['https://api.openai.com/v1']);
  prepared.commit();
  assert.deepEqual(changes, []);
  names.set('llama.example', ['10.0.0.2', '10.0.0.3']);
  await clock.next();
  assert.deepEqual(changes, ['llama']);
  assert.deepEqual(urls(discovery.endpointsOf(llama)), ['http://10.0.0.2:8000/v1', 'http://10.0.0.3:8000/v1']);
  discovery.close();
  assert.deepEqual(clock.waits(), []);
});

test('a name without an address is no hindrance: the cluster begins empty and fills later', async () => {
  const { clock, names, log, changes, discovery } = discover();
  const clusters = clustersOf(LLAMA);
  const llama = clusters[1] as Cluster;
  const prepared = await discovery.prepare(clusters);
  assert.deepEqual(prepared.endpointsOf(llama), []);
  prepared.commit();
  assert.equal(discovery.status('llama')?.error, 'llama.example cannot be resolved: there is no such name');
  assert.equal(discovery.status('llama')?.foundMs, undefined);
  names.set('llama.example', ['10.0.0.1']);
  await clock.next();
  assert.deepEqual(changes, ['llama']);
  assert.equal(discovery.status('llama')?.foundMs, 1000);
  assert.equal(log.length, 2);
  assert.match(log[0] ?? '', /^warn the endpoints of a cluster cannot be found .*"kept":0/);
  assert.match(log[1] ?? '', /^info the endpoints of a cluster are found again/);
});

test('a slow name server holds a configuration up for no longer than a second', async () => {
  const { clock, names, changes, discovery } = discover();
  let answer = (_addresses: string[]) => {};
  names.set(
    'llama.example',
    new Promise((resolve) => {
      answer = resolve;
    }),
  );
  const clusters = clustersOf(LLAMA);
  const preparing = discovery.prepare(clusters);
  await settled();
  assert.deepEqual(clock.waits(), [1000]);
  await clock.next();
  const prepared = await preparing;
  assert.deepEqual(prepared.endpointsOf(clusters[1] as Cluster), []);
  answer(['10.0.0.1']);
  await settled();
  assert.deepEqual(changes, [], 'nobody uses it yet');
  prepared.commit();
  assert.deepEqual(changes, ['llama'], 'what came in the meantime is told');
});

test('what a reload keeps goes on as it was, without a new look', async () => {
  const { names, discovery, lookups } = discover();
  names.set('llama.example', ['10.0.0.1']);
  (await discovery.prepare(clustersOf(LLAMA))).commit();
  const [, llama] = clustersOf({ llama: { ...LLAMA['llama'], provider: 'openai', balance: 'latency' } as never });
  const prepared = await discovery.prepare([llama as Cluster]);
  assert.deepEqual(urls(prepared.endpointsOf(llama as Cluster)), ['http://10.0.0.1:8000/v1']);
  prepared.commit();
  assert.equal(lookups(), 1);
  (await discovery.prepare(clustersOf({ llama: { ...LLAMA['llama'], scheme: 'https' } as never }))).commit();
  assert.equal(lookups(), 2);
});

test('what is left out, or never put in force, is no longer followed', async () => {
  const { clock, names, changes, discovery } = discover();
  names.set('llama.example', ['10.0.0.1']);
  names.set('other.example', ['10.0.0.9']);
  (await discovery.prepare(clustersOf(LLAMA))).commit();
  const both: Dynamic = { ...LLAMA, other: { provider: 'vllm', dns: 'other.example', refresh: '1s' } };
  const refused = await discovery.prepare(clustersOf(both));
  assert.deepEqual(clock.waits(), [1000, 10_000]);
  refused.discard();
  assert.deepEqual(clock.waits(), [10_000]);
  await discovery.prepare(clustersOf(both));
  (await discovery.prepare([])).commit();
  assert.deepEqual(clock.waits(), [], 'also what was forgotten half-way');
  assert.deepEqual(changes, []);
  assert.equal(discovery.status('llama'), undefined);
});

test('managed endpoints are in use when they are set, and survive a reload', async () => {
  const { changes, discovery } = discover();
  const dynamic: Dynamic = { m: { provider: 'vllm', managed: true }, ...LLAMA };
  const clusters = clustersOf(dynamic);
  const managed = clusters.find(({ name }) => name === 'm') as Cluster;
  (await discovery.prepare(clusters)).commit();
  assert.deepEqual(discovery.managed('m'), []);
  assert.equal(await discovery.setManaged('m', ['http://a:1', 'http://b:2/base']), true);
  assert.deepEqual(changes, ['m']);
  assert.deepEqual(urls(discovery.endpointsOf(managed)), ['http://a:1/v1', 'http://b:2/base']);
  const prepared = await discovery.prepare(clustersOf(dynamic));
  assert.equal(prepared.endpointsOf(managed).length, 2);
  prepared.commit();
  for (const name of ['llama', 'fixed', 'nobody']) {
    assert.equal(discovery.managed(name), undefined);
    assert.equal(await discovery.setManaged(name, []), false);
  }
});
