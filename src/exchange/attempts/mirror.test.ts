import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptsEnd, chatAnswer, fakeWorld, JSON_HEAD, settled } from './fake-exchange.test.ts';
import { startMirrors } from './mirror.ts';

function newWorld(mirror: string) {
  return fakeWorld(`static_cluster:
  a: { provider: openai, endpoint: "http://a.test", api_key: k }
  shadow: { provider: openai, endpoint: "http://shadow.test", api_key: k }
  claude: { provider: anthropic, endpoint: "http://claude.test", api_key: k }
virtual_services: [{ name: main, virtual_routes: [{ name: one, split: [{ cluster: a }], mirror: [${mirror}] }] }]
`);
}

test('a copy goes out beside the request and is counted, whatever becomes of it; the answer waits for nothing', async () => {
  const exchange = newWorld('{ cluster: shadow, model: other }').exchange();
  const done = attemptsEnd(exchange.run);
  await settled();
  const to = (host: string) => exchange.sent.find(({ request }) => request.endpoint.hostname === host);
  assert.match(Buffer.concat([...(to('shadow.test')?.request.body ?? [])]).toString(), /"model":"other"/);
  assert.match(Buffer.concat([...(to('a.test')?.request.body ?? [])]).toString(), /"model":"m"/);
  to('a.test')?.reply(200, JSON_HEAD, chatAnswer());
  await done;
  assert.equal(exchange.client.body, chatAnswer());
  assert.equal(exchange.state.attempts, 1);
  assert.equal(exchange.state.attempt?.target.cluster.name, 'a');
  to('shadow.test')?.reply(500, JSON_HEAD, '{}');
  await settled();
  assert.deepEqual(exchange.counts, ['a ok', 'mirror shadow failed']);
  assert.equal(exchange.target('shadow').breaker.failures(exchange.world.nowMs), 0);
});

test('a copy is given up after two minutes', async () => {
  const exchange = newWorld('{ cluster: shadow }').exchange();
  startMirrors(exchange.state);
  await settled();
  exchange.world.pass(119_999);
  assert.equal(exchange.sent[0]?.aborted, false);
  exchange.world.pass(1);
  await settled();
  assert.equal(exchange.sent[0]?.aborted, true);
  assert.deepEqual(exchange.counts, ['mirror shadow failed']);
});

test('the share of copies is drawn', async () => {
  const world = newWorld('{ cluster: shadow, percent: 30 }');
  for (const [random, count] of [
    [0.29, 1],
    [0.3, 0],
  ] as const) {
    world.random = random;
    const exchange = world.exchange();
    startMirrors(exchange.state);
    await settled();
    assert.equal(exchange.sent.length, count);
  }
});

test('what the copy’s API cannot express is no warning to the client, and spares the request none of its own', async () => {
  const exchange = newWorld('{ cluster: claude }').exchange();
  const { state } = exchange;
  state.body = Buffer.from(
    JSON.stringify({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      logit_bias: { 50256: -100 },
      top_logprobs: 3,
    }),
  );
  state.warnings.push('Before.');
  startMirrors(state);
  await settled();
  assert.equal(exchange.sent[0]?.request.endpoint.hostname, 'claude.test');
  assert.deepEqual(state.warnings, ['Before.']);
  // What reading the request lost is every attempt's to tell.
  assert.deepEqual(state.neutralWarnings, ["'top_logprobs' was left out: it has no effect without 'logprobs'."]);
});
