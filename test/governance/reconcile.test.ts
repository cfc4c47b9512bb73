import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createMockServer, type MockServer } from '../../src/mock/server.ts';
import type { UsageRecord } from '../../src/stores/ledger/usage-record.ts';
import { gatewayFile, PROVIDERS } from '../conformance/providers.ts';
import { startGateway, type TestGateway, temporaryFolder } from '../support/gateway.ts';
import { inParallel, type Scope, waitFor } from '../support/wait.ts';
import { type ClientAnswer, type Clients, createClients } from './support/clients.ts';
import { ENDPOINT_REQUESTS, type EndpointRequest } from './support/endpoint-requests.ts';
import { readLedger } from './support/read-ledger.ts';

const LONG = process.env['AIGW_LONG_TESTS'] === '1';
/** How many requests of each kind. */
const MIXED = LONG ? 42_000 : 2400;
const RETRIED = LONG ? 8000 : 600;
const CUT = LONG ? 500 : 60;
const WIDTH = 24;

const NANO_PER_INPUT = 1000;
const NANO_PER_OUTPUT = 2000;

/** Requests whose tokens providers count and tell. */
const COUNTED: readonly EndpointRequest[] = Object.values(ENDPOINT_REQUESTS)
  .flat()
  .filter(({ noTokens }) => noTokens === undefined);

const CHAT = { model: 'm', messages: [{ role: 'user', content: 'Tell me how all is well, at some length.' }] };
const CLAUDE = { ...CHAT, max_tokens: 500 };

interface Sums {
  requests: number;
  input: number;
  output: number;
  nanoUsd: number;
}

function sumOf(records: readonly UsageRecord[]): Sums {
  const sums = { requests: 0, input: 0, output: 0, nanoUsd: 0 };
  for (const { kind, tokens, costNanoUsd } of records) {
    if (kind === 'request') sums.requests += 1;
    sums.input += tokens.input + tokens.cacheRead + tokens.cacheWrite + tokens.cacheWrite1h;
    sums.output += tokens.output;
    sums.nanoUsd += costNanoUsd ?? 0;
  }
  return sums;
}

const dollars = (nano: number): string => (nano / 1e9).toFixed(6);

