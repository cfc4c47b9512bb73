import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { JsonObject } from '../../src/json/types.ts';
import { startAigw } from '../support/aigw-process.ts';
import { startGateway, temporaryFolder } from '../support/gateway.ts';
import { redisSkip, startRedisServer } from '../support/redis-server.ts';
import { type Scope, waitFor } from '../support/wait.ts';
import { type ClientAnswer, type Clients, chatBody, createClients, runClients, tally } from './support/clients.ts';
import { type BilledTokens, type CountingProvider, startCountingProvider } from './support/counting-provider.ts';

const CLIENTS = 200;
const TOKEN_LIMIT = 30_000;
/** What a provider bills that generates more than it was allowed to. */
const EXCESSIVE: BilledTokens = { input: 40, output: 90 };

/** A virtual service of these tests, found by its host name, with a provider of its own. */
interface Case {
  readonly limits: string;
  readonly bill: BilledTokens;
  readonly latencyMs: number | ((body: JsonObject) => number);
}

const CASES = {
  requests: {
    limits: 'rate_limit: [ { requests: 130, per: hour } ]',
    bill: { input: 5, output: 10 },
    latencyMs: 20,
  },
  dollars: {
    // A cent each: ten tokens at 1,000 dollars a million.
    limits: 'budget: { usd: 1.2, per: month }',
    bill: { input: 5, output: 10 },
    latencyMs: 20,
  },
  bucket: {
    limits: 'rate_limit: [ { requests: 1, per: 720h, algorithm: token_bucket, burst: 110 } ]',
    bill: { input: 5, output: 10 },
    latencyMs: 20,
  },
  concurrent: {
    limits: 'rate_limit: [ { concurrent: 7 } ]',
    bill: { input: 5, output: 10 },
    latencyMs: (body) => (body['user'] === 'slow' ? 1500 : 10),
  },
  overshoot: {
    limits: `rate_limit: [ { tokens: ${TOKEN_LIMIT}, per: hour } ]`,
    bill: EXCESSIVE,
    latencyMs: 20,
  },
  refund: {
    limits: `rate_limit: [ { tokens: ${TOKEN_LIMIT}, per: hour } ]`,
    bill: { input: 4, output: 6 },
    latencyMs: 5,
  },
} as const satisfies Record<string, Case>;

type CaseName = keyof typeof CASES;

/** Limits that let exactly N requests pass. */
const EXACT: readonly { name: CaseName; passes: number; refusal: RegExp }[] = [
  { name: 'requests', passes: 130, refusal: /rate_limit_exceeded/ },
  { name: 'dollars', passes: 120, refusal: /budget_exceeded/ },
  { name: 'bucket', passes: 110, refusal: /rate_limit_exceeded/ },
];

function gatewayFile(providers: ReadonlyMap<string, CountingProvider>, stores: string): string {
  const names = Object.keys(CASES) as CaseName[];
  const clusters = names.map(
    (name) => `  ${name}: { provider: openai, endpoint: "${providers.get(name)?.url}/v1", api_key: a }`,
  );
  const services = names.map(
    (name) =>
      `  - { name: ${name}, domains: [${name}], ${CASES[name].limits}, virtual_routes: [ { split: [ { cluster: ${name} } ] } ] }`,
  );
  return `stores: ${stores}
prices: { overrides: [{ cluster: dollars, model: "*", input_per_million: 0, output_per_million: 1000 }] }
static_cluster:
${clusters.join('\n')}
virtual_services:
${services.join('\n')}
`;
}

async function startProviders(scope: Scope): Promise<Map<string, CountingProvider>> {
  const providers = new Map<string, CountingProvider>();
  for (const [name, { bill, latencyMs }] of Object.entries(CASES)) {
    providers.set(name, await startCountingProvider(scope, { bill: () => bill, latencyMs }));
  }
  return providers;
}

/** Ways to count. */
const PLACES: readonly {
  name: string;
  skip: string | false;
  start(scope: Scope, providers: ReadonlyMap<string, CountingProvider>): Promise<number[]>;
}[] = [
  {
    name: 'in memory',
    skip: false,
    start: async (scope, providers) => [(await startGateway(scope, gatewayFile(providers, '{}'))).port],
  },
  {
    name: 'with four workers',
    skip: false,
    async start(scope, providers) {
      const path = join(temporaryFolder(scope), 'aigw.yaml');
      writeFileSync(path, gatewayFile(providers, '{}'));
      const args = ['--port', '0', '--admin-port', '0', '--workers', '4'];
      return [(await startAigw(scope, path, { args })).port];
    },
  },
  {
    name: 'by three processes that share a Redis',
    skip: redisSkip,
    async start(scope, providers) {
      const redis = await startRedisServer(scope);
      const path = join(temporaryFolder(scope), 'aigw.yaml');
      const stores = `{ counters: { redis: { url: "${redis.url}", deadline: 5s } }, on_store_failure: deny }`;
      writeFileSync(path, gatewayFile(providers, stores));
      const processes = await Promise.all([1, 2, 3].map(() => startAigw(scope, path)));
      return processes.map(({ port }) => port);
    },
  },
];

