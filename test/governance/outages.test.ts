import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AigwProcess, startAigw } from '../support/aigw-process.ts';
import { temporaryFolder } from '../support/gateway.ts';
import { postgresMissing, startPostgres } from '../support/postgres-server.ts';
import { type RedisServer, redisSkip, startRedisServer } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { type ClientAnswer, chatBody, createClients, tally } from './support/clients.ts';
import { type CountingProvider, startCountingProvider } from './support/counting-provider.ts';
import { HMAC_SECRET, issueKey, withKeyStore } from './support/issue-keys.ts';
import { readLedger } from './support/read-ledger.ts';

const BILL = { input: 7, output: 3 };
/** Clients of each process. */
const WIDTH = 8;
/** How long a crash may cost records: one flush interval, and what a slow database owed (docs/usage.md). */
const WINDOW_MS = 50 + 200;

/** Clients that go on until they are stopped. */
interface Load {
  readonly answers: ClientAnswer[];
  /** Resolves when so many more requests were answered. */
  more(count: number): Promise<void>;
  stop(): Promise<void>;
}

function startLoad(t: TestContext, processes: readonly AigwProcess[], key: string): Load {
  const clients = createClients(t);
  const answers: ClientAnswer[] = [];
  let stopped = false;
  const client = async (process: AigwProcess) => {
    while (!stopped && !process.over) {
      const answer = await clients.send({ port: process.port, key, body: chatBody() });
      answers.push(answer);
      if (answer.status === 0) return;
    }
  };
  const running = processes.flatMap((process) => Array.from({ length: WIDTH }, () => client(process)));
  t.after(() => {
    stopped = true;
  });
  return {
    answers,
    more: (count) => {
      const wanted = answers.length + count;
      return waitFor(`${count} more answers`, () => answers.length >= wanted, 60_000);
    },
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}

interface Fleet {
  /** The configuration. */
  path: string;
  processes: AigwProcess[];
  provider: CountingProvider;
}

async function startFleet(
  t: TestContext,
  options: { stores: string; count: number; keys: string; latencyMs?: number },
): Promise<Fleet> {
  const provider = await startCountingProvider(t, { bill: () => BILL, latencyMs: options.latencyMs ?? 5 });
  const path = join(temporaryFolder(t), 'aigw.yaml');
  writeFileSync(
    path,
    `stores: ${options.stores}
${options.keys}
prices: { overrides: [ { cluster: main, model: "*", input_per_million: 1, output_per_million: 2 } ] }
static_cluster: { main: { provider: openai, endpoint: "${provider.url}/v1", api_key: a } }
virtual_services:
  - name: default
    auth_filter: { api_keys: organizations }
    rate_limit: [ { name: many, requests: 1000000, per: hour }, { name: tokens, tokens: 100000000, per: day } ]
    virtual_routes: [ { split: [ { cluster: main } ] } ]
`,
  );
  const processes = await Promise.all(Array.from({ length: options.count }, () => startAigw(t, path)));
  return { path, provider, processes };
}

async function end(process: AigwProcess): Promise<void> {
  process.signal('SIGTERM');
  const { code } = await process.exited;
  assert.equal(code, 0, process.stderr());
}

/** The provider's own count of a gateway is the ledger's, or the difference is what a crash may cost. */
async function reconcile(t: TestContext, address: string, fleet: Fleet, lost: { requests: number; why: string }) {
  const lines = await readLedger(address);
  const answered = lines.filter(({ tokens }) => tokens.input > 0);
  const input = answered.reduce((sum, { tokens }) => sum + tokens.input, 0);
  const nano = answered.reduce((sum, { costNanoUsd }) => sum + (costNanoUsd ?? 0), 0);
  const missing = fleet.provider.answered - answered.filter(({ estimated }) => !estimated).length;
  t.diagnostic(
    `the provider answered ${fleet.provider.answered} of ${fleet.provider.received}; the ledger has ${answered.length} (${lines.length} lines); missing ${missing}, at most ${lost.requests} (${lost.why})`,
  );
  assert.ok(missing >= 0, 'nothing is counted twice');
  assert.ok(missing <= lost.requests, `${missing} are missing`);
  assert.equal(new Set(lines.map(({ id }) => id)).size, lines.length);
  if (lost.requests === 0) {
    assert.equal(input, fleet.provider.input);
    assert.equal(nano, fleet.provider.input * 1000 + fleet.provider.output * 2000);
  }
}

test('kill -9 of one of three, of Redis and of PostgreSQL under load: clients see what was promised, counts reconcile', {
  skip: redisSkip || postgresMissing(),
  timeout: 300_000,
}, async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.close());
  const address = postgres.database('usage');
  const key = await withKeyStore(address, (store) => issueKey(store));
  let redis: RedisServer = await startRedisServer(t);
  const spool = temporaryFolder(t);
  const fleet = await startFleet(t, {
    count: 3,
    stores: `{ counters: { redis: { url: "${redis.url}" } }, ledger: { postgres: "${address}" }, on_store_failure: local, reservation_ttl: 5s, spool: { path: "${spool}" } }`,
    keys: `issued_keys: { hmac_secret: ${HMAC_SECRET} }\norganizations: [ { name: acme } ]`,
  });
  const [first, second, third] = fleet.processes as [AigwProcess, AigwProcess, AigwProcess];
  const load = startLoad(t, fleet.processes, key.text);
  await load.more(300);

  const { port } = redis;
  await redis.stop();
  await load.more(300);
  redis = await startRedisServer(t, { port });
  await load.more(300);

  await postgres.stop();
  await load.more(300);
  // Issued keys stay known without their database, also those of other clients.
  assert.equal(load.answers.filter(({ status }) => status === 401).length, 0);
  await postgres.start();
  await load.more(300);

  const open = fleet.provider.received;
  first.signal('SIGKILL');
  await first.exited;
  await load.more(300);
  await load.stop();
  await Promise.all([end(second), end(third)]);
  // What the killed process had written to disk for want of a database is sent by the one that takes its place.
  await end(await startAigw(t, fleet.path));

  const statuses = tally(load.answers);
  const slowest = Math.max(...load.answers.map(({ durationMs }) => durationMs));
  t.diagnostic(`statuses ${JSON.stringify(statuses)}, slowest ${Math.round(slowest)} ms`);
  const { 200: good = 0, 0: broken = 0, ...others } = statuses;
  assert.deepEqual(others, {}, 'clients see answers, and connections of the killed process that break');
  assert.ok(broken <= WIDTH, `${broken} connections broke`);
  assert.ok(good > 1500);
  assert.ok(slowest < 10_000, 'nobody waits for a store');
  // The killed process loses what it had not written: what came in the window, and what it had in flight.
  const rate = open / (load.answers.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000 / (3 * WIDTH));
  const window = Math.ceil((rate / 3) * (WINDOW_MS / 1000));
  await reconcile(t, address, fleet, {
    requests: WIDTH + 2 * Math.max(window, WIDTH),
    why: `${WIDTH} in flight, and two windows of ${WINDOW_MS} ms at about ${Math.round(rate / 3)} requests a second`,
  });
});

