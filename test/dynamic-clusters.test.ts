import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Pool } from 'undici';
import { CLIENT_APIS } from './support/client-apis.ts';
import { startGateway, type TestGateway, temporaryFolder } from './support/gateway.ts';
import { ANSWER_TEXT, OPENAI } from './support/providers.ts';
import { openRaw, postJson, requestText, sendRaw } from './support/raw-client.ts';
import { waitFor } from './support/wait.ts';

const CHAT = CLIENT_APIS['openai-chat'];
const PATH = CHAT.path({ model: 'm', stream: false });
const WIDTH = 8;

/** A provider that says at which address it answered, and counts what it is asked. */
interface Provider {
  readonly url: string;
  readonly port: number;
  /** Requests for its API, and for its health. */
  requests: number;
  asked: number;
  host: string | undefined;
  isWell: boolean;
  /** Takes a request in place of the usual answer. */
  answer: ((response: ServerResponse) => void) | undefined;
}

async function listen(server: Server, address: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: address, backlog: 1024 }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function startProvider(t: TestContext, address = '127.0.0.1', port = 0): Promise<Provider> {
  const provider = { requests: 0, asked: 0, host: undefined, isWell: true, answer: undefined } as unknown as {
    -readonly [Name in keyof Provider]: Provider[Name];
  };
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    provider.host = request.headers.host;
    if (request.url === '/health') {
      provider.asked++;
      response.writeHead(provider.isWell ? 200 : 503).end();
      return;
    }
    provider.requests++;
    request.resume();
    request.on('end', () => {
      if (provider.answer !== undefined) provider.answer(response);
      else response.writeHead(200, { 'content-type': 'application/json', 'x-answered-by': address }).end(OPENAI.json);
    });
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, serve);
  provider.port = await listen(server, address, port);
  provider.url = `http://${address}:${provider.port}`;
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return provider;
}

function configWith(cluster: string, more = ''): string {
  return `dynamic_cluster: { models: { provider: openai, ${cluster} } }
${more}virtual_services: [{ name: main, virtual_routes: [{ split: [{ cluster: models }] }] }]
`;
}

async function ask(gateway: TestGateway) {
  return await postJson(gateway.port, PATH, { body: CHAT.body({ model: 'm', stream: false }) });
}

