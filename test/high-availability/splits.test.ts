import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ANSWER_TEXT } from '../support/providers.ts';
import type { ProviderCall } from '../support/raw-provider.ts';
import { inParallel, waitFor } from '../support/wait.ts';
import { createAsker } from './support/clients.ts';
import { clusterLine } from './support/cluster-line.ts';
import { scrape } from './support/scrape.ts';
import { refuseWith, type ScriptedProvider, startProvider } from './support/scripted-provider.ts';
import { seededRandom } from './support/seeded.ts';

const NAMES = ['a', 'b', 'c', 'd', 'shadow', 'hung', 'broken', 'narrow'] as const;
const providers = new Map<string, ScriptedProvider>();
for (const name of NAMES) providers.set(name, await startProvider({ after }, name));
const provider = (name: (typeof NAMES)[number]) => providers.get(name) as ScriptedProvider;
provider('hung').play = () => undefined;
provider('broken').play = refuseWith(500);

const KEYS = Array.from({ length: 40 }, (_, index) => `key-of-the-caller-${index}`);
const even = (names: readonly string[]) => names.map((name) => `{ cluster: ${name} }`).join(', ');
const lines = NAMES.map((name) =>
  clusterLine(name, 'openai', provider(name).url, name === 'narrow' ? 'concurrency: { requests: 1, queue: 1 }' : ''),
);
const gateway = await startGateway(
  { after },
  `static_cluster:
${lines.join('\n')}
organizations:
  - name: acme
    users:
${KEYS.map((key, index) => `      - { name: user-${index}, keys: [{ name: k${index}, key: "${key}" }] }`).join('\n')}
virtual_services:
  - name: keyed
    domains: [keyed.test]
    auth_filter: { api_keys: organizations }
    virtual_routes:
      - { match: { headers: { x-route: by-key } }, split_by: key, split: [${even(['a', 'b'])}] }
      - { match: { headers: { x-route: by-user } }, split_by: user, split: [{ cluster: a, weight: 50 }, { cluster: b, weight: 50 }] }
  - name: main
    domains: ["*"]
    virtual_routes:
      - { match: { headers: { x-route: ninety } }, split: [{ cluster: a, weight: 90 }, { cluster: b, weight: 10 }] }
      - { match: { headers: { x-route: three } }, split: [{ cluster: a, weight: 70 }, { cluster: b, weight: 20 }, { cluster: c, weight: 10 }] }
      - { match: { headers: { x-route: resting } }, split: [{ cluster: broken, weight: 70 }, { cluster: b, weight: 20 }, { cluster: c, weight: 10 }] }
      - { match: { headers: { x-route: canary, x-canary: "1" } }, split: [{ cluster: d }] }
      - { match: { headers: { x-route: canary } }, split: [{ cluster: a }] }
      - { match: { headers: { x-route: by-header } }, split_by: { header: x-session }, split: [{ cluster: a, weight: 60 }, { cluster: b, weight: 30 }, { cluster: c, weight: 10 }] }
      - { match: { headers: { x-route: by-ip } }, split_by: ip, split: [${even(['a', 'b', 'c', 'd'])}] }
      - { match: { headers: { x-route: mirrored } }, split: [{ cluster: a }], mirror: [{ cluster: shadow }, { cluster: d, percent: 30 }] }
      - { match: { headers: { x-route: bad-mirrors } }, split: [{ cluster: a }], mirror: [{ cluster: hung }, { cluster: broken }] }
      - { match: { headers: { x-route: affine } }, balance: { affinity: prefix }, split: [${even(['a', 'b', 'c', 'd'])}] }
      - { match: { headers: { x-route: session } }, balance: { affinity: { header: x-session } }, split: [${even(['a', 'b', 'c', 'd'])}] }
      - { match: { headers: { x-route: spill } }, balance: { affinity: prefix }, split: [${even(['narrow', 'b'])}] }
`,
);
const { ask } = createAsker({ after }, () => gateway.port);

async function answerer(route: string, headers: Record<string, string> = {}, prompt?: string): Promise<string> {
  const answer = await ask({ headers: { 'x-route': route, ...headers }, ...(prompt === undefined ? {} : { prompt }) });
  assert.equal(answer.status, 200, answer.error);
  assert.equal(answer.text, ANSWER_TEXT);
  return String(answer.headers['x-answered-by']);
}

