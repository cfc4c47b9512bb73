import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
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

const CONFIG = `static_cluster:
  a: { provider: openai, endpoint: "http://a.test", api_key: k }
  b: { provider: openai, endpoint: "http://b.test", api_key: k }
  claude: { provider: anthropic, endpoint: "http://claude.test", api_key: k }
  narrow: { provider: openai, endpoint: "http://narrow.test", api_key: k, concurrency: { requests: 1, queue: 1 } }
virtual_services:
  - name: main
    virtual_routes:
      - { name: two, match: { model: two }, hedge: { after: 100ms, min_delay: 0s }, split: [{ cluster: a }], fallback: [{ cluster: b }] }
      - { name: cross, match: { model: cross }, hedge: { after: 100ms, min_delay: 0s }, split: [{ cluster: a }], fallback: [{ cluster: claude }] }
      - { name: queued, match: { model: queued }, hedge: { after: 100ms, min_delay: 0s }, split: [{ cluster: a }], fallback: [{ cluster: narrow }] }
      - { name: p95, match: { model: p95 }, hedge: { after: p95, min_delay: 30ms }, split: [{ cluster: a }], fallback: [{ cluster: b }] }
`;

interface Running extends FakeExchange {
  done: Promise<unknown>;
}

function worldOf(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  return fakeWorld(CONFIG, (ms) => t.mock.timers.tick(ms));
}

function begin(world: ReturnType<typeof worldOf>, route: string, stream = false): Running {
  const exchange = world.exchange({ route, stream });
  return { ...exchange, done: attemptsEnd(exchange.run).catch((error: unknown) => error) };
}

/** Lets the second attempt begin; gives both. */
async function both(exchange: Running): Promise<[SentRequest, SentRequest]> {
  await settled();
  exchange.world.pass(100);
  await settled();
  assert.equal(exchange.sent.length, 2);
  return [exchange.sent[0] as SentRequest, exchange.sent[1] as SentRequest];
}

test('the second attempt begins when its time has come, not before, and not when the first has answered', async (t) => {
  const world = worldOf(t);
  const exchange = begin(world, 'two');
  await settled();
  world.pass(99);
  await settled();
  assert.equal(exchange.sent.length, 1);
  exchange.sent[0]?.reply(200, JSON_HEAD, chatAnswer());
  await exchange.done;
  world.pass(1000);
  await settled();
  assert.equal(exchange.sent.length, 1);
  assert.deepEqual(exchange.counts, ['a ok']);
  assert.equal(exchange.state.race, undefined);
});

for (const winner of [0, 1] as const) {
  test(`attempt ${winner + 1} of two wins; the other is ended, and its figures are closed`, async (t) => {
    const exchange = begin(worldOf(t), 'two');
    const pair = await both(exchange);
    pair[winner].reply(200, JSON_HEAD, chatAnswer());
    await exchange.done;
    await settled();
    const loser = pair[1 - winner] as SentRequest;
    assert.equal(loser.aborted, true);
    assert.equal(exchange.client.body, chatAnswer());
    assert.equal(exchange.state.attempt?.target.cluster.name, winner === 0 ? 'a' : 'b');
    assert.deepEqual(
      [...exchange.counts].sort(),
      ['a', 'b', 'hedge b']
        .map((name, index) => (index === 2 ? name : `${name} ${index === winner ? 'ok' : 'lost'}`))
        .sort(),
    );
    for (const name of ['a', 'b']) {
      assert.equal(exchange.target(name).stats.inFlight, 0);
      assert.equal(exchange.target(name).breaker.failures(exchange.world.nowMs), 0);
    }
  });
}

test('a loser whose answer has begun, in whatever API, adds nothing to the winner’s stream', async (t) => {
  for (const route of ['two', 'cross']) {
    t.mock.timers.reset();
    const exchange = begin(worldOf(t), route, true);
    const [first, second] = await both(exchange);
    first.head(200, STREAM_HEAD);
    first.data(chatChunk({ role: 'assistant', content: '' }));
    second.head(200, STREAM_HEAD);
    if (route === 'two') second.data(chatChunk({ content: 'Mine' }));
    else {
      for (const event of [
        {
          type: 'message_start',
          message: {
            id: 'm',
            model: 'c',
            role: 'assistant',
            content: [],
            usage: { input_tokens: 1, output_tokens: 1 },
          },
        },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Mine' } },
      ]) {
        second.data(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      }
    }
    assert.equal(first.aborted, true);
    first.data(chatChunk({ content: 'Other' }));
    first.end();
    assert.equal(exchange.client.ended, false, route);
    if (route === 'two') second.data(`${chatChunk({}, 'stop')}data: [DONE]\n\n`);
    else {
      second.data(
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}\n\n',
      );
      second.data('event: message_stop\ndata: {"type":"message_stop"}\n\n');
    }
    second.end();
    await exchange.done;
    assert.match(exchange.client.body, /Mine/);
    assert.doesNotMatch(exchange.client.body, /Other|error/);
    assert.match(exchange.client.body, /\[DONE\]/);
    assert.equal(exchange.state.error, undefined);
  }
});

