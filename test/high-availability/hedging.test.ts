import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ANSWER_TEXT, CUT_TEXT, OPENAI } from '../support/providers.ts';
import type { ProviderCall } from '../support/raw-provider.ts';
import { inParallel, waitFor, within } from '../support/wait.ts';
import { CLIENTS, createAsker } from './support/clients.ts';
import { clusterLine } from './support/cluster-line.ts';
import { scrape } from './support/scrape.ts';
import { refuseWith, startProvider } from './support/scripted-provider.ts';

const slow = await startProvider({ after }, 'slow');
const quick = await startProvider({ after }, 'quick');
const foreign = await startProvider({ after }, 'foreign');
const twins = [await startProvider({ after }, 'twin-1'), await startProvider({ after }, 'twin-2')] as const;

const OFF = 'circuit_breaker: false';
const route = (name: string, rest: string) => `      - { match: { headers: { x-route: ${name} } }, ${rest} }`;
const gateway = await startGateway(
  { after },
  `static_cluster:
${clusterLine('slow', 'openai', slow.url, OFF)}
${clusterLine('unknown', 'openai', slow.url, OFF)}
${clusterLine('quick', 'openai', quick.url, OFF)}
${clusterLine('foreign', 'anthropic', foreign.url, OFF)}
${clusterLine('twins', 'openai', '', `endpoints: ["${twins[0].url}", "${twins[1].url}"], ${OFF}`)}
${clusterLine('narrow', 'openai', quick.url, `${OFF}, concurrency: { requests: 1, queue: 5 }`)}
virtual_services:
  - name: main
    virtual_routes:
${[
  route('fixed', 'hedge: { after: 60ms, min_delay: 0s }, split: [{ cluster: slow }], fallback: [{ cluster: quick }]'),
  route(
    'foreign',
    'hedge: { after: 60ms, min_delay: 0s }, split: [{ cluster: slow }], fallback: [{ cluster: foreign }]',
  ),
  route('twins', 'hedge: { after: 60ms, min_delay: 0s }, split: [{ cluster: twins }]'),
  route('alone', 'hedge: { after: 30ms, min_delay: 0s }, retry: { attempts: 3 }, split: [{ cluster: slow }]'),
  route('p95', 'hedge: { after: p95, min_delay: 20ms }, split: [{ cluster: unknown }], fallback: [{ cluster: quick }]'),
  route('queued', 'hedge: { after: 30ms, min_delay: 0s }, split: [{ cluster: slow }], fallback: [{ cluster: narrow }]'),
  route('narrow', 'split: [{ cluster: narrow }]'),
  route(
    'thrifty',
    'hedge: { after: 20ms, min_delay: 0s }, retry: { budget: { percent: 20, min_per_second: 0 } }, split: [{ cluster: slow }], fallback: [{ cluster: quick }]',
  ),
].join('\n')}
`,
);
const { ask } = createAsker({ after }, () => gateway.port);
const to = (name: string) => ({ headers: { 'x-route': name } });

/** Lets the slow provider wait; resolves to its next call. */
function hold(): Promise<ProviderCall> {
  return new Promise((resolve) => {
    slow.play = resolve;
  });
}

const well = slow.play;
/** Waits until no request is under way. */
const quiet = () =>
  waitFor('all to be over', async () => /^aigw_active_requests 0$/m.test((await scrape(gateway.adminPort)).text));

