import assert from 'node:assert/strict';
import test from 'node:test';
import { AdminError } from './admin-error.ts';
import type { AdminAnswer } from './answer.ts';
import type { ClusterPort, ClusterView } from './cluster-port.ts';
import { clusterView } from './cluster-port.ts';
import { CLUSTER_ROUTES } from './clusters.ts';
import type { AdminPort } from './port.ts';
import type { AdminRequest, ChangeNote } from './route.ts';

function viewOf(name: string, kind: ClusterView['kind']): ClusterView {
  return { name, provider: 'vllm', kind, endpoints: [], concurrency: null, targets: [] };
}

/** Two clusters, of which `ours` is managed. */
function createClusters(): ClusterPort {
  const clusters = [viewOf('ours', 'managed'), viewOf('team/fixed', 'static')];
  let urls: readonly string[] = ['http://10.0.0.1:8000'];
  return {
    list: () => clusters,
    find: (name) => clusters.find((cluster) => cluster.name === name),
    managed: (name) => (name === 'ours' ? urls : undefined),
    async setManaged(_name, next) {
      urls = next;
    },
  };
}

interface Call {
  name?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

interface Reply {
  status: number;
  body: { endpoints?: unknown; clusters?: unknown; error?: { code: string; message: string; param?: string } };
  etag: string | undefined;
  change: ChangeNote;
}

async function call(
  port: Partial<AdminPort>,
  operation: string,
  { name = '', body, headers = {} }: Call = {},
): Promise<Reply> {
  const route = CLUSTER_ROUTES.find(({ operationId }) => operationId === operation);
  assert.ok(route !== undefined, operation);
  const change: ChangeNote = { target: '', before: null, after: null };
  const request = {
    header: (wanted: string) => headers[wanted],
    params: { name },
    search: new URLSearchParams(),
    change,
    readText: async () => JSON.stringify(body),
  } as unknown as AdminRequest;
  let answer: AdminAnswer;
  try {
    answer = await route.handle(port as AdminPort, request);
  } catch (error) {
    assert.ok(error instanceof AdminError, String(error));
    const { status, code, message, param } = error;
    return {
      status,
      body: { error: { code, message, ...(param === undefined ? {} : { param }) } },
      etag: error.headers['etag'],
      change,
    };
  }
  assert.equal(typeof answer.body, 'string');
  const parsed = JSON.parse(answer.body as string) as Reply['body'];
  route.answers[answer.status]?.schema?.parse(parsed);
  return { status: answer.status, body: parsed, etag: answer.headers?.['etag'], change };
}

test('clusters are listed, and found by name', async () => {
  const clusters = createClusters();
  const port = { clusters: () => clusters };
  const list = await call(port, 'listClusters');
  assert.equal((list.body.clusters as unknown[]).length, 2);
  const one = await call(port, 'getCluster', { name: 'team/fixed' });
  assert.deepEqual(clusterView.parse(one.body), viewOf('team/fixed', 'static'));
  const none = await call(port, 'getCluster', { name: 'nobody' });
  assert.deepEqual([none.status, none.body.error?.code], [404, 'unknown_cluster']);
});

test('before the first configuration there are no clusters to show', async () => {
  for (const port of [{}, { clusters: () => undefined }]) {
    const { status, body } = await call(port, 'listClusters');
    assert.deepEqual([status, body.error?.code], [503, 'no_config']);
  }
});

test('the endpoints of a managed cluster are set, and the change is noted', async () => {
  const clusters = createClusters();
  const port = { clusters: () => clusters };
  const before = await call(port, 'getClusterEndpoints', { name: 'ours' });
  assert.deepEqual(before.body, { endpoints: ['http://10.0.0.1:8000'] });
  const wanted = ['http://10.0.0.2:8000', 'https://b.example/v1', 'http://10.0.0.2:8000'];
  const set = await call(port, 'putClusterEndpoints', { name: 'ours', body: { endpoints: wanted } });
  assert.deepEqual(set.body, { endpoints: wanted.slice(0, 2) });
  assert.deepEqual(clusters.managed('ours'), wanted.slice(0, 2));
  assert.deepEqual(set.change, {
    target: 'cluster:ours',
    before: { endpoints: ['http://10.0.0.1:8000'] },
    after: { endpoints: wanted.slice(0, 2) },
  });
  const gone = await call(port, 'deleteClusterEndpoints', { name: 'ours' });
  assert.deepEqual(gone.body, { endpoints: [] });
  assert.deepEqual(clusters.managed('ours'), []);
});

test('who knows older endpoints changes nothing', async () => {
  const clusters = createClusters();
  const port = { clusters: () => clusters };
  const { etag = '' } = await call(port, 'getClusterEndpoints', { name: 'ours' });
  const put = (endpoints: string[], match: string) =>
    call(port, 'putClusterEndpoints', { name: 'ours', body: { endpoints }, headers: { 'if-match': match } });
  const first = await put(['http://a'], `"other", ${etag}`);
  assert.equal(first.status, 200);
  assert.notEqual(first.etag, etag);
  const stale = await put(['http://b'], etag);
  assert.deepEqual([stale.status, stale.body.error?.code, stale.etag], [412, 'changed_meanwhile', first.etag]);
  assert.deepEqual(clusters.managed('ours'), ['http://a']);
  const removed = await call(port, 'deleteClusterEndpoints', { name: 'ours', headers: { 'if-match': etag } });
  assert.equal(removed.status, 412);
  assert.equal((await put(['http://b'], '*')).status, 200);
});

test('what is no base URL is refused with its place', async () => {
  const clusters = createClusters();
  const port = { clusters: () => clusters };
  const faults: [body: unknown, param: string, message: RegExp][] = [
    [{ endpoints: ['http://a', 'b:80'] }, 'endpoints[1]', /^endpoints\[1\]: "b:80" is not a URL/],
    [{ endpoints: ['http://u:p@a'] }, 'endpoints[0]', /must not carry credentials/],
    [{ endpoints: ['http://a?x=1'] }, 'endpoints[0]', /must not carry a query/],
    [{ endpoints: Array.from({ length: 1001 }, () => 'http://a') }, 'endpoints', /more than 1000/],
    [{ endpoints: 'http://a' }, 'endpoints', /endpoints/],
    [{ endpoints: [], more: 1 }, 'more', /more/],
  ];
  for (const [body, param, message] of faults) {
    const refused = await call(port, 'putClusterEndpoints', { name: 'ours', body });
    assert.deepEqual([refused.status, refused.body.error?.param], [400, param], JSON.stringify(body).slice(0, 80));
    assert.match(refused.body.error?.message ?? '', message);
  }
  assert.deepEqual(clusters.managed('ours'), ['http://10.0.0.1:8000']);
});

test('only managed clusters take endpoints', async () => {
  const clusters = createClusters();
  const port = { clusters: () => clusters };
  for (const operation of ['getClusterEndpoints', 'putClusterEndpoints', 'deleteClusterEndpoints']) {
    const body = { endpoints: [] };
    const fixed = await call(port, operation, { name: 'team/fixed', body });
    assert.deepEqual([fixed.status, fixed.body.error?.code], [409, 'cluster_not_managed'], operation);
    assert.equal((await call(port, operation, { name: 'nobody', body })).status, 404, operation);
  }
});
