import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Pool } from 'undici';
import { type AigwProcess, startAigw } from './support/aigw-process.ts';
import { CLIENT_APIS } from './support/client-apis.ts';
import { startGateway, temporaryFolder } from './support/gateway.ts';
import { ANSWER_TEXT, CUT_TEXT, OPENAI } from './support/providers.ts';
import { openRaw, postJson, requestText, sendRaw } from './support/raw-client.ts';
import { closedPort, type ProviderCall, startRawProvider } from './support/raw-provider.ts';
import { waitFor, within } from './support/wait.ts';

const REQUESTS = 20_000;
const WIDTH = 32;
const RELOAD_EVERY_MS = 100;
const CHAT = CLIENT_APIS['openai-chat'];

interface ConfigStatus {
  applied: { revision: number; hash: string };
  desired: { revision: number };
  rejected: { revision: number; errors: string[] } | null;
  warnings: string[];
}

async function statusOf(aigw: AigwProcess): Promise<ConfigStatus> {
  const { body } = await aigw.admin('/api/v1/config/status');
  return JSON.parse(body) as ConfigStatus;
}

/** Replaces a file as editors and deployers do: no reader ever sees half of it. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** A provider that answers at once and says who it is. */
async function quickProvider(t: TestContext): Promise<string> {
  const server: Server = createServer((request, response) => {
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

function cluster(name: string, url: string): string {
  return `  ${name}: { provider: openai, endpoint: "${url}", api_key: k-${name}, headers: { x-who: ${name} } }\n`;
}

/** A gateway file whose single route leads to these clusters. */
function configTo(url: string, names: readonly string[], more = ''): string {
  const split = names.map((name) => `{ cluster: ${name} }`).join(', ');
  return `${more}static_cluster:
${names.map((name) => cluster(name, url)).join('')}virtual_services: [{ name: main, virtual_routes: [{ split: [${split}] }] }]
`;
}

/** The status of an answer for which no provider is asked: 404 shows that a gateway listens. */
async function probe(port: number): Promise<number | undefined> {
  return (await sendRaw(port, requestText('GET /v1/nothing'))).answer?.status;
}

function answeredBy(aigw: { port: number }): Promise<string> {
  return postJson(aigw.port, '/v1/chat/completions', { body: CHAT.body({ model: 'm', stream: false }) }).then(
    (answer) => {
      assert.equal(answer.status, 200, answer.body.toString());
      return answer.headers['x-answered-by'] ?? '';
    },
  );
}

test(`a configuration that changes every ${RELOAD_EVERY_MS} ms loses none of ${REQUESTS} requests`, async (t) => {
  const url = await quickProvider(t);
  const file = join(temporaryFolder(t), 'aigw.yaml');
  const variants = [
    configTo(url, ['one']),
    configTo(url, ['two']),
    'static_cluster: { one: { provider: openai, endpont: "typo" } }\n',
    configTo(url, ['one', 'two', 'three']),
    configTo(url, ['one'], 'limits: { max_body: 1Mi }\n'),
    ': not yaml: [',
    configTo(`${url}/other`, ['one']),
    configTo(url, ['two']).replace('split:', 'match: { model: m }, retry: { attempts: 2 }, split:'),
  ];
  writeFileSync(file, variants[0] ?? '');
  const aigw = await startAigw(t, file);
  const pool = new Pool(`http://127.0.0.1:${aigw.port}`, { connections: WIDTH, pipelining: 1 });
  t.after(() => pool.destroy());

  let changes = 0;
  const change = () => {
    changes++;
    replaceFile(file, variants[changes % variants.length] ?? '');
    aigw.signal('SIGHUP');
  };
  const timer = setInterval(change, RELOAD_EVERY_MS);
  t.after(() => clearInterval(timer));
  const body = JSON.stringify(CHAT.body({ model: 'm', stream: false }));
  const failures: string[] = [];
  const answerers = new Set<unknown>();
  let left = REQUESTS;
  const worker = async () => {
    while (left-- > 0) {
      try {
        const answer = await pool.request({
          path: '/v1/chat/completions',
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        });
        const text = await answer.body.text();
        answerers.add(answer.headers['x-answered-by']);
        if (answer.statusCode !== 200 || CHAT.wholeText(text) !== ANSWER_TEXT) {
          failures.push(`${answer.statusCode} ${text}`);
        }
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  clearInterval(timer);

  assert.deepEqual(failures.slice(0, 5), []);
  assert.deepEqual([...answerers].sort(), ['one', 'three', 'two']);
  const status = await statusOf(aigw);
  assert.ok(changes >= 10, `only ${changes} changes while the requests ran`);
  // Signals that come while one is being handled are one signal.
  assert.ok(status.desired.revision >= changes / 2, `${status.desired.revision} of ${changes} changes were seen`);
  assert.equal(await aigw.metric('aigw_active_requests'), 0);
  t.diagnostic(`${changes} changes, revision ${status.desired.revision}`);
});

test('a wrong configuration is refused with its reason, the last good one stays, and a mended one is taken', async (t) => {
  const url = await quickProvider(t);
  const file = join(temporaryFolder(t), 'aigw.yaml');
  writeFileSync(file, configTo(url, ['one']));
  const aigw = await startAigw(t, file);
  const first = await statusOf(aigw);
  assert.equal(first.rejected, null);
  assert.equal(await answeredBy(aigw), 'one');

  replaceFile(file, configTo(url, ['two']).replace('split:', 'spilt:'));
  await waitFor('the wrong file to be refused', async () => (await statusOf(aigw)).rejected !== null);
  const refused = await statusOf(aigw);
  assert.equal(refused.applied.hash, first.applied.hash);
  assert.match(refused.rejected?.errors.join('\n') ?? '', /aigw\.yaml:\d+:\d+.*spilt/s);
  assert.match(refused.rejected?.errors.join('\n') ?? '', /split/);
  assert.equal(refused.desired.revision, refused.rejected?.revision);
  assert.equal((await aigw.admin('/readyz')).status, 200);
  assert.equal(await answeredBy(aigw), 'one');
  assert.match((await aigw.admin('/metrics')).body, /^aigw_config_reloads_total\{result="rejected"\} 1$/m);

  replaceFile(file, configTo(url, ['two']));
  await waitFor('the mended file to be taken', async () => (await statusOf(aigw)).rejected === null);
  assert.equal(await answeredBy(aigw), 'two');
  assert.match(aigw.stderr(), /last good one stays in force/);
});

test('a change made while the gateway starts is not lost', async (t) => {
  const url = await quickProvider(t);
  const file = join(temporaryFolder(t), 'aigw.yaml');
  writeFileSync(file, configTo(url, ['one']));
  const aigw = await startAigw(t, file, { onFirstOutput: () => replaceFile(file, configTo(url, ['two'])) });
  await waitFor('the new route', async () => (await answeredBy(aigw)) === 'two');
});

test('SIGHUP reloads where no file is watched', async (t) => {
  const url = await quickProvider(t);
  const file = join(temporaryFolder(t), 'aigw.yaml');
  writeFileSync(file, configTo(url, ['one']));
  const aigw = await startAigw(t, file, { args: ['--port', '0', '--admin-port', '0', '--no-watch'] });
  replaceFile(file, configTo(url, ['two']));
  aigw.signal('SIGHUP');
  await waitFor('the new route', async () => (await answeredBy(aigw)) === 'two');
  assert.equal((await statusOf(aigw)).applied.revision, 2);
});

test('a directory is one configuration, also when its files come and go', async (t) => {
  const url = await quickProvider(t);
  const folder = join(temporaryFolder(t), 'conf.d');
  mkdirSync(folder);
  writeFileSync(join(folder, 'gateway.yaml'), configTo(url, ['one']));
  const aigw = await startAigw(t, folder);
  assert.equal(await answeredBy(aigw), 'one');
  // A second gateway file is one too many.
  replaceFile(join(folder, 'more.yaml'), configTo(url, ['two']));
  await waitFor('the second file to be refused', async () => (await statusOf(aigw)).rejected !== null);
  assert.match((await statusOf(aigw)).rejected?.errors.join('\n') ?? '', /second gateway document/);
  assert.equal(await answeredBy(aigw), 'one');
  rmSync(join(folder, 'gateway.yaml'));
  await waitFor('the other file to be taken', async () => (await statusOf(aigw)).rejected === null);
  assert.equal(await answeredBy(aigw), 'two');
});

test('listeners come and go; what is in flight on one that goes finishes', async (t) => {
  const provider = await startRawProvider(t, () => undefined);
  const clusters = `static_cluster: { openai: { provider: openai, endpoint: "${provider.url}", api_key: k } }
virtual_services: [{ name: main, virtual_routes: [{ split: [{ cluster: openai }] }] }]
`;
  const [first, second] = [await closedPort(), await closedPort()];
  const listeners = (ports: readonly number[]) =>
    `listeners: [${ports.map((port) => `{ name: l${port}, port: ${port} }`).join(', ')}]\n${clusters}`;
  const gateway = await startGateway(t, listeners([first]));
  const client = await openRaw(first);
  client.send(
    requestText('POST /v1/chat/completions', { body: JSON.stringify(CHAT.body({ model: 'm', stream: true })) }),
  );
  await waitFor('the provider to be asked', () => provider.calls.length === 1);
  const call = provider.calls[0] as ProviderCall;
  call.head(200, { 'content-type': OPENAI.streamType });
  for (const frame of OPENAI.frames.slice(0, OPENAI.cutAfter)) call.chunk(frame);
  await waitFor('the first words', () => CHAT.readStream(client.body()).text === CUT_TEXT);
  const idle = await openRaw(first);
  idle.send(requestText('GET /v1/nothing'));
  await idle.whole();

  await gateway.apply(listeners([first, second]));
  assert.equal(await probe(second), 404);
  assert.equal(await probe(first), 404);

  await gateway.apply(listeners([second]));
  await within('the idle connection to be closed', idle.closed);
  await assert.rejects(openRaw(first), { code: 'ECONNREFUSED' });
  assert.equal(await probe(second), 404);
  for (const frame of OPENAI.frames.slice(OPENAI.cutAfter)) call.chunk(frame);
  call.end();
  await client.whole();
  assert.deepEqual(CHAT.readStream(client.body()), { text: ANSWER_TEXT, ended: 'whole' });
  await within('the connection of the closed listener to end', client.closed);
});

test('a request goes on with the configuration it began with, though its cluster is gone', async (t) => {
  const provider = await startRawProvider(t, () => undefined);
  const spare = await startRawProvider(t, (call) =>
    call.reply(200, { 'content-type': 'application/json' }, OPENAI.json),
  );
  const gateway = await startGateway(
    t,
    `static_cluster:
  main: { provider: openai, endpoint: "${provider.url}", api_key: k }
  spare: { provider: openai, endpoint: "${spare.url}", api_key: spare-key }
virtual_services:
  - { name: main, virtual_routes: [{ split: [{ cluster: main }], fallback: [{ cluster: spare }] }] }
`,
  );
  const asked = postJson(gateway.port, '/v1/chat/completions', { body: CHAT.body({ model: 'm', stream: false }) });
  await waitFor('the provider to be asked', () => provider.calls.length === 1);
  await gateway.apply('static_cluster: { other: { provider: openai, api_key: k } }\n');
  provider.calls[0]?.socket.resetAndDestroy();
  const answer = await asked;
  assert.equal(answer.status, 200, answer.body.toString());
  assert.equal(spare.calls[0]?.headers['authorization'], 'Bearer spare-key');
  const after = await postJson(gateway.port, '/v1/chat/completions', {
    body: CHAT.body({ model: 'm', stream: false }),
  });
  assert.equal(after.status, 404);
});

test('a configuration that cannot be put in force changes nothing', async (t) => {
  const url = await quickProvider(t);
  const taken = createServer();
  await new Promise<void>((resolve) => {
    taken.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => void taken.close());
  const takenPort = (taken.address() as AddressInfo).port;
  const listenerPort = await closedPort();
  const adminPort = await closedPort();
  const fresh = await closedPort();
  const base = `admin: { port: ${adminPort} }\n`;
  const own = `listeners: [{ port: ${listenerPort} }]\n`;
  const gateway = await startGateway(t, configTo(url, ['one'], base + own));

  const more = `listeners: [{ port: ${listenerPort} }, { name: fresh, port: ${fresh} }]\n`;
  const wrong: Record<string, string> = {
    'a listener whose port is taken': configTo(
      url,
      ['two'],
      `${base}listeners: [{ port: ${listenerPort} }, { name: fresh, port: ${fresh} }, { name: taken, port: ${takenPort} }]\n`,
    ),
    'an admin listener whose port is taken': configTo(url, ['two'], `${more}admin: { port: ${takenPort} }\n`),
    'an access log that cannot be opened': configTo(
      url,
      ['two'],
      `${base}${more}access_log: { path: /nonexistent/folder/access.log }\n`,
    ),
  };
  for (const [what, text] of Object.entries(wrong)) {
    await assert.rejects(gateway.apply(text), (error) => error instanceof Error, what);
    assert.equal(gateway.gateway.status.applied?.revision, 1, what);
    assert.ok(gateway.gateway.status.rejected !== undefined, what);
    assert.equal(await answeredBy({ port: listenerPort }), 'one', `${what}: another configuration is in force`);
    await assert.rejects(openRaw(fresh), { code: 'ECONNREFUSED' }, `${what}: a new listener was left open`);
    const admin = await sendRaw(adminPort, requestText('GET /healthz'));
    assert.equal(admin.answer?.status, 200, `${what}: the admin listener is gone`);
  }
  await gateway.apply(configTo(url, ['three'], base + more));
  assert.equal(await answeredBy({ port: fresh }), 'three');
});

test('limits of headers and the name of a listener can be changed by a reload', async (t) => {
  const url = await quickProvider(t);
  const port = await closedPort();
  const gateway = await startGateway(t, configTo(url, ['one'], `listeners: [{ port: ${port} }]\n`));
  const long = requestText('GET /v1/nothing', { headers: { 'x-long': 'a'.repeat(20_000) } });
  assert.equal((await sendRaw(port, long)).answer?.status, 404);
  await gateway.apply(configTo(url, ['one'], `listeners: [{ port: ${port} }]\nlimits: { max_header: 8Ki }\n`));
  assert.equal((await sendRaw(port, long)).answer?.status, 431);
  await gateway.apply(configTo(url, ['one'], `listeners: [{ port: ${port}, name: renamed }]\n`));
  assert.equal(await probe(port), 404);
});
