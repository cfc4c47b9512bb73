import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { JsonObject } from '../../src/json/types.ts';
import { startGateway, temporaryFolder } from '../support/gateway.ts';
import { waitFor } from '../support/wait.ts';
import { type ClientCall, chatBody, createClients, tally } from './support/clients.ts';
import { startCountingProvider } from './support/counting-provider.ts';
import { HMAC_SECRET, issueKey, withKeyStore } from './support/issue-keys.ts';
import { readLedger } from './support/read-ledger.ts';
import { sendJson, startScripted } from './support/scripted-provider.ts';

interface WorldOptions {
  /** Lines of the gateway file after `static_cluster` and its cluster `main`. */
  file(url: string): string;
  bill?: (body: JsonObject) => { input: number; output: number };
  latencyMs?: number;
}

/** A gateway with a ledger before a provider that counts. */
async function start(t: TestContext, { file, bill, latencyMs }: WorldOptions) {
  const provider = await startCountingProvider(t, {
    bill: bill ?? (() => ({ input: 8, output: 10 })),
    keep: 100,
    ...(latencyMs === undefined ? {} : { latencyMs }),
  });
  const ledger = join(temporaryFolder(t), 'ledger.db');
  const gateway = await startGateway(
    t,
    `stores: { ledger: { sqlite: "${ledger}" } }
static_cluster:
  main: { provider: openai, endpoint: "${provider.url}/v1", api_key: a }
${file(provider.url)}`,
  );
  const clients = createClients(t);
  const send = (call: Partial<ClientCall> = {}) => clients.send({ port: gateway.port, body: chatBody(), ...call });
  const records = async () => {
    await gateway.stop();
    return readLedger(ledger);
  };
  return { provider, gateway, send, records, ledger };
}

const service = (limits: string, routes = '[ { split: [ { cluster: main } ] } ]') => `virtual_services:
  - name: default
    ${limits}
    virtual_routes: ${routes}
`;

test('what was reserved is given back when no provider is asked', async (t) => {
  const world = await start(t, {
    file: () => `  broken: { provider: openai, endpoint: "http://127.0.0.1:1/v1", credential: { type: unavailable, reason: none } }
  claude: { provider: anthropic, endpoint: "http://127.0.0.1:1", api_key: a }
${service(
  'rate_limit: [ { requests: 2, per: hour } ]',
  '[ { match: { model: broken }, split: [ { cluster: broken } ] }, { match: { model: claude }, split: [ { cluster: claude } ] }, { split: [ { cluster: main } ] } ]',
)}`,
  });
  for (let turn = 0; turn < 3; turn++) {
    assert.equal((await world.send({ body: chatBody({ model: 'broken' }) })).status, 503);
    const speech = { path: '/v1/audio/speech', body: { model: 'claude', input: 'a', voice: 'b' } };
    assert.equal((await world.send(speech)).status, 400);
  }
  assert.deepEqual(tally([await world.send(), await world.send(), await world.send()]), { 200: 2, 429: 1 });
});

test('a failed attempt that a provider counted is paid for, on a line of its own', async (t) => {
  const failing = await startScripted(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const message = {
      id: 'm',
      type: 'message',
      role: 'assistant',
      model: 'c',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 25, output_tokens: 1 },
    };
    response.write(`event: message_start\ndata: ${JSON.stringify({ type: 'message_start', message })}\n\n`);
    response.end(
      `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'no' } })}\n\n`,
    );
  });
  const world = await start(t, {
    file: () => `  first: { provider: anthropic, endpoint: "${failing.url}", api_key: a }
prices: { overrides: [ { cluster: first, model: "*", input_per_million: 10, output_per_million: 100 }, { cluster: main, model: "*", input_per_million: 1, output_per_million: 2 } ] }
${service('rate_limit: [ { tokens: 10000, per: hour } ]', '[ { split: [ { cluster: first } ], fallback: [ { cluster: main } ] } ]')}`,
  });
  const answer = await world.send({ body: chatBody({ stream: true }) });
  assert.equal(answer.status, 200, answer.text);
  const next = await world.send();
  // 25 + 1 of the first attempt and 8 + 10 of the second; the next request holds what it may take.
  const remaining = Number(next.headers['x-ratelimit-remaining-tokens']);
  assert.ok(remaining <= 10_000 - 44 && remaining > 10_000 - 44 - 50, `${remaining} remain`);
  const lines = (await world.records()).filter(({ requestId }) => requestId === answer.headers['x-aigw-request-id']);
  const shown = lines
    .map(({ kind, cluster, tokens, costNanoUsd }) => [kind, cluster, tokens.input, tokens.output, costNanoUsd])
    .sort();
  assert.deepEqual(shown, [
    ['attempt', 'first', 25, 1, 350_000],
    ['request', 'main', 8, 10, 28_000],
  ]);
});

