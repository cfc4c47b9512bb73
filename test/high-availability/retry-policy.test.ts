import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ANSWER_TEXT, OPENAI } from '../support/providers.ts';
import { closedPort, type ProviderCall } from '../support/raw-provider.ts';
import { inParallel } from '../support/wait.ts';
import { createAsker } from './support/clients.ts';
import { clusterLine } from './support/cluster-line.ts';
import { refuseWith, type ScriptedProvider, startProvider } from './support/scripted-provider.ts';

const main = await startProvider({ after }, 'main');
const spare = await startProvider({ after }, 'spare');
const last = await startProvider({ after }, 'last');
const all = [main, spare, last];
const well = new Map(all.map((provider) => [provider, provider.play]));

const OFF = 'circuit_breaker: false';
const route = (name: string, rest: string) => `      - { match: { headers: { x-route: ${name} } }, ${rest} }`;
const MAIN = 'split: [{ cluster: main }]';
const gateway = await startGateway(
  { after },
  `static_cluster:
${clusterLine('main', 'openai', main.url, OFF)}
${clusterLine('spare', 'openai', spare.url, OFF)}
${clusterLine('last', 'openai', last.url, OFF)}
${clusterLine('nobody', 'openai', `http://127.0.0.1:${await closedPort()}`, OFF)}
virtual_services:
  - name: main
    virtual_routes:
${[
  route('default', `${MAIN}, fallback: [{ cluster: spare }, { cluster: last }]`),
  route('thrice', `retry: { attempts: 3, backoff: 40ms }, ${MAIN}`),
  route('round', `retry: { attempts: 4, backoff: 40ms }, ${MAIN}, fallback: [{ cluster: spare }]`),
  route('priority', `retry: { attempts_per_priority: 2, backoff: 1ms }, ${MAIN}, fallback: [{ cluster: spare }]`),
  route(
    'wide',
    'retry: { attempts_per_priority: 1 }, split: [{ cluster: main }, { cluster: last }], fallback: [{ cluster: spare }]',
  ),
  route('only-connect', `retry: { on: [connect] }, ${MAIN}, fallback: [{ cluster: spare }]`),
  route('nobody', 'retry: { on: [connect] }, split: [{ cluster: nobody }], fallback: [{ cluster: spare }]'),
  route('only-418', `retry: { on_status: [418] }, ${MAIN}, fallback: [{ cluster: spare }]`),
  route('impatient', `retry: { per_try_timeout: 100ms }, ${MAIN}, fallback: [{ cluster: spare }]`),
  route('waits', `retry: { attempts: 2, backoff: 1ms, max_retry_after: 1s }, ${MAIN}`),
  route('waits-not', `retry: { attempts: 3, backoff: 1ms, max_retry_after: 50ms }, ${MAIN}`),
  route(
    'skips',
    `retry: { attempts: 4, backoff: 1ms, max_retry_after: 50ms }, ${MAIN}, fallback: [{ cluster: spare }]`,
  ),
  route('deadline', `timeout: { request: 300ms }, retry: { attempts: 20, backoff: 40ms }, ${MAIN}`),
  route('hangs', `timeout: { request: 250ms }, retry: { attempts: 20 }, ${MAIN}, fallback: [{ cluster: spare }]`),
  route('first-token', `timeout: { first_token: 150ms }, ${MAIN}, fallback: [{ cluster: spare }]`),
  route('budget', `retry: { attempts: 3, backoff: 1ms, budget: { percent: 20, min_per_second: 0 } }, ${MAIN}`),
  route('too-long', `retry: { on: [context_length] }, ${MAIN}, fallback: [{ cluster: spare }]`),
  route('policy', `retry: { on: [content_policy] }, ${MAIN}, fallback: [{ cluster: spare }]`),
].join('\n')}
`,
);
const { ask } = createAsker({ after }, () => gateway.port);
const to = (name: string) => ({ headers: { 'x-route': name } });

/** What each provider was asked while `act` ran. */
async function counted(act: () => Promise<unknown>): Promise<number[]> {
  const before = all.map(({ calls }) => calls.length);
  await act();
  return all.map(({ calls }, index) => calls.length - (before[index] ?? 0));
}

function set(plays: Partial<Record<'main' | 'spare' | 'last', ScriptedProvider['play']>>): void {
  for (const [name, provider] of Object.entries({ main, spare, last })) {
    provider.play = plays[name as 'main'] ?? (well.get(provider) as ScriptedProvider['play']);
  }
}

const broken = refuseWith(500);

test('without a policy each target is tried once, in order, and the last failure is told', async () => {
  set({ main: broken, spare: refuseWith(503), last: refuseWith(502, {}, { message: 'The last.' }) });
  const counts = await counted(async () => {
    const answer = await ask(to('default'));
    assert.equal(answer.status, 502);
    assert.match(answer.error ?? '', /The last/);
    assert.equal(answer.headers['x-aigw-attempts'], '3');
  });
  assert.deepEqual(counts, [1, 1, 1]);
});

test('attempts are counted over all targets, and waits grow between those at the same one', async () => {
  set({ main: broken });
  let waited = 0;
  assert.deepEqual(
    await counted(async () => {
      waited = (await ask(to('thrice'))).durationMs;
    }),
    [3, 0, 0],
  );
  // Half of 40 ms and half of 80 ms at the least.
  assert.ok(waited >= 55, `${waited} ms`);
  set({ main: broken, spare: broken });
  assert.deepEqual(
    await counted(async () => {
      waited = (await ask(to('round'))).durationMs;
    }),
    [2, 2, 0],
  );
  assert.ok(waited >= 70, `targets that take turns were not given time: ${waited} ms`);
});

test('a priority is tried as often as it is told before the next', async () => {
  set({ main: broken });
  assert.deepEqual(await counted(() => ask(to('priority'))), [2, 1, 0]);
  set({ main: broken, spare: broken, last: broken });
  assert.deepEqual(await counted(() => ask(to('priority'))), [2, 2, 0]);
  const counts = await counted(() => ask(to('wide')));
  assert.equal((counts[0] ?? 0) + (counts[2] ?? 0), 1);
  assert.equal(counts[1], 1);
});

test('only what the policy names is a reason for another attempt', async () => {
  set({ main: broken });
  assert.equal((await ask(to('only-connect'))).status, 500);
  assert.equal((await ask(to('only-418'))).status, 500);
  set({ main: refuseWith(418) });
  assert.equal((await ask(to('only-418'))).headers['x-answered-by'], 'spare');
  assert.equal((await ask(to('default'))).status, 418);
  set({ main: (call) => void call.socket.resetAndDestroy() });
  assert.equal((await ask(to('only-connect'))).status, 502);
  assert.equal((await ask(to('nobody'))).headers['x-answered-by'], 'spare');
});

test('each try has its own time, and the first content ends it', async () => {
  set({ main: () => undefined });
  for (const stream of [false, true]) {
    const answer = await ask({ ...to('impatient'), stream });
    assert.equal(answer.headers['x-answered-by'], 'spare');
    assert.ok(answer.durationMs >= 95 && answer.durationMs < 3000, `${answer.durationMs}`);
  }
  set({ main: (call) => slowly(call, 60) });
  const answer = await ask({ ...to('impatient'), stream: true });
  assert.equal(answer.headers['x-aigw-cluster'], 'main');
  assert.equal(answer.text, ANSWER_TEXT);
});

/** Streams with a pause before each frame but the first three. */
function slowly(call: ProviderCall, everyMs: number): void {
  call.head(200, { 'content-type': OPENAI.streamType });
  const frames = [...OPENAI.frames];
  for (const frame of frames.splice(0, 3)) call.chunk(frame);
  const timer = setInterval(() => {
    const frame = frames.shift();
    if (frame !== undefined) call.chunk(frame);
    else {
      call.end();
      clearInterval(timer);
    }
  }, everyMs);
}

test('signs of life are not the first token', async () => {
  set({
    main(call) {
      call.head(200, { 'content-type': OPENAI.streamType });
      const timer = setInterval(() => {
        if (!call.chunk(': still thinking\n\n')) clearInterval(timer);
      }, 20);
      call.closed.then(() => clearInterval(timer));
      call.chunk(OPENAI.frames[0] as Uint8Array);
    },
  });
  const answer = await ask({ ...to('first-token'), stream: true });
  assert.equal(answer.headers['x-answered-by'], 'spare');
  assert.equal(answer.text, ANSWER_TEXT);
  assert.ok(answer.durationMs < 3000, `${answer.durationMs}`);
});

test('what a provider asks to wait is waited for, as far as the policy goes', async () => {
  let calls = 0;
  const once = (headers: Record<string, string>) => (call: ProviderCall) => {
    calls++;
    if (calls === 1) refuseWith(429, headers)(call);
    else (well.get(main) as ScriptedProvider['play'])(call);
  };
  set({ main: once({ 'retry-after-ms': '300' }) });
  const waited = await ask(to('waits'));
  assert.equal(waited.status, 200);
  assert.ok(waited.durationMs >= 295, `${waited.durationMs}`);
  calls = 0;
  set({ main: once({ 'retry-after': '60' }) });
  const refused = await ask(to('waits-not'));
  assert.equal(refused.status, 429);
  assert.equal(refused.headers['retry-after'], '60');
  assert.equal(refused.headers['x-aigw-attempts'], '1');
  set({ main: refuseWith(429, { 'retry-after': '60' }), spare: broken });
  assert.deepEqual(await counted(() => ask(to('skips'))), [1, 2, 0]);
});

test('the time of the whole exchange is never exceeded', async () => {
  set({ main: broken, spare: () => undefined });
  for (const name of ['deadline', 'hangs']) {
    const answer = await ask(to(name));
    assert.ok(answer.status === 500 || answer.status === 504, `${answer.status}`);
    assert.ok(answer.durationMs < 1500, `${name}: ${answer.durationMs} ms`);
  }
});

test('while everything fails the retries keep to their budget', async (t) => {
  set({ main: broken });
  const counts = await counted(() => inParallel(Array.from({ length: 500 }), 50, () => ask(to('budget'))));
  t.diagnostic(`500 requests that fail, with a budget of 20 %: ${counts[0]} requests to the provider`);
  assert.ok((counts[0] ?? 0) <= 600, `${counts[0]}`);
  assert.ok((counts[0] ?? 0) >= 550, `${counts[0]}`);
});

test('a prompt that is too long, or against a policy, goes elsewhere only where the route says so', async () => {
  const tooLong = refuseWith(
    400,
    {},
    { message: 'Too long.', type: 'invalid_request_error', code: 'context_length_exceeded' },
  );
  set({ main: tooLong });
  assert.equal((await ask(to('too-long'))).headers['x-answered-by'], 'spare');
  assert.equal((await ask(to('policy'))).status, 400);
  assert.equal((await ask(to('default'))).status, 400);
  set({ main: refuseWith(400, {}, { message: 'Filtered.', type: 'invalid_request_error', code: 'content_filter' }) });
  assert.equal((await ask(to('policy'))).headers['x-answered-by'], 'spare');
  assert.equal((await ask(to('too-long'))).status, 400);
  assert.equal((await ask(to('default'))).status, 400);
});