test('SIGTERM under load loses nothing', { skip: postgresMissing(), timeout: 180_000 }, async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.close());
  const address = postgres.database('usage');
  const fleet = await startFleet(t, {
    count: 1,
    stores: `{ ledger: { postgres: "${address}" }, spool: { path: "${temporaryFolder(t)}" } }`,
    keys: 'organizations: [ { name: acme, keys: [ { name: k, key: abc } ] } ]',
  });
  const load = startLoad(t, fleet.processes, 'abc');
  await load.more(200);
  await end(fleet.processes[0] as AigwProcess);
  await load.stop();
  await reconcile(t, address, fleet, { requests: 0, why: 'nothing' });
});

for (const { mode, without } of [
  { mode: 'deny', without: 503 },
  { mode: 'allow', without: 200 },
  { mode: 'local', without: 429 },
] as const) {
  test(`on_store_failure: ${mode} is what clients see while Redis is dead or silent`, {
    skip: redisSkip,
    timeout: 180_000,
  }, async (t) => {
    const provider = await startCountingProvider(t, { bill: () => BILL });
    let redis = await startRedisServer(t);
    const path = join(temporaryFolder(t), 'aigw.yaml');
    writeFileSync(
      path,
      `stores: { counters: { redis: { url: "${redis.url}", deadline: 400ms } }, on_store_failure: ${mode} }
static_cluster: { main: { provider: openai, endpoint: "${provider.url}/v1", api_key: a } }
virtual_services:
  - { name: default, rate_limit: [ { by: end_user, requests: 20, per: hour } ], virtual_routes: [ { split: [ { cluster: main } ] } ] }
`,
    );
    const gateway = await startAigw(t, path);
    const clients = createClients(t);
    let user = 0;
    /** Thirty requests of one user, who may send twenty. */
    const thirty = async () => {
      user += 1;
      const body = chatBody({ user: `user-${user}` });
      const answers: ClientAnswer[] = [];
      for (let turn = 0; turn < 30; turn++) answers.push(await clients.send({ port: gateway.port, body }));
      return answers;
    };
    assert.deepEqual(tally(await thirty()), { 200: 20, 429: 10 });
    const wanted = { 503: { 503: 30 }, 200: { 200: 30 }, 429: { 200: 20, 429: 10 } }[without];

    const check = async (what: string) => {
      const answers = await thirty();
      assert.deepEqual(tally(answers), wanted, what);
      const slowest = Math.max(...answers.map(({ durationMs }) => durationMs));
      assert.ok(slowest < 3000, `${what}: ${Math.round(slowest)} ms`);
      if (without === 503) assert.match(answers[0]?.text ?? '', /store_unavailable/);
    };
    const back = () =>
      waitFor('the counters to answer again', async () => {
        user += 1;
        const body = chatBody({ user: `user-${user}` });
        const first = await clients.send({ port: gateway.port, body });
        return first.status === 200 && /the counters answer again/.test(gateway.stdout() + gateway.stderr());
      });

    redis.signal('SIGSTOP');
    await check('silent');
    redis.signal('SIGCONT');
    await back();
    const { port } = redis;
    await redis.stop();
    await check('dead');
    redis = await startRedisServer(t, { port });
    await waitFor('the limit to hold again', async () => {
      const answers = await thirty();
      return tally(answers)['200'] === 20 && tally(answers)['429'] === 10;
    });
    assert.equal(gateway.over, false);
  });
}