test('limits go by end user, header, claim-free address and model, each with a count of its own', async (t) => {
  const world = await start(t, {
    file: () =>
      service(
        'rate_limit: [ { name: users, by: end_user, requests: 1, per: hour }, { name: tenants, by: { header: x-tenant }, requests: 1, per: hour }, { name: both, by: [ model, ip ], requests: 3, per: hour } ]',
      ),
  });
  const status = async (call: Partial<ClientCall>) => (await world.send(call)).status;
  const user = (name: string) => ({ body: chatBody({ user: name }) });
  assert.deepEqual([await status(user('ada')), await status(user('ada')), await status(user('bob'))], [200, 429, 200]);
  const tenant = (name: string) => ({ headers: { 'x-tenant': name }, body: chatBody({ model: 'other' }) });
  assert.deepEqual([await status(tenant('a')), await status(tenant('a')), await status(tenant('b'))], [200, 429, 200]);
  assert.deepEqual([await status({}), await status({})], [200, 429]);
});

test('the end user may stand in a header', async (t) => {
  const world = await start(t, {
    file: () =>
      service(
        'auth_filter: { end_user: { header: x-user }, api_keys: [ { name: k, key: abc } ] }, rate_limit: [ { by: end_user, requests: 1, per: hour } ]'.replace(
          ', rate_limit',
          '\n    rate_limit',
        ),
      ),
  });
  const as = (name: string) => ({ key: 'abc', headers: { 'x-user': name }, body: chatBody({ user: 'someone' }) });
  assert.deepEqual(
    [(await world.send(as('ada'))).status, (await world.send(as('ada'))).status, (await world.send(as('bob'))).status],
    [200, 429, 200],
  );
  assert.deepEqual((await world.records()).map(({ endUser }) => endUser).sort(), ['ada', 'ada', 'bob']);
});

test('a token bucket lets its burst pass and refills', async (t) => {
  const world = await start(t, {
    file: () => service('rate_limit: [ { requests: 5, per: second, algorithm: token_bucket, burst: 2 } ]'),
  });
  const answers = await Promise.all([world.send(), world.send(), world.send()]);
  assert.deepEqual(tally(answers), { 200: 2, 429: 1 });
  await waitFor('the bucket to refill', async () => (await world.send()).status === 200);
});

test('a shadow limit counts and refuses nothing', async (t) => {
  const world = await start(t, { file: () => service('rate_limit: [ { requests: 1, per: hour, shadow: true } ]') });
  const answers = [await world.send(), await world.send(), await world.send()];
  assert.deepEqual(tally(answers), { 200: 3 });
  assert.equal(answers[2]?.headers['x-ratelimit-remaining-requests'], '0');
});

/** A budget of three requests of a cent each, and what it tells. */
async function startBudget(t: TestContext, budget: string, routes?: string, clusters = '') {
  const hook = await startScripted(t, (_, response) => sendJson(response, {}));
  const world = await start(t, {
    file: () => `${clusters}prices: { overrides: [ { cluster: main, model: "*", input_per_million: 0, output_per_million: 1000 } ] }
${service(`budget: { name: lab, usd: 0.03, per: day, webhook: "${hook.url}", ${budget} }`, routes)}`,
  });
  const told = () => hook.seen.map(({ body }) => JSON.parse(body) as JsonObject);
  return { ...world, told };
}

test('budgets warn once for each threshold, in the answer and by webhook, and tell when they are used up', async (t) => {
  const world = await startBudget(t, 'warn_at: [ 30, 60 ]');
  const answers = [await world.send(), await world.send(), await world.send(), await world.send(), await world.send()];
  assert.deepEqual(tally(answers), { 200: 3, 429: 2 });
  assert.match(String(answers[1]?.headers['x-aigw-warnings']), /The budget "lab" is used up to 66 %/);
  await waitFor('the webhook', () => world.told().length >= 3);
  await world.gateway.stop();
  assert.deepEqual(
    world.told().map((notice) => [notice['event'], notice['budget'], notice['threshold_percent']]),
    [
      ['budget_warning', 'lab', 30],
      ['budget_warning', 'lab', 60],
      ['budget_exhausted', 'lab', 100],
    ],
  );
});

