import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ANSWER_TEXT, OPENAI } from '../support/providers.ts';
import type { ProviderCall } from '../support/raw-provider.ts';
import { inParallel, waitFor, within } from '../support/wait.ts';
import { ASKED_ENDPOINTS, CLIENTS, createAsker } from './support/clients.ts';
import { clusterLine } from './support/cluster-line.ts';
import { scrape } from './support/scrape.ts';
import { startProvider } from './support/scripted-provider.ts';

const bound = await startProvider({ after }, 'bound');
const spare = await startProvider({ after }, 'spare');
const slow = await startProvider({ after }, 'slow');

const OFF = 'circuit_breaker: false';
const route = (name: string, rest: string) => `      - { match: { headers: { x-route: ${name} } }, ${rest} }`;
const gateway = await startGateway(
  { after },
  `static_cluster:
${clusterLine('wide', 'openai', bound.url, `${OFF}, concurrency: { requests: 8, queue: 500, queue_timeout: 30s }`)}
${clusterLine('pair', 'openai', bound.url, `${OFF}, concurrency: { requests: 2, queue: 2, queue_timeout: 30s }`)}
${clusterLine('hasty', 'openai', bound.url, `${OFF}, concurrency: { requests: 1, queue: 2, queue_timeout: 120ms }`)}
${clusterLine('single', 'openai', bound.url, `${OFF}, concurrency: { requests: 1 }`)}
${clusterLine('patient', 'openai', bound.url, `${OFF}, concurrency: { requests: 1, queue: 2, queue_timeout: 30s }`)}
${clusterLine('racing', 'openai', slow.url, `${OFF}, concurrency: { requests: 1 }`)}
${clusterLine('spare', 'openai', spare.url, OFF)}
virtual_services:
  - name: main
    ${ASKED_ENDPOINTS}
    virtual_routes:
${[
  route('wide', 'split: [{ cluster: wide }]'),
  route('pair', 'split: [{ cluster: pair }]'),
  route('overflow', 'split: [{ cluster: pair }], fallback: [{ cluster: spare }]'),
  route('hasty', 'split: [{ cluster: hasty }]'),
  route('hasty-spare', 'split: [{ cluster: hasty }], fallback: [{ cluster: spare }]'),
  route('single', 'split: [{ cluster: single, model: m }]'),
  route('deadline', 'timeout: { request: 150ms }, split: [{ cluster: patient }]'),
  route('retried', 'retry: { attempts: 2, backoff: 1ms }, split: [{ cluster: single }]'),
  route(
    'racing',
    'hedge: { after: 20ms, min_delay: 0s }, split: [{ cluster: racing }], fallback: [{ cluster: spare }]',
  ),
].join('\n')}
`,
);
const { ask } = createAsker({ after }, () => gateway.port);
const to = (name: string) => ({ headers: { 'x-route': name } });
const well = bound.play;

async function gauge(name: string, cluster: string): Promise<number> {
  return (await scrape(gateway.adminPort)).sum(`aigw_cluster_requests_${name}`, { cluster });
}

/** Holds the provider's calls until they are let go. */
function holdCalls(): ProviderCall[] {
  const held: ProviderCall[] = [];
  bound.play = (call) => held.push(call);
  return held;
}

function letGo(held: ProviderCall[]): void {
  bound.play = well;
  for (const call of held.splice(0)) well(call);
}

test('of 200 requests at once no more than the bound are under way, and all are answered', async () => {
  let active = 0;
  let most = 0;
  const held: ProviderCall[] = [];
  const answer = (call: ProviderCall) => {
    active--;
    well(call);
  };
  let hold = true;
  bound.play = (call) => {
    active++;
    most = Math.max(most, active);
    if (hold) held.push(call);
    else setTimeout(answer, 5, call);
  };
  const asked = inParallel(Array.from({ length: 200 }), 200, () => ask(to('wide')));
  await waitFor('every place to be taken', () => held.length === 8);
  await waitFor('the others to queue', async () => (await gauge('queued', 'wide')) === 192);
  hold = false;
  held.forEach(answer);
  const answers = await asked;
  bound.play = well;
  assert.ok(answers.every(({ text }) => text === ANSWER_TEXT));
  assert.equal(most, 8);
  await waitFor('the places to be free', async () => (await gauge('active', 'wide')) === 0);
});

test('the queue keeps its order', async () => {
  const held = holdCalls();
  const done: number[] = [];
  const first = [ask(to('pair')), ask(to('pair'))];
  await waitFor('both places to be taken', () => held.length === 2);
  const waiting: Promise<unknown>[] = [];
  for (const [index, count] of [1, 2].entries()) {
    waiting.push(ask({ headers: { 'x-route': 'pair', 'x-turn': String(index) } }).then(() => done.push(index)));
    await waitFor('it to queue', async () => (await gauge('queued', 'pair')) === count);
  }
  const [one] = held.splice(0, 1);
  well(one as ProviderCall);
  await waitFor('the next in the queue', () => held.length === 2);
  assert.equal(held[1]?.headers['x-turn'], '0');
  letGo(held);
  await Promise.all([...first, ...waiting]);
  assert.equal(done.length, 2);
});

