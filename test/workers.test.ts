import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Pool } from 'undici';
import { openStore } from '../src/stores/database/open-database.ts';
import { type AigwProcess, startAigw } from './support/aigw-process.ts';
import { CLIENT_APIS } from './support/client-apis.ts';
import { temporaryFolder } from './support/gateway.ts';
import { ANSWER_TEXT, OPENAI } from './support/providers.ts';
import { openRaw, postJson, type RawConnection, requestText } from './support/raw-client.ts';
import { startRawProvider } from './support/raw-provider.ts';
import { inParallel, waitFor, within } from './support/wait.ts';

const CHAT = CLIENT_APIS['openai-chat'];
const WORKERS = 4;
const BODY = JSON.stringify(CHAT.body({ model: 'm', stream: false }));

/** A gateway of several processes, and what belongs to it. */
interface Crew {
  readonly aigw: AigwProcess;
  readonly file: string;
  readonly log: string;
}

/** A gateway file whose clusters lead to one provider; `more` are further sections, `service` further fields of the service. */
function configText(
  url: string,
  options: { log: string; names?: readonly string[]; more?: string; service?: string },
): string {
  const { names = ['one'], more = '', service = '' } = options;
  const clusters = names.map(
    (name) => `  ${name}: { provider: openai, endpoint: "${url}", api_key: k, headers: { x-who: ${name} } }`,
  );
  return `access_log: { path: ${options.log} }
${more}static_cluster:
${clusters.join('\n')}
virtual_services:
  - name: main
    ${service}
    virtual_routes: [{ split: [${names.map((name) => `{ cluster: ${name} }`).join(', ')}] }]
`;
}

async function startCrew(
  t: TestContext,
  url: string,
  options: { more?: string; service?: string; workers?: number; watch?: boolean } = {},
): Promise<Crew> {
  const folder = temporaryFolder(t);
  const file = join(folder, 'aigw.yaml');
  const log = join(folder, 'access.log');
  writeFileSync(file, configText(url, { log, ...options }));
  const args = ['--port', '0', '--admin-port', '0', '--workers', String(options.workers ?? WORKERS)];
  if (options.watch === false) args.push('--no-watch');
  return { aigw: await startAigw(t, file, { args }), file, log };
}