test('a soft budget warns and refuses nothing', async (t) => {
  const world = await startBudget(t, 'soft: true, warn_at: [ 50 ]');
  const answers = [await world.send(), await world.send(), await world.send(), await world.send(), await world.send()];
  assert.deepEqual(tally(answers), { 200: 5 });
  await waitFor('the webhook', () => world.told().length >= 2);
  await world.gateway.stop();
  assert.deepEqual(
    world.told().map((notice) => notice['event']),
    ['budget_warning', 'budget_exhausted'],
  );
});

test('a used-up budget leads to another route', async (t) => {
  const cheap = await startCountingProvider(t, { bill: () => ({ input: 1, output: 1 }) });
  const world = await startBudget(
    t,
    'on_exhausted: { route: cheap }',
    '[ { name: cheap, match: { headers: { x-never: sent } }, split: [ { cluster: cheap, model: small } ] }, { name: good, split: [ { cluster: main } ] } ]',
    `  cheap: { provider: openai, endpoint: "${cheap.url}/v1", api_key: a }\n`,
  );
  const answers = [await world.send(), await world.send(), await world.send(), await world.send(), await world.send()];
  assert.deepEqual(tally(answers), { 200: 5 });
  assert.deepEqual([world.provider.received, cheap.received], [3, 2]);
  assert.match(String(answers[4]?.headers['x-aigw-warnings']), /the route "cheap" takes the request/);
  const lines = await world.records();
  assert.deepEqual(lines.map(({ route }) => route).sort(), ['cheap', 'cheap', 'good', 'good', 'good']);
});

test('a detour leads nowhere the caller may not go', async (t) => {
  const world = await start(t, {
    file: () => `prices: { overrides: [ { cluster: main, model: "*", input_per_million: 0, output_per_million: 1000 } ] }
organizations: [ { name: acme, keys: [ { name: k, key: abc, allowed_routes: [ good ] } ], budget: { usd: 0.01, on_exhausted: { route: cheap } } } ]
${service(
  'auth_filter: { api_keys: organizations }',
  '[ { name: cheap, match: { model: x }, split: [ { cluster: main } ] }, { name: good, split: [ { cluster: main } ] } ]',
)}`,
  });
  assert.equal((await world.send({ key: 'abc' })).status, 200);
  const refused = await world.send({ key: 'abc' });
  assert.equal(refused.status, 403);
  assert.match(refused.text, /may not use the route/);
  assert.equal(world.provider.received, 1);
});

test('clients that leave give back what is in flight', async (t) => {
  const world = await start(t, {
    file: () => service('rate_limit: [ { concurrent: 2 }, { tokens: 100000, per: hour } ]'),
    latencyMs: 400,
  });
  for (let turn = 0; turn < 4; turn++) {
    await Promise.all([world.send({ leaveAfterBytes: 0 }), world.send({ leaveAfterBytes: 0 })]);
    await waitFor('both to be let go', async () => {
      const answers = await Promise.all([world.send({ leaveAfterBytes: 0 }), world.send({ leaveAfterBytes: 0 })]);
      return answers.length === 2;
    });
  }
  await waitFor('both places to be free', async () => {
    const answers = await Promise.all([world.send(), world.send()]);
    return answers.every(({ status }) => status === 200);
  });
  const lines = await world.records();
  // A provider works on what nobody waits for any more: the prompt is counted, and marked as an estimate.
  const left = lines.filter(({ status, attempts }) => status === 499 && attempts > 0);
  assert.ok(left.length > 0);
  for (const { estimated, tokens } of left) assert.deepEqual([estimated, tokens.input > 0], [true, true]);
});

test('what an operation may take is what is reserved', async (t) => {
  const world = await start(t, { file: () => service('rate_limit: [ { tokens: 100000, per: hour } ]'), latencyMs: 0 });
  const reserved = async (path: string, body: object) => {
    const before = Number((await world.send()).headers['x-ratelimit-remaining-tokens']);
    const own = 100_000 - before;
    const answer = await world.send({ path, body });
    assert.equal(answer.status, 200, answer.text);
    return own === 0 ? 0 : before - Number(answer.headers['x-ratelimit-remaining-tokens']);
  };
  // Each difference holds what the chat request before it gave back, some tens of tokens.
  const near = (value: number, wanted: number) => assert.ok(Math.abs(value - wanted) < 60, `${value}, not ${wanted}`);
  near(await reserved('/v1/embeddings', { model: 'm', input: 'one two three' }), 10);
  near(await reserved('/v1/chat/completions', chatBody({ max_tokens: 5000, n: 2 })), 10_000);
  near(await reserved('/v1/completions', { model: 'm', prompt: ['a', 'b', 'c'], max_tokens: 500 }), 1500);
  near(await reserved('/v1/images/generations', { model: 'gpt-image-1', prompt: 'a', n: 2, quality: 'low' }), 816);
  near(await reserved('/v1/audio/speech', { model: 'tts', input: 'x'.repeat(1000), voice: 'a' }), 1400 + 260);
  near(await reserved('/v1/moderations', { model: 'm', input: 'x'.repeat(10_000) }), 0);
});

