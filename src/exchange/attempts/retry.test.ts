import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import { ResponseHeaders } from '../headers.ts';
import { Attempt } from '../state.ts';
import type { AttemptOutcome, FailureKind } from './attempt-outcome.ts';
import { type FakeExchange, fakeWorld } from './fake-exchange.test.ts';
import { prepareAttempt } from './make-attempt.ts';
import { attemptResult, backoffMs, laneFault, mayRetry, noteRetryAfter, waitBefore } from './retry.ts';

const route = (name: string, retry: string) =>
  `      - { name: ${name}, match: { model: ${name} }, retry: { ${retry} }, split: [{ cluster: a }] }`;
const world = fakeWorld(`static_cluster:
  a: { provider: openai, endpoint: "http://a.test", api_key: k }
  b: { provider: openai, endpoint: "http://b.test", api_key: k }
virtual_services:
  - name: main
    virtual_routes:
      - { name: plain, match: { model: plain }, split: [{ cluster: a }], fallback: [{ cluster: b }] }
${[
  route('connect', 'on: [connect]'),
  route('reset', 'on: [reset]'),
  route('timeout', 'on: [timeout]'),
  route('status', 'on: [status]'),
  route('teapot', 'on_status: [418]'),
  route('long', 'on: [status, context_length]'),
  route('policy', 'on: [status, content_policy]'),
  route('slow', 'backoff: 100ms, max_backoff: 300ms, max_retry_after: 1s'),
].join('\n')}
`);

function attemptOf(exchange: FakeExchange): Attempt {
  const target = exchange.run.plan.next();
  assert.ok(target !== undefined);
  const attempt = prepareAttempt(exchange.run, target);
  assert.ok(attempt !== undefined);
  return attempt;
}

const failed = (failure: FailureKind): AttemptOutcome => ({
  kind: 'failed',
  failure,
  error: new GatewayError('provider_unreachable', 'x'),
});

function refused(
  status: number,
  options: { code?: string; message?: string; headers?: Record<string, string> } = {},
): AttemptOutcome {
  const flat = Object.entries(options.headers ?? {}).flat();
  const error = {
    status,
    type: 'invalid_request_error',
    message: options.message ?? 'no',
    ...(options.code === undefined ? {} : { code: options.code }),
  };
  return {
    kind: 'refused',
    refusal: {
      status,
      headers: new ResponseHeaders(flat),
      body: new Uint8Array(),
      error,
      json: undefined,
    },
  };
}

function retried(name: string, outcome: AttemptOutcome, headers: Record<string, string> = {}): boolean {
  return mayRetry(attemptOf(world.exchange({ route: name, headers })), outcome);
}

test('by default failures of the provider are reasons for another attempt, refusals of the request are not', () => {
  const reasons: FailureKind[] = [
    'connect',
    'timeout-connect',
    'tls',
    'reset',
    'protocol',
    'answer',
    'timeout-head',
    'timeout-idle',
    'unexpressible',
    'unsigned',
    'busy',
  ];
  for (const failure of reasons) assert.equal(retried('plain', failed(failure)), true, failure);
  assert.equal(retried('plain', failed('aborted')), false);
  assert.equal(retried('plain', { kind: 'done' }), false);
  for (const status of [408, 409, 424, 429, 500, 502, 503, 504, 529]) {
    assert.equal(retried('plain', refused(status)), true, String(status));
  }
  for (const status of [400, 404, 413, 422, 501])
    assert.equal(retried('plain', refused(status)), false, String(status));
});

test('a policy names its reasons', () => {
  const outcomes = {
    connect: failed('tls'),
    reset: failed('answer'),
    timeout: failed('timeout-idle'),
    status: refused(500),
  };
  for (const name of Object.keys(outcomes)) {
    for (const [reason, outcome] of Object.entries(outcomes)) {
      assert.equal(retried(name, outcome), name === reason, `${name}: ${reason}`);
    }
  }
  assert.equal(retried('teapot', refused(418)), true);
  assert.equal(retried('teapot', refused(500)), false);
});