async function answerers(route: string, count: number): Promise<string[]> {
  const all: string[] = [];
  for (let at = 0; at < count; at++) all.push(await answerer(route));
  return all;
}

function countIn(list: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of list) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function checkWindows(list: readonly string[], size: number, wanted: Record<string, number>): void {
  for (let start = 0; start + size <= list.length; start++) {
    assert.deepEqual(countIn(list.slice(start, start + size)), wanted, `requests ${start} to ${start + size}`);
  }
}

test('a split is exact over every window of 100 requests', async () => {
  checkWindows(await answerers('ninety', 400), 100, { a: 90, b: 10 });
  checkWindows(await answerers('three', 400), 100, { a: 70, b: 20, c: 10 });
});

test('a split is as exact when its requests come at once', async () => {
  const asked = { a: provider('a').calls.length, b: provider('b').calls.length };
  await inParallel(Array.from({ length: 500 }), 100, () => answerer('ninety'));
  assert.equal(provider('a').calls.length - asked.a, 450);
  assert.equal(provider('b').calls.length - asked.b, 50);
});

test('while a target rests the others stay exact among themselves', async () => {
  provider('broken').play = refuseWith(429, { 'retry-after': '60' });
  await answerers('resting', 3);
  const before = provider('broken').calls.length;
  checkWindows(await answerers('resting', 300), 99, { b: 66, c: 33 });
  assert.equal(provider('broken').calls.length, before, 'a target that rests was asked');
});

test('a header chooses the canary', async () => {
  for (let at = 0; at < 20; at++) {
    assert.equal(await answerer('canary', { 'x-canary': '1' }), 'd');
    assert.equal(await answerer('canary'), 'a');
  }
});

test('a session always gets the same target, in the shares of the weights', async () => {
  const sessions = Array.from({ length: 600 }, (_, index) => `session-${index}`);
  const round = () => inParallel(sessions, 32, (session) => answerer('by-header', { 'x-session': session }));
  const [first, second] = [await round(), await round()];
  assert.deepEqual(second, first);
  const shares = countIn(first);
  for (const [name, wanted] of Object.entries({ a: 360, b: 180, c: 60 })) {
    const got = shares[name] ?? 0;
    // Three standard deviations of a fair draw.
    assert.ok(Math.abs(got - wanted) <= 3 * Math.sqrt(wanted), `${name} got ${got} of 600, not about ${wanted}`);
  }
  checkWindows(await answerers('by-header', 200), 100, { a: 60, b: 30, c: 10 });
});

test('one address always gets the same target', async () => {
  assert.equal(Object.keys(countIn(await answerers('by-ip', 20))).length, 1);
});

for (const route of ['by-key', 'by-user']) {
  test(`callers are divided for good: ${route}`, async () => {
    const round = () =>
      inParallel(KEYS, 16, (key) => answerer(route, { host: 'keyed.test', authorization: `Bearer ${key}` }));
    const [first, second] = [await round(), await round()];
    assert.deepEqual(second, first);
    const { a = 0, b = 0 } = countIn(first);
    assert.ok(a >= 8 && b >= 8, `${a} and ${b}`);
  });
}

test('a mirror gets its share of copies, which nobody pays for or sees', async (t) => {
  const before = await scrape(gateway.adminPort);
  const counted = { shadow: provider('shadow').calls.length, d: provider('d').calls.length };
  await inParallel(Array.from({ length: 1000 }), 64, () => answerer('mirrored'));
  await waitFor('the copies', () => provider('shadow').calls.length - counted.shadow === 1000);
  const part = provider('d').calls.length - counted.d;
  t.diagnostic(`of 1000 requests the mirrors got 1000 and ${part} copies`);
  // Four standard deviations.
  assert.ok(part > 300 - 58 && part < 300 + 58, `${part} of 1000 copies for 30 %`);
  const copy = provider('shadow').calls.at(-1) as ProviderCall;
  assert.equal(copy.body.toString(), (provider('a').calls.at(-1) as ProviderCall).body.toString());
  await waitFor('the copies to be counted', async () => {
    const now = await scrape(gateway.adminPort);
    return now.sum('aigw_mirrored_total', { cluster: 'shadow', result: 'ok' }) === 1000;
  });
  const now = await scrape(gateway.adminPort);
  const difference = (name: string, labels?: Record<string, string>) =>
    now.sum(name, labels) - before.sum(name, labels);
  assert.equal(difference('gen_ai_client_token_usage_count', { gen_ai_token_type: 'input' }), 1000);
  assert.equal(difference('gen_ai_client_token_usage_sum', { gen_ai_token_type: 'output' }), 3000);
  assert.equal(difference('aigw_attempts_total'), 1000);
  assert.equal(difference('aigw_attempts_total', { cluster: 'shadow' }), 0);
});