for (const stream of [false, true]) {
  const how = stream ? 'streamed' : 'whole';

  test(`a slow first attempt is overtaken by a second, and cancelled: ${how}`, async () => {
    const before = await scrape(gateway.adminPort);
    const held = hold();
    const answer = await ask({ ...to('fixed'), stream });
    assert.equal(answer.text, ANSWER_TEXT);
    assert.ok(answer.ended && answer.error === undefined);
    assert.equal(answer.headers['x-answered-by'], 'quick');
    assert.equal(answer.headers['x-aigw-cluster'], 'quick');
    assert.equal(answer.headers['x-aigw-attempts'], '2');
    assert.ok(answer.durationMs >= 55, `the second attempt came after ${answer.durationMs} ms`);
    await within('the slow provider to see its connection closed', (await held).closed);
    await quiet();
    const now = await scrape(gateway.adminPort);
    const more = (name: string, labels?: Record<string, string>) => now.sum(name, labels) - before.sum(name, labels);
    assert.equal(more('aigw_hedges_total', { cluster: 'quick' }), 1);
    assert.equal(more('aigw_attempts_total', { cluster: 'slow', result: 'lost' }), 1);
    assert.equal(more('aigw_attempts_total', { cluster: 'quick', result: 'ok' }), 1);
    assert.equal(more('gen_ai_client_token_usage_count', { gen_ai_token_type: 'input' }), 1);
    assert.equal(more('gen_ai_client_token_usage_sum', { gen_ai_token_type: 'output' }), 3);
  });

  test(`a first attempt that answers before the second wins: ${how}`, async () => {
    const held = hold();
    const asked = ask({ ...to('fixed'), stream });
    const { play } = quick;
    const rival = new Promise<ProviderCall>((resolve) => {
      quick.play = resolve;
    });
    const call = await within('the second attempt', rival);
    quick.play = play;
    well(await held);
    const answer = await asked;
    assert.equal(answer.headers['x-answered-by'], 'slow');
    assert.equal(answer.text, ANSWER_TEXT);
    await within('the second provider to see its connection closed', call.closed);
  });

  test(`a first attempt that is quick stays alone: ${how}`, async () => {
    slow.play = well;
    const asked = quick.calls.length;
    const answer = await ask({ ...to('fixed'), stream });
    assert.equal(answer.headers['x-answered-by'], 'slow');
    assert.equal(answer.headers['x-aigw-attempts'], '1');
    assert.equal(quick.calls.length, asked);
  });

  test(`when both fail the client gets the last failure: ${how}`, async () => {
    const held = hold();
    const { play } = quick;
    quick.play = refuseWith(503, {}, { message: 'The first to fail.' });
    const refused = async () =>
      (await scrape(gateway.adminPort)).sum('aigw_attempts_total', { cluster: 'quick', result: 'server_error' });
    const before = await refused();
    const asked = ask({ ...to('fixed'), stream });
    const call = await held;
    await waitFor('the second attempt to fail', async () => (await refused()) > before);
    refuseWith(500, {}, { message: 'The last to fail.' })(call);
    const answer = await asked;
    quick.play = play;
    assert.equal(answer.status, 500);
    assert.match(answer.error ?? '', /The last to fail/);
    assert.equal(answer.headers['x-aigw-cluster'], 'slow');
  });

  test(`a refusal of the request itself ends the race at once: ${how}`, async () => {
    const held = hold();
    const { play } = quick;
    quick.play = refuseWith(400, {}, { message: 'No such parameter.' });
    const answer = await ask({ ...to('fixed'), stream });
    quick.play = play;
    assert.equal(answer.status, 400);
    assert.match(answer.error ?? '', /No such parameter/);
    await within('the other attempt to be cancelled', (await held).closed);
  });

  test(`what the loser had begun to send never reaches the client: ${how}`, async () => {
    const held = hold();
    const asked = ask({ ...to('fixed'), stream });
    const call = await held;
    // A head and a first chunk without content: the attempt is answering, but has not answered.
    call.head(200, { 'content-type': stream ? OPENAI.streamType : 'application/json' });
    call.chunk(stream ? (OPENAI.frames[0] as Uint8Array) : OPENAI.json.slice(0, 50));
    const answer = await asked;
    assert.equal(answer.headers['x-answered-by'], 'quick');
    assert.equal(answer.text, ANSWER_TEXT);
    assert.ok(answer.ended && answer.error === undefined, answer.error);
    await within('the slow provider to see its connection closed', call.closed);
  });
}

test('a race across two APIs gives each client its own', async () => {
  for (const client of CLIENTS.filter(({ name }) => !name.startsWith('ollama') && name !== 'tgi')) {
    for (const stream of [false, true]) {
      const held = hold();
      const answer = await ask({ ...to('foreign'), client, stream });
      assert.equal(answer.text, ANSWER_TEXT, client.name);
      assert.equal(answer.headers['x-answered-by'], 'foreign');
      await within('the slow provider to see its connection closed', (await held).closed);
    }
  }
});