test('models without a price are refused before any provider is asked, where the configuration says so', async (t) => {
  const world = await start(t, {
    file: (url) => `  other: { provider: openai, endpoint: "${url}/v1", api_key: a }
prices: { unknown: refuse, overrides: [ { cluster: main, model: priced, input_per_million: 1, output_per_million: 1 } ] }
${service(
  'rate_limit: [ { requests: 3, per: hour } ]',
  '[ { match: { model: both }, split: [ { cluster: other } ], fallback: [ { cluster: main, model: priced } ] }, { split: [ { cluster: main } ] } ]',
)}`,
  });
  const refused = await world.send();
  assert.equal(refused.status, 403);
  assert.match(refused.text, /price_unknown/);
  assert.equal(world.provider.received, 0);
  const answered = await world.send({ body: chatBody({ model: 'both' }) });
  assert.deepEqual([answered.status, answered.headers['x-aigw-cluster']], [200, 'main']);
  assert.equal((await world.send({ body: chatBody({ model: 'priced' }) })).status, 200);
  // What costs nothing needs no price; what was refused took nothing of the limit.
  const free = await world.send({ path: '/v1/moderations', body: { model: 'free', input: 'a' } });
  assert.deepEqual([free.status, free.headers['x-ratelimit-remaining-requests']], [200, '0']);
});

test('the list of models shows what the key may use', async (t) => {
  const world = await start(t, {
    file: () => `organizations:
  - name: acme
    keys: [ { name: all, key: all-key }, { name: some, key: some-key, allowed_models: [ "gpt-*" ] }, { name: route, key: route-key, allowed_routes: [ claude ] } ]
${service(
  'auth_filter: { api_keys: organizations }',
  '[ { name: gpt, match: [ { model: gpt-a }, { model: gpt-b } ], split: [ { cluster: main } ] }, { name: claude, match: { model: claude-a }, split: [ { cluster: main } ] } ]',
)}`,
  });
  const list = async (key: string) => {
    const { status, text } = await world.send({ key, method: 'GET', path: '/v1/models', body: undefined });
    assert.equal(status, 200, text);
    return (JSON.parse(text) as { data: { id: string }[] }).data.map(({ id }) => id);
  };
  assert.deepEqual(await list('all-key'), ['gpt-a', 'gpt-b', 'claude-a']);
  assert.deepEqual(await list('some-key'), ['gpt-a', 'gpt-b']);
  assert.deepEqual(await list('route-key'), ['claude-a']);
  const one = (key: string, id: string) =>
    world.send({ key, method: 'GET', path: `/v1/models/${id}`, body: undefined }).then(({ status }) => status);
  assert.deepEqual([await one('some-key', 'gpt-a'), await one('some-key', 'claude-a')], [200, 404]);
});