/** Sends requests, a few at a time, until it is ended; then tells how many there were and which failed. */
function load(t: TestContext, gateway: TestGateway): { end(): Promise<{ sent: number; failures: string[] }> } {
  const pool = new Pool(`http://127.0.0.1:${gateway.port}`, { connections: WIDTH, pipelining: 1 });
  t.after(() => pool.destroy());
  const body = JSON.stringify(CHAT.body({ model: 'm', stream: false }));
  const failures: string[] = [];
  let sent = 0;
  let ended = false;
  const worker = async () => {
    while (!ended) {
      sent++;
      try {
        const headers = { 'content-type': 'application/json' };
        const answer = await pool.request({ path: PATH, method: 'POST', headers, body });
        const text = await answer.body.text();
        if (answer.statusCode !== 200) failures.push(`${answer.statusCode} ${text}`);
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const workers = Array.from({ length: WIDTH }, worker);
  return {
    async end() {
      ended = true;
      await Promise.all(workers);
      return { sent, failures };
    },
  };
}

async function metric(gateway: TestGateway, line: RegExp): Promise<number | undefined> {
  const { answer } = await sendRaw(gateway.adminPort, requestText('GET /metrics', { close: true }));
  const found = line.exec(answer?.body.toString() ?? '');
  return found === null ? undefined : Number(found[1]);
}

test('the addresses of a name come and go under load, and no request fails', async (t) => {
  const first = await startProvider(t, '127.0.0.2');
  const second = await startProvider(t, '127.0.0.3', first.port);
  let addresses: readonly string[] | undefined = ['127.0.0.2'];
  const resolve = async (name: string) => {
    assert.equal(name, 'models.invalid');
    if (addresses === undefined) throw new Error('the name server is away');
    return addresses;
  };
  const cluster = `dns: "models.invalid:${first.port}", refresh: 100ms`;
  const gateway = await startGateway(t, configWith(cluster), { resolve });
  const running = load(t, gateway);
  await waitFor('the first address to serve', () => first.requests > 100);
  assert.equal(second.requests, 0);
  addresses = ['127.0.0.3', '127.0.0.2'];
  await waitFor('the second address to serve too', () => second.requests > 100);
  addresses = ['127.0.0.3'];
  const state = /aigw_endpoint_state\{cluster="models",endpoint="http:\/\/127\.0\.0\.2/;
  await waitFor('the first address to be gone', async () => (await metric(gateway, state)) === undefined);
  addresses = undefined;
  await waitFor('a failed look', () => gateway.log.some((line) => line.includes('the name server is away')));
  const before = second.requests;
  await waitFor('the last good address to serve on', () => second.requests > before + 100);
  await gateway.apply(configWith(`${cluster}, balance: least_requests`));
  const reloaded = second.requests;
  await waitFor('it to serve on after a reload', () => second.requests > reloaded + 100);
  const { failures } = await running.end();
  assert.deepEqual(failures, []);
  assert.equal(second.host, `models.invalid:${first.port}`, 'the host header keeps the name');
});

test('a name that does not resolve keeps nothing from starting: others answer, and it joins later', async (t) => {
  const [own, other] = [await startProvider(t), await startProvider(t)];
  let isKnown = false;
  const resolve = async () => {
    if (!isKnown) throw new Error('no such name');
    return ['127.0.0.1'];
  };
  const cluster = `dns: "models.invalid:${own.port}", refresh: 100ms`;
  const gateway = await startGateway(t, configWith(cluster), { resolve });
  const refused = await ask(gateway);
  assert.equal(refused.status, 502);
  assert.match(refused.body.toString(), /No endpoint of the provider of this model is known at present/);
  assert.equal(refused.headers['retry-after'], '1');

  const fallback = `static_cluster: { spare: { provider: openai, endpoint: "${other.url}", api_key: k } }\n`;
  const withFallback = configWith(cluster, fallback).replace(
    'split: [{ cluster: models }]',
    'split: [{ cluster: models }], fallback: [{ cluster: spare }]',
  );
  await gateway.apply(withFallback);
  assert.equal((await ask(gateway)).status, 200);
  assert.equal(other.requests, 1);
  isKnown = true;
  await waitFor('the name to be found', async () => {
    await ask(gateway);
    return own.requests > 0;
  });
});

test('a file of endpoints is replaced again and again under load, and no request fails', async (t) => {
  const [first, second] = [await startProvider(t), await startProvider(t)];
  const file = join(temporaryFolder(t), 'endpoints.txt');
  const variants = [
    `${first.url}\n`,
    `${first.url}\n${second.url}\n`,
    'not a URL\n',
    `[ "${second.url}" ]\n`,
    '',
    `# both\n- ${second.url}\n- ${first.url}\n`,
  ];
  let changes = 0;
  const replace = (text = '') => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  replace(variants[0]);
  const gateway = await startGateway(t, configWith(`endpoints_file: "${file}", refresh: 100ms`));
  assert.equal((await ask(gateway)).status, 200);
  const running = load(t, gateway);
  const timer = setInterval(() => replace(variants[++changes % variants.length]), 60);
  t.after(() => clearInterval(timer));
  const changed = () => gateway.log.filter((line) => line.includes('the endpoints of a cluster changed')).length;
  await waitFor('twelve changes of the endpoints', () => changed() >= 12 && second.requests > 100, 20_000);
  clearInterval(timer);
  const { sent, failures } = await running.end();
  assert.deepEqual(failures, []);
  assert.ok(sent > 500, `${sent} requests`);
  replace(variants[2]);
  await waitFor('the fault in the file to be told', () =>
    gateway.log.some((line) => line.includes('endpoints.txt:1: \\"not a URL\\" is not a URL')),
  );
  assert.equal((await ask(gateway)).status, 200);
  replace(variants[0]);
});

test('the admin API sets the endpoints of a managed cluster, under load, and they outlive a reload', async (t) => {
  const [first, second] = [await startProvider(t), await startProvider(t)];
  const tokens = 'tokens: [{ name: deployer, role: operator, token: "let-me-in-please" }]';
  const admin = `admin: { address: 127.0.0.1, port: 0, ${tokens} }\n`;
  const gateway = await startGateway(t, configWith('managed: true', admin));
  const call = async (
    method: string,
    path: string,
    { body, headers = {} }: { body?: object; headers?: object } = {},
  ) => {
    const request = requestText(`${method} ${path}`, {
      headers: { authorization: 'Bearer let-me-in-please', ...headers },
      close: true,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { answer } = await sendRaw(gateway.adminPort, request);
    assert.ok(answer !== undefined);
    return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.body.toString()) };
  };
  const path = '/api/v1/clusters/models/endpoints';
  assert.equal((await ask(gateway)).status, 502, 'none are known at first');
  const refused = await call('PUT', path, { body: { endpoints: ['nonsense'] } });
  assert.deepEqual([refused.status, refused.body.error.param], [400, 'endpoints[0]']);

  const set = await call('PUT', path, { body: { endpoints: [first.url] } });
  assert.deepEqual([set.status, set.body], [200, { endpoints: [first.url] }]);
  assert.equal((await ask(gateway)).status, 200, 'in use when the answer comes');
  const running = load(t, gateway);
  await waitFor('the first to serve', () => first.requests > 50);
  const etag = set.headers['etag'] ?? '';
  const both = { endpoints: [second.url, first.url] };
  assert.equal((await call('PUT', path, { body: both, headers: { 'if-match': etag } })).status, 200);
  assert.equal((await call('PUT', path, { body: both, headers: { 'if-match': etag } })).status, 412);
  await waitFor('the second to serve', () => second.requests > 50);
  await call('PUT', path, { body: { endpoints: [second.url] } });
  await gateway.apply(configWith('managed: true', `${admin}limits: { max_body: 1Mi }\n`));
  const mark = second.requests;
  await waitFor('the second to serve after a reload', () => second.requests > mark + 50);
  const { failures } = await running.end();
  assert.deepEqual(failures, []);

  const shown = await call('GET', '/api/v1/clusters/models');
  assert.equal(shown.body.kind, 'managed');
  assert.deepEqual(
    shown.body.endpoints.map((lane: { endpoint: string; state: string }) => [lane.endpoint, lane.state]),
    [[`${second.url}/v1`, 'in_use']],
  );
  assert.deepEqual((await call('DELETE', path)).body, { endpoints: [] });
  assert.equal((await ask(gateway)).status, 502);
});

test('an endpoint that goes finishes the streams that it has begun', async (t) => {
  const [first, second] = [await startProvider(t), await startProvider(t)];
  const file = join(temporaryFolder(t), 'endpoints.txt');
  writeFileSync(file, first.url);
  const gateway = await startGateway(t, configWith(`endpoints_file: "${file}", refresh: 100ms`));
  let finish = () => {};
  first.answer = (response) => {
    first.answer = undefined;
    response.writeHead(200, { 'content-type': OPENAI.streamType });
    for (const frame of OPENAI.frames.slice(0, 2)) response.write(frame);
    finish = () => {
      for (const frame of OPENAI.frames.slice(2)) response.write(frame);
      response.end();
    };
  };
  const client = await openRaw(gateway.port);
  const body = JSON.stringify(CHAT.body({ model: 'm', stream: true }));
  client.socket.write(requestText(`POST ${PATH}`, { body }));
  await waitFor('the stream to begin', () => client.text().includes('All '));
  writeFileSync(file, second.url);
  await waitFor('the other endpoint to serve', async () => {
    await ask(gateway);
    return second.requests > 0;
  });
  finish();
  await client.whole(1);
  assert.deepEqual(CHAT.readStream(client.body()), { text: ANSWER_TEXT, ended: 'whole' });
  client.socket.destroy();
});

test('active checks take an endpoint out and back, and are no requests', async (t) => {
  const [first, second] = [await startProvider(t), await startProvider(t)];
  const cluster = (more = '') => `static_cluster:
  models:
    provider: openai
    endpoints: ["${first.url}", "${second.url}"]
    api_key: k
    health_check: { path: /health, interval: 100ms, unhealthy: 2 }
${more}virtual_services: [{ name: main, virtual_routes: [{ split: [{ cluster: models }] }] }]
`;
  const gateway = await startGateway(t, cluster());
  const running = load(t, gateway);
  const stateOf = ({ url }: Provider) =>
    metric(gateway, new RegExp(`aigw_endpoint_state\\{cluster="models",endpoint="${url}/v1",key="0"\\} (\\d)`));
  await waitFor('both to serve', () => first.requests > 50 && second.requests > 50);
  assert.deepEqual([await stateOf(first), await stateOf(second)], [0, 0]);
  first.isWell = false;
  await waitFor('the unwell one to be out', async () => (await stateOf(first)) === 2);
  // Those that were on their way when it went out are answered by now.
  const mark = second.requests;
  await waitFor('the other to serve', () => second.requests > mark + 2 * WIDTH);
  const served = first.requests;
  await gateway.apply(cluster('limits: { max_body: 1Mi }\n'));
  assert.equal(await stateOf(first), 2, 'a reload forgets nothing');
  const after = second.requests;
  await waitFor('the other to serve on', () => second.requests > after + 100);
  assert.equal(first.requests, served, 'no request goes to the unwell one, though it would be answered');
  first.isWell = true;
  await waitFor('it to be back', async () => (await stateOf(first)) === 0);
  await waitFor('it to serve', () => first.requests > served + 50);
  const ejections = new RegExp(`aigw_endpoint_ejections_total\\{[^}]*endpoint="${first.url}/v1"[^}]*\\} (\\d)`);
  assert.equal(await metric(gateway, ejections), 1);
  const { sent, failures } = await running.end();
  assert.deepEqual(failures, []);
  const records = await gateway.stop();
  assert.equal(records.length, sent, 'checks are not among the requests');
});