test('a mirror that hangs or fails delays nothing and shows nowhere in the answer', async () => {
  const hung = provider('hung').calls.length;
  const answers = await inParallel(Array.from({ length: 50 }), 10, () =>
    ask({ headers: { 'x-route': 'bad-mirrors' } }),
  );
  for (const answer of answers) {
    assert.equal(answer.status, 200);
    assert.equal(answer.text, ANSWER_TEXT);
    assert.equal(answer.headers['x-aigw-attempts'], '1');
    assert.equal(answer.headers['x-aigw-cluster'], 'a');
    assert.equal(answer.headers['x-aigw-warnings'], undefined);
  }
  await waitFor('the copies', () => provider('hung').calls.length - hung === 50);
  await waitFor('the failed copies to be counted', async () => {
    const now = await scrape(gateway.adminPort);
    return now.sum('aigw_mirrored_total', { cluster: 'broken', result: 'failed' }) === 50;
  });
  assert.match((await scrape(gateway.adminPort)).text, /^aigw_active_requests 0$/m);
});

test('requests of one prompt prefix stay with one target while the load stays even', async (t) => {
  const random = seededRandom(7);
  const prefixes = Array.from({ length: 200 }, (_, index) => `You are assistant ${index}. ${'Be brief. '.repeat(20)}`);
  // Conversations are of very different lengths.
  const jobs = prefixes.flatMap((prefix) => Array.from({ length: 2 + Math.floor(random() ** 3 * 40) }, () => prefix));
  for (let at = jobs.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [jobs[at], jobs[other]] = [jobs[other] as string, jobs[at] as string];
  }
  const targets = new Map<string, string[]>();
  const all: string[] = [];
  await inParallel(jobs, 32, async (prefix) => {
    const name = await answerer('affine', {}, prefix);
    all.push(name);
    targets.set(prefix, [...(targets.get(prefix) ?? []), name]);
  });
  let together = 0;
  for (const list of targets.values()) together += Math.max(...Object.values(countIn(list)));
  const share = together / all.length;
  const most = Math.max(...Object.values(countIn(all))) / (all.length / 4);
  t.diagnostic(
    `${all.length} requests of ${prefixes.length} prefixes: ${(share * 100).toFixed(1)} % at the target of their prefix; the fullest target has ${most.toFixed(2)} times its even share`,
  );
  assert.ok(share >= 0.95, `${share}`);
  assert.ok(most <= 1.25, `${most}`);
});

test('a session keeps its target, whatever its prompts', async () => {
  const names = new Set<string>();
  for (let turn = 0; turn < 12; turn++) names.add(await answerer('session', { 'x-session': 's-1' }, `turn ${turn}`));
  assert.equal(names.size, 1);
});

test('requests spill to another target while their own is full', async () => {
  const { play } = provider('narrow');
  const waiting: ProviderCall[] = [];
  // A prefix whose target is the narrow one.
  let prompt = '';
  for (let at = 0; prompt === ''; at++)
    if ((await answerer('spill', {}, `prefix ${at}`)) === 'narrow') prompt = `prefix ${at}`;
  provider('narrow').play = (call) => waiting.push(call);
  const held = answerer('spill', {}, prompt);
  await waitFor('the narrow target to be busy', () => waiting.length === 1);
  const spilled = await inParallel(Array.from({ length: 20 }), 20, () => answerer('spill', {}, prompt));
  assert.deepEqual(countIn(spilled), { b: 20 });
  provider('narrow').play = play;
  play(waiting[0] as ProviderCall);
  assert.equal(await held, 'narrow');
  assert.equal(await answerer('spill', {}, prompt), 'narrow');
});