test('work apart from its exchange is counted once, however often it is looked at', async (t) => {
  const usage = { input_tokens: 1000, output_tokens: 500, total_tokens: 1500 };
  const batch = { id: 'batch_1', object: 'batch', model: 'gpt-a', usage };
  const response = { id: 'resp_1', object: 'response', model: 'gpt-a', status: 'completed', usage, output: [] };
  const provider = await startScripted(t, ({ url, method }, answer) => {
    if (url === '/v1/batches/batch_1') sendJson(answer, { ...batch, status: 'completed' });
    else if (url === '/v1/batches/batch_2') sendJson(answer, { ...batch, id: 'batch_2', status: 'in_progress' });
    else if (url === '/v1/responses/resp_1') sendJson(answer, { ...response, background: true });
    else if (url === '/v1/responses/resp_2') sendJson(answer, { ...response, id: 'resp_2' });
    else if (method === 'POST') sendJson(answer, { ...response, status: 'queued', background: true, usage: null });
    else sendJson(answer, {}, 404);
  });
  const world = await start(t, {
    file: () => `  batches: { provider: openai, endpoint: "${provider.url}/v1", api_key: a }
prices: { overrides: [ { cluster: batches, model: "*", input_per_million: 1, output_per_million: 2, batch_factor: 0.5 } ] }
${service('rate_limit: [ { tokens: 100000, per: hour } ]', '[ { split: [ { cluster: batches } ] } ]')}`,
  });
  const look = (path: string) => world.send({ path, method: 'GET', body: undefined });
  assert.equal(
    (await world.send({ path: '/v1/responses', body: { model: 'gpt-a', input: 'a', background: true } })).status,
    200,
  );
  let last = await look('/v1/batches/batch_1');
  for (const id of ['batches/batch_1', 'batches/batch_2', 'responses/resp_1', 'responses/resp_1', 'responses/resp_2']) {
    last = await look(`/v1/${id}`);
    assert.equal(last.status, 200);
  }
  await waitFor('both to be counted', async () => {
    last = await look('/v1/batches/batch_1');
    return last.headers['x-ratelimit-remaining-tokens'] === String(100_000 - 3000);
  });
  const lines = (await world.records()).filter(({ tokens }) => tokens.input > 0);
  assert.deepEqual(
    lines
      .map(({ id, kind, tokens, sentModel, costNanoUsd }) => [id, kind, tokens.input, sentModel, costNanoUsd])
      .sort(),
    [
      ['work batches batch_1', 'attempt', 1000, 'gpt-a', 1_000_000],
      ['work batches resp_1', 'attempt', 1000, 'gpt-a', 2_000_000],
    ],
  );
});

test('the service tier that a provider bills decides the price', async (t) => {
  const provider = await startScripted(t, ({ body }, response) => {
    const { stream, model } = JSON.parse(body) as { stream?: boolean; model: string };
    const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
    const about = { id: 'c', created: 1, model, service_tier: model };
    if (stream !== true) {
      const message = { role: 'assistant', content: 'a' };
      sendJson(response, {
        ...about,
        object: 'chat.completion',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage,
      });
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunk = (rest: object) =>
      response.write(`data: ${JSON.stringify({ ...about, object: 'chat.completion.chunk', ...rest })}\n\n`);
    chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: 'stop' }] });
    chunk({ choices: [], usage });
    response.end('data: [DONE]\n\n');
  });
  const world = await start(t, {
    file: () => `  tiers: { provider: openai, endpoint: "${provider.url}/v1", api_key: a }
prices: { overrides: [ { cluster: tiers, model: "*", input_per_million: 1, output_per_million: 10, flex_factor: 0.5, priority_factor: 2 } ] }
${service('', '[ { split: [ { cluster: tiers } ] } ]')}`,
  });
  for (const stream of [false, true]) {
    for (const model of ['default', 'flex', 'priority']) {
      assert.equal((await world.send({ body: chatBody({ model, stream }) })).status, 200);
      const path = '/v1/messages';
      assert.equal((await world.send({ path, body: chatBody({ model, stream }) })).status, 200);
    }
  }
  const costs = (await world.records()).map(({ sentModel, costNanoUsd }) => `${sentModel} ${costNanoUsd}`).sort();
  const four = (text: string) => [text, text, text, text];
  assert.deepEqual(costs, [...four('default 200000'), ...four('flex 100000'), ...four('priority 400000')]);
});

test('an issued key has limits of its own, also such as go by the cluster of an attempt', async (t) => {
  const folder = temporaryFolder(t);
  const ledger = join(folder, 'keys.db');
  const limits = { rate_limit: [{ name: 'per cluster', by: 'cluster', requests: 2, per: 'hour' }] };
  const [tight, free] = await withKeyStore(ledger, async (store) => [
    await issueKey(store, { limits }),
    await issueKey(store),
  ]);
  const provider = await startCountingProvider(t, { bill: () => ({ input: 1, output: 1 }) });
  const gateway = await startGateway(
    t,
    `stores: { ledger: { sqlite: "${ledger}" } }
issued_keys: { hmac_secret: ${HMAC_SECRET} }
static_cluster: { main: { provider: openai, endpoint: "${provider.url}/v1", api_key: a } }
organizations: [ { name: acme } ]
${service('auth_filter: { api_keys: organizations }')}`,
  );
  const clients = createClients(t);
  const send = (key: string) => clients.send({ port: gateway.port, key, body: chatBody() });
  const answers = [await send(tight.text), await send(tight.text), await send(tight.text)];
  assert.deepEqual(tally(answers), { 200: 2, 429: 1 });
  assert.match(answers[2]?.text ?? '', /per cluster/);
  assert.equal((await send(free.text)).status, 200);
});

