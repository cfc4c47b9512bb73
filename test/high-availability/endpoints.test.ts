import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ANSWER_TEXT } from '../support/providers.ts';
import { closedPort } from '../support/raw-provider.ts';
import { inParallel, waitFor } from '../support/wait.ts';
import { createAsker } from './support/clients.ts';
import { clusterLine } from './support/cluster-line.ts';
import { refuseWith, type ScriptedProvider, startProvider } from './support/scripted-provider.ts';

const providers: ScriptedProvider[] = [];
for (const name of ['e1', 'e2', 'e3', 'e4']) providers.push(await startProvider({ after }, name));
const [e1, e2, e3, e4] = providers as [ScriptedProvider, ScriptedProvider, ScriptedProvider, ScriptedProvider];
const well = providers.map(({ play }) => play);
const nobody = await closedPort();

const list = (urls: readonly string[]) => `endpoints: [${urls.map((url) => `"${url}"`).join(', ')}]`;
const route = (name: string, rest = '') =>
  `      - { match: { headers: { x-route: ${name} } }, ${rest}split: [{ cluster: ${name} }] }`;
const dead = `http://127.0.0.1:${nobody}`;
const gateway = await startGateway(
  { after },
  `static_cluster:
${clusterLine('one-dead', 'openai', '', `${list([e1.url, dead])}, circuit_breaker: { open: 30s }`)}
${clusterLine('sick', 'openai', '', `${list([e1.url, e2.url, e3.url])}, circuit_breaker: { open: 100ms, max_open: 100ms }`)}
${clusterLine('all', 'openai', '', list([e1.url, e2.url]))}
${clusterLine('half', 'openai', '', `${list(providers.map(({ url }) => url))}, circuit_breaker: { open: 60s, max_ejected_percent: 50 }`)}
${clusterLine('keyed', 'openai', '', `${list([e1.url, dead])}, api_keys: [k-1, k-2]`)}
${clusterLine('once', 'openai', '', list([e1.url, dead]))}
virtual_services:
  - name: main
    virtual_routes:
${[
  route('one-dead'),
  route('sick'),
  route('all'),
  route('half'),
  route('keyed'),
  route('once', 'retry: { attempts: 1 }, '),
].join('\n')}
`,
);
const { ask } = createAsker({ after }, () => gateway.port);
const to = (name: string) => ({ headers: { 'x-route': name } });
const calls = () => providers.map((provider) => provider.calls.length);
const since = (before: number[]) => calls().map((count, index) => count - (before[index] ?? 0));

function restore(): void {
  for (const [index, provider] of providers.entries()) provider.play = well[index] as ScriptedProvider['play'];
}

test('endpoints take turns', async () => {
  const before = calls();
  for (let at = 0; at < 30; at++) assert.equal((await ask(to('sick'))).status, 200);
  assert.deepEqual(since(before), [10, 10, 10, 0]);
});

test('a dead endpoint costs no client an error, though the route has one target', async () => {
  const answers = await inParallel(Array.from({ length: 200 }), 20, (_, index) =>
    ask({ ...to('one-dead'), stream: index % 2 === 0 }),
  );
  assert.ok(answers.every(({ text }) => text === ANSWER_TEXT));
  const second = answers.filter((answer) => answer.headers['x-aigw-attempts'] === '2').length;
  assert.ok(second >= 5 && second <= 40, `${second} of 200 requests met the dead endpoint`);
  for (let at = 0; at < 10; at++) assert.equal((await ask(to('one-dead'))).headers['x-aigw-attempts'], '1');
});

test('an endpoint that fails is taken out, and comes back', async () => {
  e2.play = (call) => void call.socket.resetAndDestroy();
  for (let at = 0; at < 60; at++) assert.equal((await ask(to('sick'))).status, 200);
  const before = calls();
  for (let at = 0; at < 20; at++) assert.equal((await ask(to('sick'))).headers['x-answered-by'] === 'e2', false);
  assert.ok((since(before)[1] ?? 0) <= 4, 'the endpoint that fails is still in use');
  restore();
  const start = performance.now();
  await waitFor('the endpoint to be back', async () => (await ask(to('sick'))).headers['x-answered-by'] === 'e2');
  const tookMs = performance.now() - start;
  assert.ok(tookMs < 1000, `it took ${tookMs} ms`);
  const again = calls();
  for (let at = 0; at < 30; at++) await ask(to('sick'));
  assert.deepEqual(since(again), [10, 10, 10, 0]);
});

test('when all endpoints rest they are tried all the same', async () => {
  for (const provider of [e1, e2]) provider.play = refuseWith(503);
  for (let at = 0; at < 20; at++) assert.equal((await ask(to('all'))).status, 503);
  restore();
  for (let at = 0; at < 10; at++) assert.equal((await ask(to('all'))).status, 200);
});

test('no more than the configured share of the endpoints is taken out', async () => {
  for (const provider of [e1, e2, e3]) provider.play = refuseWith(503);
  for (let at = 0; at < 60; at++) assert.equal((await ask(to('half'))).status, 200);
  const before = calls();
  for (let at = 0; at < 60; at++) assert.equal((await ask(to('half'))).status, 200);
  const used = since(before)
    .slice(0, 3)
    .filter((count) => count > 0);
  assert.equal(used.length, 1, 'one of the three that fail must stay in use');
  restore();
});

test('after a dead connection another endpoint is taken, not another key of the same one', async () => {
  for (let at = 0; at < 8; at++) {
    const answer = await ask(to('keyed'));
    assert.equal(answer.status, 200);
    assert.ok(Number(answer.headers['x-aigw-attempts']) <= 2, 'the dead endpoint was tried with both keys');
  }
});

test('another endpoint counts as another attempt', async () => {
  const statuses = new Set<number>();
  for (let at = 0; at < 6; at++) statuses.add((await ask(to('once'))).status);
  assert.deepEqual([...statuses].sort(), [200, 502]);
  assert.ok(e4.calls.length > 0);
});