test('of two failures the last is told; a failure of one leaves the other its chance', async (t) => {
  const exchange = begin(worldOf(t), 'two');
  const [first, second] = await both(exchange);
  second.reply(500, JSON_HEAD, '{"error":{"message":"second"}}');
  await settled();
  assert.equal(first.aborted, false);
  first.reply(503, JSON_HEAD, '{"error":{"message":"first"}}');
  await exchange.done;
  assert.equal(exchange.client.status, 503);
  assert.match(exchange.client.body, /first/);
});

test('a refusal of the request ends both', async (t) => {
  const exchange = begin(worldOf(t), 'two');
  const [first, second] = await both(exchange);
  second.reply(400, JSON_HEAD, '{"error":{"message":"No."}}');
  await exchange.done;
  assert.equal(exchange.client.status, 400);
  assert.equal(first.aborted, true);
});

test('a client that leaves ends both', async (t) => {
  const exchange = begin(worldOf(t), 'two');
  const [first, second] = await both(exchange);
  exchange.state.clientGone = true;
  exchange.state.race?.abort();
  await exchange.done;
  assert.deepEqual([first.aborted, second.aborted], [true, true]);
  assert.equal(exchange.client.status, 0);
});

test('a second attempt that still waits for a place is not sent when it has lost', async (t) => {
  const world = worldOf(t);
  const exchange = begin(world, 'queued');
  const limit = exchange.cluster('narrow').limit;
  limit?.tryAcquire();
  await settled();
  world.pass(100);
  await settled();
  assert.equal(limit?.queued, 1);
  exchange.sent[0]?.reply(200, JSON_HEAD, chatAnswer());
  await exchange.done;
  await settled();
  assert.equal(limit?.queued, 0);
  limit?.release();
  await settled();
  assert.equal(exchange.sent.length, 1);
  assert.equal(limit?.active, 0);
});

test('a target that rests is no rival', async (t) => {
  const world = worldOf(t);
  const exchange = begin(world, 'two');
  exchange.target('b').breaker.rest(world.nowMs, 10_000);
  await settled();
  world.pass(100);
  await settled();
  assert.equal(exchange.sent.length, 1);
  exchange.sent[0]?.reply(200, JSON_HEAD, chatAnswer());
  await exchange.done;
  assert.equal(exchange.client.status, 200);
});

test('without enough samples of late there is no 95th percentile; attempts that lost are samples too', async (t) => {
  const world = worldOf(t);
  const quick = async () => {
    const exchange = begin(world, 'p95');
    await settled();
    world.pass(50);
    exchange.sent[0]?.reply(200, JSON_HEAD, chatAnswer());
    await exchange.done;
  };
  const early = begin(world, 'p95');
  await settled();
  world.pass(60_000);
  await settled();
  assert.equal(early.sent.length, 1);
  early.sent[0]?.reply(200, JSON_HEAD, chatAnswer());
  await early.done;
  for (let at = 0; at < 40; at++) await quick();
  const stats = early.run.live.tiers[0]?.targets[0]?.stats;
  assert.ok(stats !== undefined);
  const before = stats.p95TtftMs(10, world.nowMs);
  assert.ok(before > 40 && before < 80, `${before}`);
  let hedged = 0;
  for (let at = 0; at < 10; at++) {
    const slow = begin(world, 'p95');
    await settled();
    world.pass(400);
    await settled();
    if (slow.sent.length === 2) hedged++;
    slow.sent.at(-1)?.reply(200, JSON_HEAD, chatAnswer());
    await slow.done;
    await settled();
  }
  // When the target has grown slow, second attempts do not go on for ever.
  assert.ok(hedged >= 1 && hedged <= 6, `${hedged}`);
  assert.ok(stats.p95TtftMs(10, world.nowMs) > 300);
});
