import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attemptsEnd,
  chatAnswer,
  chatChunk,
  type FakeExchange,
  fakeWorld,
  JSON_HEAD,
  type SentRequest,
  STREAM_HEAD,
  settled,
} from './fake-exchange.test.ts';

const world = () =>
  fakeWorld(`static_cluster:
  a: { provider: openai, endpoint: "http://a.test", api_key: k }
  keys: { provider: openai, endpoint: "http://keys.test", api_keys: [k-1, k-2] }
virtual_services:
  - name: main
    virtual_routes:
      - { name: one, match: { model: one }, split: [{ cluster: a }] }
      - { name: keys, match: { model: keys }, retry: { attempts: 1 }, split: [{ cluster: keys }] }
`);

/** Runs one exchange whose provider request is played by `play`. */
async function play(
  options: { world: ReturnType<typeof world>; route?: string; stream?: boolean; headers?: Record<string, string> },
  act: (sent: SentRequest, exchange: FakeExchange) => void,
): Promise<FakeExchange> {
  const exchange = options.world.exchange({ route: 'one', ...options });
  const done = attemptsEnd(exchange.run).catch(() => undefined);
  await settled();
  act(exchange.sent[0] as SentRequest, exchange);
  await done;
  return exchange;
}

test('answers and failures reach the breakers of target and lane; each request is over in the figures', async () => {
  const w = world();
  const good = await play({ world: w }, (sent) => sent.reply(200, JSON_HEAD, chatAnswer()));
  const target = good.target('a');
  const lane = good.cluster('a').lanes.lanes[0];
  assert.ok(lane !== undefined);
  for (let at = 0; at < 2; at++) await play({ world: w }, (sent) => sent.reply(500, JSON_HEAD, '{}'));
  assert.equal(target.breaker.state(w.nowMs), 'open');
  assert.equal(lane.breaker.state(w.nowMs), 'open');
  assert.equal(target.stats.inFlight, 0);
  assert.equal(lane.use.active, 0);
  assert.ok(target.stats.failureShare() > 0);
});

test('a refusal of the request says that the target is well', async () => {
  const w = world();
  let exchange = await play({ world: w }, (sent) => sent.reply(500, JSON_HEAD, '{}'));
  exchange = await play({ world: w }, (sent) => sent.reply(400, JSON_HEAD, '{}'));
  exchange = await play({ world: w }, (sent) => sent.reply(500, JSON_HEAD, '{}'));
  assert.equal(exchange.target('a').breaker.state(w.nowMs), 'closed');
});

test('a client that leaves, before the answer or in its middle, says nothing about the target', async () => {
  const w = world();
  for (let at = 0; at < 4; at++) {
    const exchange = await play({ world: w, stream: true }, (sent, { state }) => {
      if (at % 2 === 0) {
        sent.head(200, STREAM_HEAD);
        sent.data(chatChunk({ content: 'Well' }));
      }
      state.clientGone = true;
      state.attempt?.abort?.();
    });
    assert.equal(exchange.sent[0]?.aborted, true);
    assert.equal(exchange.target('a').breaker.failures(w.nowMs), 0);
    assert.equal(exchange.target('a').stats.inFlight, 0);
  }
});

test('a stream that breaks off after its first content is a failure of the target', async () => {
  const w = world();
  for (let at = 0; at < 2; at++) {
    await play({ world: w, stream: true }, (sent) => {
      sent.head(200, STREAM_HEAD);
      sent.data(chatChunk({ content: 'Well' }));
      sent.fail('reset');
    });
  }
  assert.equal(w.exchange().target('a').breaker.state(w.nowMs), 'open');
});

test('the time to the first token is learned, and what the headers tell of the rate limit', async () => {
  const w = world();
  const headers = { ...STREAM_HEAD, 'x-ratelimit-limit-requests': '100', 'x-ratelimit-remaining-requests': '25' };
  const exchange = await play({ world: w, stream: true }, (sent) => {
    w.nowMs += 120;
    sent.head(200, headers);
    sent.data(chatChunk({ role: 'assistant' }));
    w.nowMs += 80;
    sent.data(chatChunk({ content: 'Well' }));
    sent.data(`${chatChunk({}, 'stop')}data: [DONE]\n\n`);
    sent.end();
  });
  const { stats } = exchange.target('a');
  assert.equal(stats.ttftMs(10), 200);
  assert.equal(stats.headroom(w.nowMs), 0.25);
  assert.equal(stats.waiting, 0);
});

test('a 429 lets the only key’s target rest, and of several keys only the one', async () => {
  const w = world();
  const limited = (sent: SentRequest) => sent.reply(429, { ...JSON_HEAD, 'retry-after': '5' }, '{}');
  const one = await play({ world: w }, limited);
  assert.equal(one.target('a').breaker.retryAtMs(), w.nowMs + 5000);
  assert.equal(one.target('a').breaker.failures(w.nowMs), 0);
  const several = await play({ world: w, route: 'keys' }, limited);
  assert.equal(several.target('keys').health.allows(w.nowMs), true);
  assert.deepEqual(
    several.cluster('keys').lanes.lanes.map((lane) => lane.health.allows(w.nowMs)),
    [false, true],
  );
});

test('a key that is refused rests; one that the client brought does not count', async () => {
  const w = world();
  const refused = (sent: SentRequest) => sent.reply(401, JSON_HEAD, '{}');
  const brought = await play({ world: w, route: 'keys', headers: { 'x-own-key': 'theirs' } }, refused);
  const allowed = () => brought.cluster('keys').lanes.lanes.map((lane) => lane.health.allows(w.nowMs));
  assert.deepEqual(allowed(), [true, true]);
  await play({ world: w, route: 'keys' }, refused);
  assert.equal(allowed().filter((one) => !one).length, 1);
});

test('on probation the first content is enough: nobody waits for the end of a long answer', async () => {
  const w = world();
  for (let at = 0; at < 2; at++) await play({ world: w }, (sent) => sent.reply(500, JSON_HEAD, '{}'));
  w.nowMs += 1000;
  const exchange = w.exchange({ route: 'one', stream: true });
  const done = attemptsEnd(exchange.run);
  await settled();
  const { breaker } = exchange.target('a');
  assert.equal(breaker.allows(w.nowMs), false, 'one probe at a time');
  const sent = exchange.sent[0] as SentRequest;
  sent.head(200, STREAM_HEAD);
  sent.data(chatChunk({ role: 'assistant' }));
  assert.equal(breaker.state(w.nowMs), 'half-open');
  sent.data(chatChunk({ content: 'Well' }));
  assert.equal(breaker.state(w.nowMs), 'closed');
  assert.equal(exchange.cluster('a').lanes.lanes[0]?.breaker.state(w.nowMs), 'closed');
  sent.data(`${chatChunk({}, 'stop')}data: [DONE]\n\n`);
  sent.end();
  await done;
  assert.equal(breaker.closings, 1);
  assert.equal(breaker.requests(w.nowMs), 0);
});