test('what finds the queue full goes to the fallback', async () => {
  const held = holdCalls();
  const inside = [1, 2, 3, 4].map(() => ask(to('overflow')));
  await waitFor('places and queue to be full', async () => (await gauge('queued', 'pair')) === 2);
  const over = await inParallel(Array.from({ length: 20 }), 20, () => ask(to('overflow')));
  assert.ok(over.every((answer) => answer.headers['x-answered-by'] === 'spare' && answer.text === ANSWER_TEXT));
  letGo(held);
  for (const answer of await Promise.all(inside)) assert.equal(answer.headers['x-answered-by'], 'bound');
});

test('what waits too long is refused, or goes to the fallback', async () => {
  const held = holdCalls();
  const inside = ask(to('hasty'));
  await waitFor('the place to be taken', () => held.length === 1);
  const [alone, helped] = await Promise.all([ask(to('hasty')), ask(to('hasty-spare'))]);
  assert.equal(alone.status, 503);
  assert.equal(alone.headers['retry-after'], '1');
  assert.ok(alone.durationMs >= 110 && alone.durationMs < 2000, `${alone.durationMs}`);
  assert.equal(helped.headers['x-answered-by'], 'spare');
  assert.equal(await gauge('queued', 'hasty'), 0);
  letGo(held);
  assert.equal((await inside).status, 200);
});

test('a request never waits for a place beyond its own time', async () => {
  const held = holdCalls();
  const inside = ask({ headers: { 'x-route': 'deadline' } });
  await waitFor('the place to be taken', () => held.length === 1);
  const late = await ask(to('deadline'));
  assert.ok(late.status === 503 || late.status === 504, `${late.status}`);
  assert.ok(late.durationMs < 1500, `${late.durationMs}`);
  await inside;
  bound.play = well;
  await waitFor('the place to be free', async () => (await gauge('active', 'patient')) === 0);
});

test('without a fallback a full cluster is a 503 with retry-after in the form of every API', async () => {
  const held = holdCalls();
  const inside = ask(to('single'));
  await waitFor('the place to be taken', () => held.length === 1);
  for (const client of CLIENTS) {
    for (const stream of [false, true]) {
      const answer = await ask({ ...to('single'), client, stream });
      assert.equal(answer.status, 503, client.name);
      assert.equal(answer.headers['retry-after'], '1', client.name);
      assert.match(answer.error ?? '', /busy/, client.name);
    }
  }
  letGo(held);
  assert.equal((await inside).status, 200);
});

test('a client that leaves gives up its seat in the queue, or its place', async () => {
  const held = holdCalls();
  const controllers = Array.from({ length: 4 }, () => new AbortController());
  const asked = controllers.map(({ signal }) => ask({ ...to('pair'), signal }).catch(() => 'gone'));
  await waitFor('places and queue to be full', async () => (await gauge('queued', 'pair')) === 2);
  assert.equal((await ask(to('pair'))).status, 503);
  controllers[2]?.abort();
  controllers[3]?.abort();
  await waitFor('the queue to be empty', async () => (await gauge('queued', 'pair')) === 0);
  controllers[0]?.abort();
  await within('the provider to see it', Promise.race(held.map(({ closed }) => closed)));
  await waitFor('a place to be free', async () => (await gauge('active', 'pair')) === 1);
  letGo(held);
  await Promise.all(asked);
  await waitFor('both places to be free', async () => (await gauge('active', 'pair')) === 0);
});

test('a place is given back whatever becomes of its request', async () => {
  const free = () => waitFor('the place to be free', async () => (await gauge('active', 'single')) === 0);
  // A client that leaves in the middle of a stream.
  const controller = new AbortController();
  bound.play = (call) => {
    call.head(200, { 'content-type': OPENAI.streamType });
    for (const frame of OPENAI.frames.slice(0, OPENAI.cutAfter)) call.chunk(frame);
    setTimeout(() => controller.abort(), 20);
  };
  await ask({ ...to('single'), stream: true, signal: controller.signal }).catch(() => undefined);
  await free();
  // A provider that breaks off before an answer, in the middle of one, and one whose answer is nonsense.
  for (const stream of [false, true]) {
    for (const play of [
      (call: ProviderCall) => void call.socket.resetAndDestroy(),
      (call: ProviderCall) => {
        call.head(200, { 'content-type': stream ? OPENAI.streamType : 'application/json' });
        for (const frame of OPENAI.frames.slice(0, OPENAI.cutAfter)) call.chunk(frame);
        setTimeout(() => call.socket.resetAndDestroy(), 20);
      },
      (call: ProviderCall) => call.reply(200, { 'content-type': 'application/json' }, 'oops'),
    ]) {
      bound.play = play;
      await ask({ ...to('single'), stream });
      await free();
    }
  }
  bound.play = well;
  assert.equal((await ask(to('single'))).status, 200);
});

test('the place of an attempt that lost a race is free again', async () => {
  const { play } = slow;
  slow.play = () => undefined;
  for (let at = 0; at < 3; at++) {
    const answer = await ask(to('racing'));
    assert.equal(answer.headers['x-answered-by'], 'spare');
    await waitFor('the place to be free', async () => (await gauge('active', 'racing')) === 0);
  }
  slow.play = play;
  assert.equal((await ask(to('racing'))).headers['x-answered-by'], 'slow');
});

test('a second attempt finds the place that the first has left', async () => {
  let calls = 0;
  bound.play = (call) => {
    calls++;
    if (calls === 1) call.reply(500, { 'content-type': 'application/json' }, '{}');
    else well(call);
  };
  const answer = await ask(to('retried'));
  bound.play = well;
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['x-aigw-attempts'], '2');
});