test('what is wrong with the gateway’s own key is always a reason; with a client’s key never', () => {
  for (const status of [401, 402, 403]) {
    assert.equal(retried('connect', refused(status)), true, String(status));
    assert.equal(retried('connect', refused(status), { 'x-own-key': 'theirs' }), false, String(status));
  }
  assert.equal(retried('connect', refused(429, { code: 'insufficient_quota' })), true);
  assert.equal(retried('connect', refused(429)), false);
});

test('prompts that are too long or against a policy are reasons only where a route says so', () => {
  const tooLong = refused(400, { code: 'context_length_exceeded' });
  const against = refused(400, { code: 'content_filter' });
  assert.deepEqual([retried('long', tooLong), retried('long', against)], [true, false]);
  assert.deepEqual([retried('policy', tooLong), retried('policy', against)], [false, true]);
  assert.deepEqual([retried('plain', tooLong), retried('plain', against)], [false, false]);
});

test('after the commit point, or when the client has gone, there is no other attempt', () => {
  const exchange = world.exchange({ route: 'plain' });
  const attempt = attemptOf(exchange);
  exchange.state.clientGone = true;
  assert.equal(mayRetry(attempt, failed('reset')), false);
  exchange.state.clientGone = false;
  exchange.state.phase = 'committed';
  assert.equal(mayRetry(attempt, failed('reset')), false);
});

test('what of a way into a cluster was at fault', () => {
  const wanted: readonly (readonly [AttemptOutcome, ReturnType<typeof laneFault>])[] = [
    [failed('connect'), 'endpoint'],
    [failed('timeout-head'), 'endpoint'],
    [failed('unsigned'), 'key'],
    [failed('answer'), undefined],
    [failed('busy'), undefined],
    [refused(401), 'key'],
    [refused(402), 'key'],
    [refused(429), 'either'],
    [refused(503), 'endpoint'],
    [refused(500), undefined],
    [{ kind: 'done' }, undefined],
  ];
  for (const [outcome, fault] of wanted) assert.equal(laneFault(outcome), fault, JSON.stringify(outcome));
});

test('backoff doubles with each attempt up to its bound; half of it is chance', () => {
  const exchange = world.exchange({ route: 'slow' });
  const waits = (random: number) => {
    world.random = random;
    return [1, 2, 3, 4].map((attempts) => {
      exchange.state.attempts = attempts;
      return backoffMs(exchange.state);
    });
  };
  assert.deepEqual(waits(0), [50, 100, 150, 150]);
  assert.deepEqual(waits(1), [100, 200, 300, 300]);
  world.random = 0.5;
});

test('only a way that was tried is waited for, as long as its provider asked', () => {
  const exchange = world.exchange({ route: 'slow' });
  const attempt = attemptOf(exchange);
  assert.equal(waitBefore(attempt), 0);
  exchange.state.attempts = 1;
  exchange.state.failedAttempts = [attempt];
  const { live, lane, cluster, chosen } = attempt;
  const again = new Attempt(exchange.state, { live, lane, cluster, chosen });
  assert.equal(waitBefore(again), 75);
  noteRetryAfter(attempt, refused(429, { headers: { 'retry-after-ms': '900' } }));
  assert.equal(waitBefore(again), 900);
  world.nowMs += 500;
  assert.equal(waitBefore(again), 400);
  noteRetryAfter(attempt, refused(503, { headers: { 'retry-after': '2' } }));
  assert.equal(waitBefore(again), undefined, 'longer than the route waits');
  const other = world.exchange({ route: 'slow' });
  const unasked = attemptOf(other);
  noteRetryAfter(unasked, refused(500, { headers: { 'retry-after': '60' } }));
  assert.equal(unasked.retryAtMonotonic, 0);
});

test('how attempts are counted', () => {
  const exchange = world.exchange({ route: 'plain' });
  const attempt = attemptOf(exchange);
  const results = [
    failed('tls'),
    failed('reset'),
    failed('timeout-idle'),
    failed('busy'),
    refused(429),
    refused(500),
    refused(404),
    { kind: 'done' as const },
  ];
  assert.deepEqual(
    results.map((outcome) => attemptResult(attempt, outcome)),
    ['connect_error', 'reset', 'timeout', 'busy', 'rate_limited', 'server_error', 'client_error', 'ok'],
  );
  attempt.lost = true;
  assert.equal(attemptResult(attempt, failed('aborted')), 'lost');
});