for (const place of PLACES) {
  describe(place.name, { skip: place.skip, timeout: 300_000 }, () => {
    const cleanUps: (() => void | Promise<void>)[] = [];
    let clients: Clients;
    let ports: number[] = [];
    let providers: Map<string, CountingProvider> = new Map();

    before(async () => {
      const scope: Scope = { after: (clean) => void cleanUps.push(clean) };
      clients = createClients(scope);
      providers = await startProviders(scope);
      ports = await place.start(scope, providers);
    });
    after(async () => {
      for (const clean of cleanUps) await clean();
    });

    /** Where clients of a case send to, each to one of the processes. */
    function open(name: CaseName) {
      const send = (client: number, body = chatBody()) =>
        clients.send({ port: ports[client % ports.length] ?? 0, headers: { host: name }, body });
      return { provider: providers.get(name) as CountingProvider, send };
    }

    for (const { name, passes, refusal } of EXACT) {
      test(`${name}: exactly ${passes} requests of ${CLIENTS} clients pass`, async () => {
        const { provider, send } = open(name);
        const answers: ClientAnswer[] = [];
        await runClients(CLIENTS, async (client) => {
          const answer = await send(client);
          answers.push(answer);
          return answer.status === 200;
        });
        assert.deepEqual(tally(answers), { 200: passes, 429: CLIENTS });
        assert.equal(provider.received, passes, 'requests at the provider');
        const refused = answers.find(({ status }) => status === 429);
        assert.match(refused?.text ?? '', refusal);
        assert.ok(Number(refused?.headers['retry-after']) >= 1);
      });
    }

    test('no more than 7 requests are under way at once', async () => {
      const { provider, send } = open('concurrent');
      const atOnce = (count: number) =>
        Promise.all(Array.from({ length: count }, (_, client) => send(client, chatBody({ user: 'slow' }))));
      assert.deepEqual(tally(await atOnce(60)), { 200: 7, 429: 53 });
      let left = 600;
      await runClients(CLIENTS, async (client) => {
        left -= 1;
        await send(client);
        return left > 0;
      });
      assert.equal(provider.peak, 7);
      // What was held is given back.
      assert.deepEqual(tally(await atOnce(7)), { 200: 7 });
    });

    /**
     * A provider that bills more than a request may take by its own words. The bound: at each admission what is reserved and
     * settled is within the limit, so that only what is in flight then can exceed it, each request by real - reserved.
     */
    test('tokens exceed their limit by what is in flight at most', async (t) => {
      const { provider, send } = open('overshoot');
      const probe = await send(0);
      const reserved = TOKEN_LIMIT - Number(probe.headers['x-ratelimit-remaining-tokens']);
      const real = EXCESSIVE.input + EXCESSIVE.output;
      assert.ok(reserved > 0 && reserved < real, `reserved ${reserved}`);
      const answers: ClientAnswer[] = [];
      await runClients(CLIENTS, async (client) => {
        const answer = await send(client);
        answers.push(answer);
        return answer.status === 200;
      });
      const used = provider.input + provider.output;
      const bound = CLIENTS * (real - reserved);
      t.diagnostic(
        `${place.name}: limit ${TOKEN_LIMIT}, used ${used}, overshoot ${used - TOKEN_LIMIT}; bound ${bound} = ${CLIENTS} clients x (${real} real - ${reserved} reserved); at most ${provider.peak} were at the provider at once`,
      );
      assert.deepEqual(Object.keys(tally(answers)), ['200', '429']);
      assert.ok(used > TOKEN_LIMIT - real, 'the limit was used up');
      assert.ok(used - TOKEN_LIMIT <= bound, `overshoot ${used - TOKEN_LIMIT} is above the bound ${bound}`);
    });

    test('tokens that were reserved and not used are given back', async () => {
      const { provider, send } = open('refund');
      const large = chatBody({ max_tokens: 1000 });
      // Each reserves about 1,000 tokens and uses 10: 29 fit at a time, and all of them one after the other.
      const answers: ClientAnswer[] = [];
      await runClients(20, async (client) => {
        answers.push(await send(client, large));
        return answers.length < 360;
      });
      assert.deepEqual(Object.keys(tally(answers)), ['200']);
      const reserved = 1020;
      // A settlement may still be on its way to a shared store.
      await waitFor('all but the last to be given back', async () => {
        const last = await send(0, large);
        const before = TOKEN_LIMIT - (provider.received - 1) * 10;
        return Math.abs(before - Number(last.headers['x-ratelimit-remaining-tokens']) - reserved) < 30;
      });
    });
  });
}