test('a stream that has begun is not overtaken, however slow it goes on', async () => {
  const held = hold();
  const asked = ask({ ...to('fixed'), stream: true });
  const call = await held;
  const before = quick.calls.length;
  call.head(200, { 'content-type': OPENAI.streamType });
  for (const frame of OPENAI.frames.slice(0, OPENAI.cutAfter)) call.chunk(frame);
  await new Promise((resolve) => {
    setTimeout(resolve, 150);
  });
  call.chunk(OPENAI.errorFrame);
  call.end();
  const answer = await asked;
  assert.equal(answer.text, CUT_TEXT);
  assert.ok(answer.error !== undefined);
  assert.equal(quick.calls.length, before);
});

test('a cluster of several endpoints competes with itself', async () => {
  const { play } = twins[0];
  for (const provider of twins) {
    const other = provider === twins[0] ? twins[1] : twins[0];
    provider.play = () => undefined;
    for (let at = 0; at < 2; at++) {
      const answer = await ask(to('twins'));
      assert.equal(answer.status, 200);
    }
    provider.play = play;
    other.play = play;
  }
  assert.ok((await scrape(gateway.adminPort)).sum('aigw_hedges_total', { cluster: 'twins' }) >= 2);
});

test('a target without another way in is left to answer', async () => {
  const held = hold();
  const asked = ask(to('alone'));
  const call = await held;
  await new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
  well(call);
  const answer = await asked;
  assert.equal(answer.text, ANSWER_TEXT);
  assert.equal(answer.headers['x-aigw-attempts'], '1');
});

test('the 95th percentile of late is waited for, once enough is known', async () => {
  const hedges = async () => (await scrape(gateway.adminPort)).sum('aigw_hedges_total', { cluster: 'quick' });
  const before = await hedges();
  const held = hold();
  const asked = ask(to('p95'));
  const call = await held;
  await new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
  well(call);
  assert.equal((await asked).headers['x-answered-by'], 'slow');
  assert.equal(await hedges(), before, 'a second attempt though nothing is known yet');
  slow.play = well;
  for (let at = 0; at < 30; at++) await ask(to('p95'));
  const second = hold();
  const answer = await ask(to('p95'));
  assert.equal(answer.headers['x-answered-by'], 'quick');
  await within('the loser to be cancelled', (await second).closed);
  assert.equal(await hedges(), before + 1);
});

test('a second attempt that waits for a place leaves the queue when the first answers', async () => {
  const { play } = quick;
  const busy = new Promise<ProviderCall>((resolve) => {
    quick.play = resolve;
  });
  const blocking = ask(to('narrow'));
  const blocker = await busy;
  const held = hold();
  const asked = ask(to('queued'));
  await waitFor('the second attempt to queue', async () => {
    return (await scrape(gateway.adminPort)).sum('aigw_hedges_total', { cluster: 'narrow' }) === 1;
  });
  const before = quick.calls.length;
  well(await held);
  assert.equal((await asked).headers['x-answered-by'], 'slow');
  quick.play = play;
  play(blocker);
  await blocking;
  await quiet();
  assert.equal(quick.calls.length, before, 'the cancelled attempt was sent all the same');
  assert.equal((await ask(to('narrow'))).status, 200);
});

test('second attempts take from the retry budget', async () => {
  slow.play = (call) => void setTimeout(() => well(call), 80);
  const before = quick.calls.length;
  const answers = await inParallel(Array.from({ length: 50 }), 50, () => ask(to('thrifty')));
  assert.ok(answers.every(({ status }) => status === 200));
  const hedged = quick.calls.length - before;
  assert.ok(hedged >= 1 && hedged <= 10, `${hedged} second attempts for 50 requests and a budget of 20 %`);
});

test('afterwards no connection is held', async () => {
  await quiet();
  const records = await gateway.stop();
  assert.ok(records.every(({ status }) => status === 200 || status === 400 || status === 500));
  await waitFor('the provider connections to be gone', () => slow.connections + quick.connections === 0);
  assert.deepEqual(
    gateway.log.filter((line) => line.includes('failed inside the gateway')),
    [],
  );
});
