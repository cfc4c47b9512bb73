import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ANSWER_TEXT } from '../support/providers.ts';
import type { ProviderCall } from '../support/raw-provider.ts';
import { inParallel } from '../support/wait.ts';
import { createAsker } from './support/clients.ts';
import { clusterLine } from './support/cluster-line.ts';
import { refuseWith, startProvider } from './support/scripted-provider.ts';

const provider = await startProvider({ after }, 'main');
const spare = await startProvider({ after }, 'spare');
const well = provider.play;

/** What becomes of requests with a key; keys that are not named are well. */
const verdicts = new Map<string, (call: ProviderCall) => void>();
/** How often each key was used. */
const uses = new Map<string, number>();

provider.play = (call) => {
  const key = call.headers['authorization']?.replace('Bearer ', '') ?? 'none';
  uses.set(key, (uses.get(key) ?? 0) + 1);
  (verdicts.get(key) ?? well)(call);
};

const PAIRS = ['refused', 'forbidden', 'limited', 'unpaid', 'quota', 'both', 'back'];
const pair = (name: string) => `api_keys: [${name}-1, ${name}-2]`;
const route = (name: string, rest: string) => `      - { match: { headers: { x-route: ${name} } }, ${rest} }`;
const gateway = await startGateway(
  { after },
  `static_cluster:
${PAIRS.map((name) => clusterLine(name, 'openai', provider.url, pair(name))).join('\n')}
${clusterLine('single', 'openai', provider.url, 'credential: { type: api_key, key: single-1 }')}
${clusterLine('mistyped', 'openai', provider.url, 'credential: { type: api_key, key: mistyped-1 }')}
${clusterLine('brought', 'openai', provider.url, 'credential: { type: api_key, key: own-1 }, credential_override: { header: x-provider-key }')}
${clusterLine('spare', 'openai', spare.url)}
virtual_services:
  - name: main
    virtual_routes:
${[
  ...PAIRS.map((name) => route(name, `split: [{ cluster: ${name} }]`)),
  route('single', 'split: [{ cluster: single }], fallback: [{ cluster: spare }]'),
  route(
    'strict',
    'retry: { on: [connect], on_status: [500] }, split: [{ cluster: single }], fallback: [{ cluster: spare }]',
  ),
  route('mistyped', 'split: [{ cluster: mistyped }]'),
  route('brought', 'split: [{ cluster: brought }], fallback: [{ cluster: spare }]'),
].join('\n')}
`,
);
const { ask } = createAsker({ after }, () => gateway.port);
const to = (name: string, headers: Record<string, string> = {}) => ({ headers: { 'x-route': name, ...headers } });

async function askMany(name: string, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const answer = await ask({ ...to(name), stream: at % 2 === 1 });
    assert.equal(answer.status, 200, answer.error);
    assert.equal(answer.text, ANSWER_TEXT);
  }
}

test('keys of one cluster take turns', async () => {
  await askMany('back', 10);
  assert.deepEqual([uses.get('back-1'), uses.get('back-2')], [5, 5]);
});

const REFUSALS: Readonly<Record<string, (call: ProviderCall) => void>> = {
  refused: refuseWith(401, {}, { message: 'Incorrect API key provided.', code: 'invalid_api_key' }),
  forbidden: refuseWith(403),
  limited: refuseWith(429, { 'retry-after': '60' }),
  unpaid: refuseWith(402),
  quota: refuseWith(429, {}, { type: 'insufficient_quota', code: 'insufficient_quota' }),
};

for (const [name, play] of Object.entries(REFUSALS)) {
  test(`a key that is ${name} rests, and the other one answers: no client notices`, async () => {
    verdicts.set(`${name}-1`, play);
    await askMany(name, 20);
    assert.equal(uses.get(`${name}-1`), 1, 'the resting key was used again');
    assert.equal(uses.get(`${name}-2`), 20);
  });

  test(`the same of requests that come at once: ${name}`, async () => {
    await inParallel(Array.from({ length: 40 }), 20, () => askMany(name, 1));
    assert.equal(uses.get(`${name}-1`), 1);
  });
}

test('when every key is refused the client gets the refusal, and each key is still tried', async () => {
  verdicts.set('both-1', refuseWith(401, {}, { message: 'No such key.' }));
  verdicts.set('both-2', refuseWith(401, {}, { message: 'No such key.' }));
  const answer = await ask(to('both'));
  assert.equal(answer.status, 401);
  assert.deepEqual([uses.get('both-1'), uses.get('both-2')], [1, 1]);
  assert.equal((await ask(to('both'))).status, 401);
  verdicts.clear();
  assert.equal((await ask(to('both'))).status, 200);
});

test('a key that is limited comes back when its time is over', async () => {
  verdicts.set('back-1', refuseWith(429, { 'retry-after-ms': '200' }));
  const before = uses.get('back-1') ?? 0;
  await askMany('back', 4);
  assert.equal(uses.get('back-1'), before + 1);
  verdicts.delete('back-1');
  const end = Date.now() + 5000;
  while ((uses.get('back-1') ?? 0) < before + 3) {
    assert.ok(Date.now() < end, 'the key never came back');
    await askMany('back', 1);
  }
});

test('the only key of a cluster is refused: the fallback answers, also where 401 is no reason to try again', async () => {
  verdicts.set('single-1', refuseWith(401));
  assert.equal((await ask(to('strict'))).headers['x-answered-by'], 'spare');
  for (let at = 0; at < 5; at++) assert.equal((await ask(to('single'))).headers['x-answered-by'], 'spare');
  assert.equal(uses.get('single-1'), 1);
});

test('without a fallback the only key is tried all the same, and works as soon as it is good', async () => {
  verdicts.set('mistyped-1', refuseWith(401, {}, { message: 'No such key.' }));
  for (let at = 0; at < 3; at++) {
    const answer = await ask(to('mistyped'));
    assert.equal(answer.status, 401);
    assert.match(answer.error ?? '', /No such key/);
  }
  verdicts.clear();
  assert.equal((await ask(to('mistyped'))).status, 200);
});

test('what is wrong with a key that the client brought is the client’s affair', async () => {
  verdicts.set('theirs', refuseWith(401, {}, { message: 'Your key is wrong.' }));
  for (let at = 0; at < 3; at++) {
    const answer = await ask(to('brought', { 'x-provider-key': 'theirs' }));
    assert.equal(answer.status, 401);
    assert.match(answer.error ?? '', /Your key is wrong/);
    assert.equal(answer.headers['x-aigw-attempts'], '1');
  }
  verdicts.set('theirs', refuseWith(429, { 'retry-after': '60' }));
  assert.equal((await ask(to('brought', { 'x-provider-key': 'theirs' }))).headers['x-answered-by'], 'spare');
  const answer = await ask(to('brought'));
  assert.equal(answer.headers['x-answered-by'], 'main');
  assert.equal(uses.get('own-1'), 1);
});
