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
  keys: { provider: openai, endpoint: "http://keys.test", api_keys: [k-1, k-2] }
virtual_services:
  - name: main
    virtual_routes:
      - { name: one, match: { model: one }, split: [{ cluster: a }] }
      - { name: two, match: { model: two }, split: [{ cluster: a }], fallback: [{ cluster: b }] }
      - { name: again, match: { model: again }, retry: { attempts: 4, backoff: 100ms, max_backoff: 150ms, max_retry_after: 1s }, split: [{ cluster: a }] }
      - { name: keys, match: { model: keys }, split: [{ cluster: keys }] }
      - { name: late, match: { model: late }, timeout: { request: 250ms }, retry: { attempts: 4, backoff: 100ms }, split: [{ cluster: a }] }
      - { name: timed, match: { model: timed }, timeout: { first_token: 200ms, idle: 500ms }, retry: { per_try_timeout: 1s }, split: [{ cluster: a }], fallback: [{ cluster: b }] }
`;

function begin(
  t: TestContext,
  options: Parameters<ReturnType<typeof fakeWorld>['exchange']>[0],
): FakeExchange & { done: Promise<unknown> } {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const exchange = fakeWorld(CONFIG, (ms) => t.mock.timers.tick(ms)).exchange(options);
  const done = attemptsEnd(exchange.run).catch((error: unknown) => error);
  return { ...exchange, done };
}

const sentTo = (exchange: FakeExchange) => exchange.sent.map(({ request }) => request.endpoint.hostname[0]).join('');
const last = (exchange: FakeExchange) => exchange.sent.at(-1) as SentRequest;

test('the first answer is the client’s; a failure before goes to the next target', async (t) => {
  const exchange = begin(t, { route: 'two' });
  last(exchange).reply(500, JSON_HEAD, '{}');
  await settled();
  assert.equal(sentTo(exchange), 'ab');
  last(exchange).reply(200, JSON_HEAD, chatAnswer());
  await exchange.done;
  assert.equal(exchange.client.status, 200);
  assert.equal(exchange.client.body, chatAnswer());
  assert.equal(exchange.client.headers['x-aigw-attempts'], '2');
  assert.deepEqual(exchange.counts, ['a server_error', 'b ok']);
});

test('waits between tries at one target double, with jitter, up to their bound', async (t) => {
  const exchange = begin(t, { route: 'again' });
  const { world } = exchange;
  // Half of the wait is fixed, half is drawn: 75, 112.5, 112.5 of 100, 150, 150 ms.
  for (const [index, ms] of [75, 112.5, 112.5].entries()) {
    last(exchange).reply(500, JSON_HEAD, '{}');
    await settled();
    world.pass(ms - 1);
    await settled();
    assert.equal(exchange.sent.length, index + 1, `before wait ${index} is over`);
    world.pass(1);
    await settled();
    assert.equal(exchange.sent.length, index + 2);
  }
  last(exchange).reply(503, JSON_HEAD, '{"error":{"message":"Enough."}}');
  await exchange.done;
  assert.equal(exchange.client.status, 503);
  assert.equal(exchange.sent.length, 4);
});

test('a wait that a provider asks for is obeyed up to its bound, and not for a moment longer', async (t) => {
  const exchange = begin(t, { route: 'again' });
  last(exchange).reply(429, { ...JSON_HEAD, 'retry-after': '1' }, '{}');
  await settled();
  exchange.world.pass(999);
  await settled();
  assert.equal(exchange.sent.length, 1);
  exchange.world.pass(1);
  await settled();
  assert.equal(exchange.sent.length, 2);
  last(exchange).reply(429, { ...JSON_HEAD, 'retry-after': '2' }, '{}');
  await exchange.done;
  assert.equal(exchange.client.status, 429);
  assert.equal(exchange.client.headers['retry-after'], '2');
});

test('no wait goes beyond the time of the exchange', async (t) => {
  const exchange = begin(t, { route: 'late' });
  last(exchange).reply(500, JSON_HEAD, '{}');
  await settled();
  exchange.world.pass(75);
  await settled();
  assert.equal(exchange.sent.length, 2);
  // 150 ms more would be 225 of 250: there is time; after that there is none.
  last(exchange).reply(500, JSON_HEAD, '{}');
  await settled();
  exchange.world.pass(150);
  await settled();
  assert.equal(exchange.sent.length, 3);
  last(exchange).reply(500, JSON_HEAD, '{"error":{"message":"Too late."}}');
  await exchange.done;
  assert.equal(exchange.client.status, 500);
});

test('an attempt ends with the time of the exchange', async (t) => {
  const exchange = begin(t, { route: 'late' });
  exchange.world.pass(251);
  const error = await exchange.done;
  assert.equal((error as { code?: string }).code, 'provider_timeout');
  assert.equal(last(exchange).aborted, true);
  assert.equal(exchange.sent.length, 1);
});

test('a client that leaves during a wait ends it', async (t) => {
  const exchange = begin(t, { route: 'again' });
  last(exchange).reply(500, JSON_HEAD, '{}');
  await settled();
  exchange.state.clientGone = true;
  exchange.state.cancelWait?.();
  await exchange.done;
  assert.equal(exchange.sent.length, 1);
});

test('another key is tried before another target, without a wait', async (t) => {
  const exchange = begin(t, { route: 'keys' });
  last(exchange).reply(401, JSON_HEAD, '{}');
  await settled();
  assert.equal(exchange.sent.length, 2);
  const [first, second] = exchange.run.triedLanes;
  assert.notEqual(first?.keyIndex, second?.keyIndex);
  last(exchange).reply(200, JSON_HEAD, chatAnswer());
  await exchange.done;
  assert.equal(exchange.client.status, 200);
});

test('the time to the first token is not stretched by what is none', async (t) => {
  const exchange = begin(t, { route: 'timed', stream: true });
  const first = last(exchange);
  first.head(200, STREAM_HEAD);
  for (let at = 0; at < 3; at++) {
    exchange.world.pass(50);
    first.data(at === 0 ? chatChunk({ role: 'assistant' }) : ': alive\n\n');
  }
  exchange.world.pass(51);
  await settled();
  assert.equal(first.aborted, true);
  assert.equal(sentTo(exchange), 'ab');
});

test('after the first content only silence ends a stream', async (t) => {
  const exchange = begin(t, { route: 'timed', stream: true });
  const only = last(exchange);
  only.head(200, STREAM_HEAD);
  only.data(chatChunk({ role: 'assistant', content: 'Well' }));
  for (let at = 0; at < 5; at++) {
    exchange.world.pass(490);
    only.data(chatChunk({ content: '.' }));
  }
  exchange.world.pass(501);
  await exchange.done;
  assert.equal(exchange.sent.length, 1);
  assert.equal(only.aborted, true);
  assert.match(exchange.client.body, /stopped sending/);
  assert.deepEqual(exchange.counts, ['a stream_error']);
});

test('what comes of an attempt that is over reaches nobody', async (t) => {
  const exchange = begin(t, { route: 'timed', stream: true });
  const first = last(exchange);
  first.head(200, STREAM_HEAD);
  exchange.world.pass(201);
  await settled();
  const second = last(exchange);
  second.head(200, STREAM_HEAD);
  second.data(chatChunk({ content: 'B' }));
  first.data(chatChunk({ content: 'A' }));
  first.end();
  second.data(`${chatChunk({}, 'stop')}data: [DONE]\n\n`);
  second.end();
  await exchange.done;
  assert.doesNotMatch(exchange.client.body, /"A"/);
  assert.equal(exchange.client.body.match(/"B"/g)?.length, 1);
});

test('when every target’s queue is full the client is told to come again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const world = fakeWorld(`static_cluster:
  a: { provider: openai, endpoint: "http://a.test", api_key: k, concurrency: { requests: 1 } }
virtual_services: [{ name: main, virtual_routes: [{ name: one, split: [{ cluster: a }] }] }]
`);
  const exchange = world.exchange();
  exchange.cluster('a').limit?.tryAcquire();
  await assert.rejects(attemptsEnd(exchange.run), { code: 'overloaded', retryAfterSeconds: 1 });
});

test('what breaks in the gateway ends the request, and holds nothing', async () => {
  const broken = new Error('no sockets today');
  for (const signing of [undefined, Promise.resolve()]) {
    const exchange = fakeWorld(CONFIG).exchange({ route: 'one' });
    const lane = exchange.cluster('a').lanes.lanes[0];
    assert.ok(lane);
    Object.assign(lane.credential, { apply: () => signing });
    Object.assign(exchange.state.runtime.upstream, {
      send() {
        throw broken;
      },
    });
    try {
      await assert.rejects(attemptsEnd(exchange.run), broken);
    } finally {
      Object.assign(lane.credential, { apply: () => undefined });
    }
    assert.equal(lane.use.active, 0);
    assert.deepEqual(exchange.counts, []);
  }
});