/** A provider that answers at once and says who it is. */
async function quickProvider(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const who = String(request.headers['x-who'] ?? 'nobody');
      response.writeHead(200, { 'content-type': 'application/json', 'x-answered-by': who }).end(OPENAI.json);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve);
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Process ids of the workers that are up, by place, as the log tells them. */
function workerPids(aigw: AigwProcess): Map<number, number> {
  const pids = new Map<number, number>();
  for (const line of aigw.stderr().split('\n')) {
    if (!line.includes('"a worker is up"')) continue;
    const { worker, pid } = JSON.parse(line) as { worker: number; pid: number };
    pids.set(worker, pid);
  }
  return pids;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function samples(aigw: AigwProcess, name: string): Promise<Map<string, number>> {
  const { body } = await aigw.admin('/metrics');
  const found = [...body.matchAll(new RegExp(`^${name}\\{([^}]*)\\} (\\S+)$`, 'gm'))];
  return new Map(found.map(([, labels = '', value]) => [labels, Number(value)]));
}

async function requestsCounted(aigw: AigwProcess, code: number): Promise<number> {
  let sum = 0;
  for (const [labels, value] of await samples(aigw, 'aigw_requests_total')) {
    if (labels.includes(`code="${code}"`)) sum += value;
  }
  return sum;
}

async function isRefused(port: number): Promise<boolean> {
  try {
    (await openRaw(port)).socket.destroy();
    return false;
  } catch {
    return true;
  }
}

function openRequest(aigw: AigwProcess, stream = false): Promise<RawConnection> {
  return openRaw(aigw.port).then((client) => {
    client.send(requestText('POST /v1/chat/completions', { body: JSON.stringify(CHAT.body({ model: 'm', stream })) }));
    return client;
  });
}

test('workers share port, limits, metrics, log and ledger', async (t) => {
  const url = await quickProvider(t);
  const ledger = join(temporaryFolder(t), 'usage.db');
  const { aigw, log } = await startCrew(t, url, {
    service: 'rate_limit: [{ requests: 50, per: hour }]',
    more: `stores: { ledger: { sqlite: ${ledger} } }\n`,
  });
  assert.equal(workerPids(aigw).size, WORKERS);
  assert.equal((await aigw.admin('/readyz')).status, 200);
  const before = await samples(aigw, 'process_open_fds');

  const clients = await inParallel(Array.from({ length: 200 }), 200, () => openRequest(aigw));
  t.after(() => {
    for (const client of clients) client.socket.destroy();
  });
  await Promise.all(clients.map((client) => client.whole()));
  const statuses = clients.map((client) => client.answers[0]?.status);
  assert.equal(statuses.filter((status) => status === 200).length, 50);
  assert.equal(statuses.filter((status) => status === 429).length, 150);

  assert.equal(await requestsCounted(aigw, 200), 50);
  assert.equal(await requestsCounted(aigw, 429), 150);
  assert.equal(await aigw.metric('aigw_workers'), WORKERS);
  assert.equal(await aigw.metric('aigw_config_revision'), 1);
  const cpu = await samples(aigw, 'process_cpu_seconds_total');
  assert.deepEqual(
    [...cpu.keys()].sort(),
    ['1', '2', '3', '4', 'primary'].map((name) => `worker="${name}"`),
  );
  if (before.size > 0) {
    const after = await samples(aigw, 'process_open_fds');
    const took = [1, 2, 3, 4].filter((index) => {
      const name = `worker="${index}"`;
      return (after.get(name) ?? 0) > (before.get(name) ?? 0);
    });
    assert.ok(took.length >= 2, `only worker ${took.join()} took connections`);
  }

  aigw.signal('SIGTERM');
  assert.deepEqual(await within('the exit', aigw.exited), { code: 0, signal: null });
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  assert.equal(lines.length, 200);
  for (const line of lines) JSON.parse(line);
  const database = await openStore(ledger);
  t.after(() => database.close());
  const [row] = await database.query(
    'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM aigw_usage WHERE status = 200',
  );
  assert.deepEqual([row?.['n'], row?.['ids']], [50, 50]);
});

test('a worker that is killed is replaced: others serve on, its reservations are given back, counters stay', async (t) => {
  const provider = await startRawProvider(t, (call) => {
    if (call.headers['x-hold'] === undefined) call.reply(200, { 'content-type': 'application/json' }, OPENAI.json);
  });
  const held = 12;
  const { aigw } = await startCrew(t, provider.url, {
    service: `rate_limit: [{ concurrent: ${held}, match: { headers: { x-hold: "yes" } } }]`,
  });
  const hold = async () => {
    const client = await openRaw(aigw.port);
    client.send(requestText('POST /v1/chat/completions', { body: BODY, headers: { 'x-hold': 'yes' } }));
    return client;
  };
  const holders = await Promise.all(Array.from({ length: held }, hold));
  t.after(() => {
    for (const client of holders) client.socket.destroy();
  });
  await waitFor('the provider to have them', () => provider.calls.length === held);
  const oneMore = await hold();
  await oneMore.whole();
  assert.equal(oneMore.answers[0]?.status, 429);

  // Clients that keep asking, each on a connection of its own.
  let stop = false;
  const failures: number[] = [];
  const asking = Array.from({ length: 16 }, async () => {
    let failed = 0;
    const pool = new Pool(`http://127.0.0.1:${aigw.port}`, { connections: 1 });
    while (!stop) {
      try {
        const answer = await pool.request({
          path: '/v1/chat/completions',
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: BODY,
        });
        await answer.body.text();
        assert.equal(answer.statusCode, 200);
      } catch (error) {
        assert.match(String((error as NodeJS.ErrnoException).code), /UND_ERR_SOCKET|ECONNRESET/);
        failed++;
      }
    }
    failures.push(failed);
    await pool.destroy();
  });
  await waitFor('some answers', async () => (await requestsCounted(aigw, 200)) > 200);

  const counted = await requestsCounted(aigw, 200);
  const pids = workerPids(aigw);
  const over = new Set<RawConnection>();
  for (const client of holders) void client.closed.then(() => over.add(client));
  for (const [index, pid] of pids) {
    const before = over.size;
    process.kill(pid, 'SIGKILL');
    await waitFor('another worker in its place', () => (workerPids(aigw).get(index) ?? pid) !== pid, 60_000);
    await waitFor('it to serve', () => aigw.stderr().includes(`"worker":${index},"message":"a worker serves"`), 60_000);
    assert.ok((await requestsCounted(aigw, 200)) >= counted, 'a counter went back');
    if (over.size > before) break;
  }
  stop = true;
  await Promise.all(asking);
  const lost = over.size;
  assert.ok(lost > 0 && lost <= held);
  const restarts = await aigw.metric('aigw_worker_restarts_total');
  assert.ok(restarts >= 1);
  assert.ok(
    failures.every((count) => count <= restarts),
    `a client failed more often than a worker: ${failures.join()}`,
  );

  // What the dead one held is free again, and no more than that.
  const again = await Promise.all(Array.from({ length: lost + 1 }, hold));
  t.after(() => {
    for (const client of again) client.socket.destroy();
  });
  await waitFor('one to be refused', () => again.some((client) => client.answers.length > 0));
  assert.deepEqual(
    again.flatMap((client) => client.answers.map(({ status }) => status)),
    [429],
  );
});

test('configurations change in all workers or in none, and no request is lost', async (t) => {
  const url = await quickProvider(t);
  // One reason to reload at a time, so that refusals can be counted.
  const { aigw, file, log } = await startCrew(t, url, { watch: false });
  const variants = [
    configText(url, { log, names: ['two'] }),
    'static_cluster: { one: { provider: openai, endpont: "typo" } }\n',
    configText(url, { log, names: ['one', 'two', 'three'] }),
    configText(`${url}/other`, { log, names: ['one'] }),
  ];
  let changes = 0;
  const change = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
    aigw.signal('SIGHUP');
  };
  const timer = setInterval(() => change(variants[changes++ % variants.length] ?? ''), 150);
  t.after(() => clearInterval(timer));
  const pool = new Pool(`http://127.0.0.1:${aigw.port}`, { connections: 32 });
  t.after(() => pool.destroy());
  const failed: string[] = [];
  await inParallel(Array.from({ length: 4000 }), 32, async () => {
    const answer = await pool.request({
      path: '/v1/chat/completions',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: BODY,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200 || CHAT.wholeText(text) !== ANSWER_TEXT) failed.push(`${answer.statusCode} ${text}`);
  });
  clearInterval(timer);
  assert.deepEqual(failed, []);
  assert.ok(changes >= 4, `only ${changes} changes`);

  // A listener that cannot be had: every worker stays as it is, and it is told once.
  change(configText(url, { log, names: ['last'] }));
  const status = async () =>
    JSON.parse((await aigw.admin('/api/v1/config/status')).body) as {
      applied: { hash: string; revision: number };
      rejected: { errors: string[] } | null;
    };
  const answerers = async () => {
    const answers = await inParallel(Array.from({ length: 24 }), 24, () =>
      postJson(aigw.port, '/v1/chat/completions', { body: CHAT.body({ model: 'm', stream: false }) }),
    );
    return [...new Set(answers.map((answer) => answer.headers['x-answered-by']))];
  };
  await waitFor('the last one', async () => (await answerers()).join() === 'last');
  const applied = (await status()).applied;
  const other = createTcpServer();
  await new Promise<void>((resolve) => {
    other.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const rejections = /^aigw_config_reloads_total\{result="rejected"\} (\d+)$/m;
  const refusedBefore = Number(rejections.exec((await aigw.admin('/metrics')).body)?.[1]);
  const listeners = `listeners: [{ name: a, port: ${aigw.port} }, { name: b, port: ${port} }]\n`;
  change(configText(url, { log, names: ['two'], more: listeners }));
  await waitFor('it to be refused', async () => (await status()).rejected !== null);
  assert.match((await status()).rejected?.errors.join() ?? '', /EADDRINUSE/);
  assert.equal((await status()).applied.hash, applied.hash);
  assert.equal(Number(rejections.exec((await aigw.admin('/metrics')).body)?.[1]), refusedBefore + 1);
  assert.deepEqual(await answerers(), ['last']);

  // Workers that come later have what those before them had.
  const first = workerPids(aigw);
  for (const pid of first.values()) process.kill(pid, 'SIGKILL');
  await waitFor('all to be replaced', () =>
    [...first.keys()].every((index) => aigw.stderr().includes(`"worker":${index},"message":"a worker serves"`)),
  );
  assert.deepEqual(await answerers(), ['last']);
  assert.equal(await aigw.metric('aigw_worker_restarts_total'), WORKERS);
});

test('at SIGTERM every worker finishes what is in flight, then all processes are gone', async (t) => {
  const provider = await startRawProvider(t, () => undefined);
  const { aigw } = await startCrew(t, provider.url);
  const count = 16;
  const clients = await Promise.all(Array.from({ length: count }, () => openRequest(aigw, true)));
  await waitFor('the provider to be asked', () => provider.calls.length === count);
  for (const call of provider.calls) {
    call.head(200, { 'content-type': OPENAI.streamType });
    for (const frame of OPENAI.frames.slice(0, OPENAI.cutAfter)) call.chunk(frame);
  }
  await waitFor('the first words', () => clients.every((client) => client.body().length > 0));
  const pids = [...workerPids(aigw).values()];
  aigw.signal('SIGTERM');
  await waitFor('the gateway to be unready', async () => (await aigw.admin('/readyz')).status === 503);
  await waitFor('new connections to be refused', () => isRefused(aigw.port));
  for (const call of provider.calls) {
    for (const frame of OPENAI.frames.slice(OPENAI.cutAfter)) call.chunk(frame);
    call.end();
  }
  await Promise.all(clients.map((client) => client.whole()));
  for (const client of clients) {
    assert.deepEqual(CHAT.readStream(client.body()), { text: ANSWER_TEXT, ended: 'whole' });
  }
  assert.deepEqual(await within('the exit', aigw.exited), { code: 0, signal: null });
  assert.deepEqual(pids.filter(isAlive), []);
});

test('workers end with their primary, also when that is killed', async (t) => {
  const { aigw } = await startCrew(t, await quickProvider(t), { workers: 2 });
  const pids = [...workerPids(aigw).values()];
  aigw.signal('SIGKILL');
  await within('the exit', aigw.exited);
  await waitFor('the workers to be gone', () => !pids.some(isAlive));
});

test('lines of an access log on standard output stay whole', async (t) => {
  const url = await quickProvider(t);
  const file = join(temporaryFolder(t), 'aigw.yaml');
  writeFileSync(file, configText(url, { log: 'stdout' }));
  const aigw = await startAigw(t, file, { args: ['--port', '0', '--admin-port', '0', '--workers', '3'] });
  const banner = aigw.stdout().length;
  const pool = new Pool(`http://127.0.0.1:${aigw.port}`, { connections: 32 });
  t.after(() => pool.destroy());
  await inParallel(Array.from({ length: 2000 }), 32, async () => {
    const headers = { 'content-type': 'application/json', 'user-agent': 'long '.repeat(100) };
    const answer = await pool.request({ path: '/v1/chat/completions', method: 'POST', headers, body: BODY });
    await answer.body.text();
  });
  aigw.signal('SIGTERM');
  await within('the exit', aigw.exited);
  const lines = aigw
    .stdout()
    .slice(banner)
    .split('\n')
    .filter((line) => line.startsWith('{') || line.includes('aigw.'));
  assert.equal(lines.length, 2000);
  for (const line of lines) JSON.parse(line);
});

test('a configuration that no worker can serve ends the start with its reason', async (t) => {
  const other = createTcpServer();
  await new Promise<void>((resolve) => {
    other.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => void other.close());
  const file = join(temporaryFolder(t), 'aigw.yaml');
  writeFileSync(file, configText('http://127.0.0.1:9', { log: 'stdout' }));
  const { port } = other.address() as AddressInfo;
  await assert.rejects(
    startAigw(t, file, { args: ['--port', String(port), '--admin-port', '0', '--workers', '2'] }),
    /EADDRINUSE/,
  );
  await assert.rejects(
    startAigw(t, file, { args: ['--workers', 'many'] }),
    /--workers many is not a number of workers/,
  );
});
