import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { allEndpoints, endpointsOnRequest } from '../../src/exchange/endpoints.ts';
import { createMockServer } from '../../src/mock/server.ts';
import type { UsageRecord } from '../../src/stores/ledger/usage-record.ts';
import { gatewayFile, PROVIDERS } from '../conformance/providers.ts';
import { startGateway, temporaryFolder } from '../support/gateway.ts';
import { createClients } from './support/clients.ts';
import { ENDPOINT_REQUESTS, type EndpointRequest } from './support/endpoint-requests.ts';
import { readLedger } from './support/read-ledger.ts';

const ALL = [...allEndpoints(), ...endpointsOnRequest()];

/** Nano-dollars: a dollar for a million input tokens, two for a million of output. */
const NANO_PER_INPUT = 1000;
const NANO_PER_OUTPUT = 2000;
/** What units cost, in nano-dollars. */
const UNIT_NANO = { images: 40_000_000, seconds: 100_000, characters: 15_000, searchUnits: 2_000_000 };

const PRICES = `prices:
  overrides:
    - { provider: openai, model: "dall-e-*", images: [ { usd: 0.04 } ] }
    - { provider: openai, model: tts-1, speech_per_million_characters: 15 }
    - { provider: openai, model: whisper-1, audio_per_hour: 0.36 }
    - { provider: cohere, model: "rerank-*", searches_per_thousand: 2 }
${PROVIDERS.map(({ name }) => `    - { cluster: ${name}, model: "*", input_per_million: 1, output_per_million: 2 }`).join('\n')}
`;

/** What one request has left behind. */
interface Metered {
  request: EndpointRequest;
  operation: string;
  status: number;
  text: string;
  /** Tokens that the provider counted for it. */
  input: number;
  output: number;
  lines: UsageRecord[];
}

async function run(): Promise<Metered[]> {
  const cleanUps: (() => void | Promise<void>)[] = [];
  const scope = { after: (clean: () => void | Promise<void>) => void cleanUps.push(clean) };
  after(async () => {
    for (const clean of cleanUps) await clean();
  });
  const mock = createMockServer({ seed: 1 });
  const { url } = await mock.listen();
  scope.after(() => mock.close());
  const ledger = join(temporaryFolder(scope), 'ledger.db');
  const stores = `stores: { ledger: { sqlite: "${ledger}" } }\n`;
  const gateway = await startGateway(scope, `${stores}${PRICES}${gatewayFile(PROVIDERS, url)}`);
  const clients = createClients(scope);
  const metered: (Omit<Metered, 'lines'> & { id: string })[] = [];
  for (const { path, endpoint } of ALL) {
    for (const request of ENDPOINT_REQUESTS[path] ?? []) {
      const { inputTokens, outputTokens } = mock.stats;
      const answer = await clients.send({
        port: gateway.port,
        method: request.method,
        path: request.path,
        headers: {
          'x-provider': request.provider,
          'x-aigw-gcp-access-token': 'ya29.a',
          ...request.headers,
        },
        body: request.body,
      });
      metered.push({
        request,
        operation: endpoint.operation,
        status: answer.status,
        text: answer.text.slice(0, 300),
        id: String(answer.headers['x-aigw-request-id']),
        input: mock.stats.inputTokens - inputTokens,
        output: mock.stats.outputTokens - outputTokens,
      });
    }
  }
  await gateway.stop();
  const lines = await readLedger(ledger);
  return metered.map((one) => ({ ...one, lines: lines.filter((line) => line.requestId === one.id) }));
}

test('every endpoint is metered: it has requests here that say what they use, or why nothing', () => {
  const missing = ALL.filter(({ path }) => (ENDPOINT_REQUESTS[path] ?? []).length === 0).map(({ path }) => path);
  assert.deepEqual(missing, [], 'add them to test/governance/support/endpoint-requests.ts');
});

describe('one line in the ledger for each request, with what the provider counted', async () => {
  const all = await run();
  for (const { request, operation, status, text, input, output, lines } of all) {
    test(`${request.method} ${request.path} at ${request.provider} ${status}`, () => {
      assert.ok(status === 200 || request.path.includes('/uploads/'), `${status} ${text}`);
      assert.equal(lines.length, 1, 'lines in the ledger');
      const [line] = lines as [UsageRecord];
      assert.deepEqual([line.operation, line.status, line.kind], [operation, status, 'request']);
      const { tokens } = line;
      const counted = [tokens.input + tokens.cacheRead + tokens.cacheWrite + tokens.cacheWrite1h, tokens.output];
      assert.deepEqual(counted, request.noTokens === undefined ? [input, output] : [0, 0]);
      if (request.noTokens === undefined) assert.ok(input + output > 0, 'the provider counted something');
      const units = { images: 0, seconds: 0, characters: 0, searchUnits: 0, ...request.units };
      assert.deepEqual(line.units, units);
      assert.equal(line.estimated, false);
      const ofTokens = (counted[0] ?? 0) * NANO_PER_INPUT + (counted[1] ?? 0) * NANO_PER_OUTPUT;
      // Where tokens have a price they pay for the units as well.
      const ofUnits = Object.entries(UNIT_NANO).reduce(
        (sum, [name, nano]) => sum + (units[name as keyof typeof units] ?? 0) * nano,
        0,
      );
      assert.equal(line.costNanoUsd, ofTokens > 0 ? ofTokens : ofUnits);
      assert.equal(line.priced, ofTokens > 0 || ofUnits > 0 ? 'config' : 'table');
    });
  }
});