describe('the ledger against the records of the providers', { timeout: LONG ? 900_000 : 180_000 }, () => {
  const cleanUps: (() => void | Promise<void>)[] = [];
  const scope: Scope = { after: (clean) => void cleanUps.push(clean) };
  const mocks: Record<'clean' | 'flaky' | 'cut' | 'slow', MockServer> = {
    clean: createMockServer({ seed: 1, recordLimit: 0 }),
    flaky: createMockServer({
      seed: 2,
      recordLimit: 0,
      faults: [
        { kind: '503', probability: 0.2 },
        { kind: '429', probability: 0.1 },
        { kind: 'reset', probability: 0.1 },
        { kind: '500', probability: 0.1 },
      ],
    }),
    cut: createMockServer({ seed: 3, recordLimit: 0, faults: [{ kind: 'cut', probability: 1 }] }),
    slow: createMockServer({ seed: 4, recordLimit: 0, tokensPerSecond: 400 }),
  };
  const answers: ClientAnswer[] = [];
  let ledger = '';
  let clients: Clients;
  let gateway: TestGateway;
  let records: UsageRecord[] = [];

  const ofClusters = (...names: string[]) => records.filter(({ cluster }) => names.includes(cluster));

  async function sendMixed(index: number): Promise<void> {
    const request = COUNTED[index % COUNTED.length] as EndpointRequest;
    const headers: Record<string, string> = { 'x-provider': request.provider, 'x-aigw-gcp-access-token': 'ya29.a' };
    // Some come from a cache, some fail at the provider.
    if (index % 7 === 0 && request.body !== undefined) headers['x-mock-cached-tokens'] = '3';
    if (index % 11 === 0) headers['x-mock-status'] = ['400', '401', '429', '500', '529'][index % 5] ?? '500';
    const { method, path, body } = request;
    answers.push(
      await clients.send({ port: gateway.port, method, path, body, headers: { ...headers, ...request.headers } }),
    );
  }

  async function sendRetried(index: number): Promise<void> {
    const path = index % 2 === 0 ? '/v1/chat/completions' : '/v1/messages';
    const body = { ...(index % 2 === 0 ? CHAT : CLAUDE), stream: index % 3 === 0 };
    answers.push(await clients.send({ port: gateway.port, path, body, headers: { host: 'retried' } }));
  }

  before(async () => {
    const urls = await Promise.all(Object.values(mocks).map((mock) => mock.listen().then(({ url }) => url)));
    const [clean, flaky, cut, slow] = urls;
    ledger = join(temporaryFolder(scope), 'ledger.db');
    const extra = `stores: { ledger: { sqlite: "${ledger}" } }
prices: { overrides: [ ${[...PROVIDERS.map(({ name }) => name), 'flaky', 'spare', 'cut', 'slow'].map((name) => `{ cluster: ${name}, model: "*", input_per_million: 1, output_per_million: 2 }`).join(', ')} ] }
`;
    const clusters = [
      `  flaky: { provider: openai, endpoint: "${flaky}/v1", api_key: a }`,
      `  spare: { provider: anthropic, endpoint: "${clean}", api_key: a }`,
      `  cut: { provider: openai, endpoint: "${cut}/v1", api_key: a }`,
      `  slow: { provider: openai, endpoint: "${slow}/v1", api_key: a }`,
    ];
    const services = `  - { name: retried, domains: [retried], virtual_routes: [ { split: [ { cluster: flaky } ], fallback: [ { cluster: spare } ] } ] }
  - { name: cut, domains: [cut], virtual_routes: [ { split: [ { cluster: cut } ], retry: { attempts: 1 } } ] }
  - { name: slow, domains: [slow], virtual_routes: [ { split: [ { cluster: slow } ], retry: { attempts: 1 } } ] }
`;
    const file = gatewayFile(PROVIDERS, clean ?? '').replace(
      'static_cluster:\n',
      `static_cluster:\n${clusters.join('\n')}\n`,
    );
    gateway = await startGateway(scope, `${extra}${file}${services}`);
    clients = createClients(scope);
    const every = <T>(count: number, run: (index: number) => Promise<T>) =>
      inParallel(Array.from({ length: count }), WIDTH, (_, index) => run(index));
    await every(MIXED, sendMixed);
    await every(RETRIED, sendRetried);
    await every(CUT, (index) => {
      const path = index % 2 === 0 ? '/v1/chat/completions' : '/v1/messages';
      const body = { ...(index % 2 === 0 ? CHAT : CLAUDE), stream: true };
      return clients.send({ port: gateway.port, path, body, headers: { host: 'cut' } });
    });
    await every(CUT, (index) => {
      const body = { ...CHAT, stream: index % 3 !== 0 };
      return clients.send({
        port: gateway.port,
        body,
        headers: { host: 'slow' },
        leaveAfterBytes: index % 3 === 0 ? 0 : 400,
      });
    });
    await waitFor('the providers to be left', () => mocks.slow.stats.open === 0);
    await gateway.stop();
    records = await readLedger(ledger);
  });
  after(async () => {
    for (const clean of cleanUps) await clean();
    await Promise.all(Object.values(mocks).map((mock) => mock.close()));
  });

  test('every request has one line', () => {
    assert.equal(records.filter(({ kind }) => kind === 'request').length, MIXED + RETRIED + 2 * CUT);
    assert.equal(new Set(records.map(({ id }) => id)).size, records.length);
    const byId = new Set(records.map(({ requestId }) => requestId));
    const unknown = answers.filter(({ headers }) => !byId.has(String(headers['x-aigw-request-id'])));
    assert.equal(unknown.length, 0, 'answers without a line');
  });

  test('tokens are the same to the last one, money to the cent, where providers have counted', (t) => {
    const told = records.filter(({ cluster }) => cluster !== 'cut' && cluster !== 'slow');
    const sums = sumOf(told);
    const input = mocks.clean.stats.inputTokens + mocks.flaky.stats.inputTokens;
    const output = mocks.clean.stats.outputTokens + mocks.flaky.stats.outputTokens;
    const nano = input * NANO_PER_INPUT + output * NANO_PER_OUTPUT;
    t.diagnostic(
      `${sums.requests} requests; input ${sums.input} of ${input}, output ${sums.output} of ${output}, $${dollars(sums.nanoUsd)} of $${dollars(nano)}`,
    );
    assert.deepEqual([sums.input, sums.output], [input, output]);
    assert.ok(Math.abs(sums.nanoUsd - nano) < 0.005 * 1e9, 'money to the cent');
    assert.equal(sums.nanoUsd, nano);
    assert.deepEqual(
      told.filter(({ estimated }) => estimated),
      [],
    );
  });

  test('what failed and was retried is among them', (t) => {
    const byStatus: Record<string, number> = {};
    for (const { status } of records) byStatus[status] = (byStatus[status] ?? 0) + 1;
    const detours = ofClusters('spare').length;
    t.diagnostic(`statuses ${JSON.stringify(byStatus)}; ${detours} of ${RETRIED} were answered by the spare provider`);
    assert.ok(detours > RETRIED / 4 && detours < RETRIED);
    for (const status of ['200', '400', '429', '500']) assert.ok((byStatus[status] ?? 0) > 0, status);
  });

  /** Nobody knows what a provider bills that was cut off: the mock counts the whole answer that it would have given. */
  for (const name of ['cut', 'slow'] as const) {
    test(`what ended before its provider counted is estimated: ${name}`, (t) => {
      const lines = ofClusters(name);
      const open = lines.filter(({ estimated }) => estimated);
      const sums = sumOf(open);
      const { inputTokens, outputTokens } = mocks[name].stats;
      t.diagnostic(
        `${open.length} of ${lines.length} are estimated: input ${sums.input} (a whole answer: ${inputTokens}), output ${sums.output} (a whole answer: ${outputTokens})`,
      );
      assert.equal(lines.length, CUT);
      assert.ok(open.length >= CUT * 0.6, 'most have no count of their provider');
      assert.ok(sums.input > 0.5 * inputTokens * (open.length / CUT) && sums.input < 3 * inputTokens, 'the prompts');
      assert.ok(sums.output > 0 && sums.output <= outputTokens, 'no more than a whole answer has');
    });
  }
});