test('the budget of an issued key goes on after a restart', async (t) => {
  const ledger = join(temporaryFolder(t), 'keys.db');
  const budget = {
    budget: [
      { tokens: 10_000, per: 'month' },
      { name: 'daily', tokens: 100_000, per: 'day' },
    ],
  };
  const [tight, free] = await withKeyStore(ledger, async (store) => [
    await issueKey(store, { budget }),
    await issueKey(store),
  ]);
  const provider = await startCountingProvider(t, { bill: () => ({ input: 2000, output: 3000 }) });
  const file = `stores: { ledger: { sqlite: "${ledger}" } }
issued_keys: { hmac_secret: ${HMAC_SECRET} }
static_cluster: { main: { provider: openai, endpoint: "${provider.url}/v1", api_key: a } }
organizations: [ { name: acme } ]
${service('auth_filter: { api_keys: organizations }')}`;
  const statuses = async (keys: readonly { text: string }[]) => {
    const gateway = await startGateway(t, file);
    const clients = createClients(t);
    const seen: number[] = [];
    for (const { text } of keys) {
      const answer = await clients.send({ port: gateway.port, key: text, body: chatBody({ max_tokens: 10 }) });
      seen.push(answer.status);
    }
    await gateway.stop();
    return seen;
  };
  assert.deepEqual(await statuses([tight, free, tight]), [200, 200, 200]);
  assert.deepEqual(await statuses([tight, free]), [429, 200]);
});

test('conditions name keys as the configuration does', async (t) => {
  const world = await start(t, {
    file: () => `organizations: [ { name: acme, keys: [ { name: batch, key: one }, { name: live, key: two } ] } ]
${service('auth_filter: { api_keys: organizations }\n    rate_limit: [ { match: { keys: [ batch ] }, requests: 1, per: hour } ]')}`,
  });
  const status = async (key: string) => (await world.send({ key })).status;
  assert.deepEqual(
    [await status('one'), await status('one'), await status('two'), await status('two')],
    [200, 429, 200, 200],
  );
});

test('budgets know after a restart what was spent before it', async (t) => {
  const provider = await startCountingProvider(t, { bill: () => ({ input: 8, output: 10 }) });
  const ledger = join(temporaryFolder(t), 'ledger.db');
  const file = `stores: { ledger: { sqlite: "${ledger}" } }
prices: { overrides: [ { cluster: main, model: "*", input_per_million: 0, output_per_million: 1000 } ] }
static_cluster: { main: { provider: openai, endpoint: "${provider.url}/v1", api_key: a } }
organizations:
  - { name: acme, budget: { usd: 100 }, keys: [ { name: k, key: one, budget: { tokens: 300, per: day } } ], teams: [ { name: t, budget: { usd: 0.05 }, users: [ { name: u, keys: [ { name: k, key: two } ] } ] } ] }
${service('auth_filter: { api_keys: organizations }\n    budget: { name: all, usd: 0.07 }')}`;
  const statuses = async (keys: readonly string[]) => {
    const gateway = await startGateway(t, file);
    const clients = createClients(t);
    const seen: string[] = [];
    for (const key of keys) {
      const { status, text } = await clients.send({ port: gateway.port, key, body: chatBody() });
      seen.push(status === 200 ? 'ok' : (/budget \\"([^"]+)\\"/.exec(text)?.[1] ?? text));
    }
    await gateway.stop();
    return seen;
  };
  assert.deepEqual(await statuses(['two', 'two', 'two']), ['ok', 'ok', 'ok']);
  // The team has two cents left, and the service four.
  assert.deepEqual(await statuses(['two', 'two', 'two', 'one']), ['ok', 'ok', 'acme/t budget', 'ok']);
  assert.deepEqual(await statuses(['two', 'one', 'one']), ['acme/t budget', 'ok', 'all']);
});

test('a model without a price is told of once', async (t) => {
  const world = await start(t, { file: () => service('') });
  for (const model of ['a', 'a', 'b']) await world.send({ body: chatBody({ model }) });
  await world.gateway.stop();
  const told = world.gateway.log.filter((line) => line.includes('the price of a model is not known'));
  assert.equal(told.length, 2);
});
