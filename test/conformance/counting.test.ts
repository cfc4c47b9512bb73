import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JsonObject } from '../../src/json/types.ts';
import { countTokens } from '../../src/mock/brain/tokens.ts';
import { listOf, objectsOf } from '../../src/mock/json-read.ts';
import { within } from '../support/wait.ts';
import { ERROR_READERS, jsonBody, outcomeOf, refusedByGateway } from './answers.ts';
import { startFleet } from './fleet.ts';
import { type Cell, type CellOutcome, runMatrix } from './matrix.ts';
import { COUNTING_PROVIDERS, type ProviderRow, RERANK_PROVIDERS } from './providers.ts';
import { textIn, tokenCount } from './reading.ts';

const TEXT = 'How many tokens are these words?';
const SYSTEM = 'Be brief.';
const QUERY = 'warm summer evening';
const DOCUMENTS = ['rain all day', 'a warm summer evening', 'a cold evening'];

interface CountClient {
  name: string;
  request(model: string): { path: string; body: JsonObject };
  readError(body: JsonObject): string;
  /** Throws when the answer is not the right one. */
  check(answer: JsonObject): void;
}

function equalCount(value: Parameters<typeof tokenCount>[0], ...texts: string[]): void {
  assert.equal(
    tokenCount(value),
    texts.reduce((sum, text) => sum + countTokens(text), 0),
    'tokens',
  );
}

const TOKENIZE: Pick<CountClient, 'readError'> = { readError: ERROR_READERS.openai };

const COUNT_CLIENTS: readonly CountClient[] = [
  {
    name: 'anthropic count_tokens',
    request: (model) => ({
      path: '/v1/messages/count_tokens',
      body: { model, system: SYSTEM, messages: [{ role: 'user', content: TEXT }] },
    }),
    readError: ERROR_READERS.anthropic,
    check: (answer) => equalCount(answer['input_tokens'], SYSTEM, TEXT),
  },
  {
    name: 'gemini countTokens',
    request: (model) => ({
      path: `/v1beta/models/${encodeURIComponent(model)}:countTokens`,
      body: { contents: [{ role: 'user', parts: [{ text: TEXT }] }] },
    }),
    readError: ERROR_READERS.gemini,
    check: (answer) => equalCount(answer['totalTokens'], TEXT),
  },
  {
    name: 'bedrock count-tokens',
    request: (model) => ({
      path: `/model/${encodeURIComponent(model)}/count-tokens`,
      body: {
        input: { converse: { system: [{ text: SYSTEM }], messages: [{ role: 'user', content: [{ text: TEXT }] }] } },
      },
    }),
    readError: ERROR_READERS.cohere,
    check: (answer) => equalCount(answer['inputTokens'], SYSTEM, TEXT),
  },
  {
    name: 'openai input_tokens',
    request: (model) => ({ path: '/v1/responses/input_tokens', body: { model, instructions: SYSTEM, input: TEXT } }),
    readError: ERROR_READERS.openai,
    check: (answer) => equalCount(answer['input_tokens'], SYSTEM, TEXT),
  },
  {
    ...TOKENIZE,
    name: 'vllm tokenize prompt',
    request: (model) => ({ path: '/tokenize', body: { model, prompt: TEXT } }),
    check(answer) {
      equalCount(answer['count'], TEXT);
      assert.equal(listOf(answer['tokens']).length, countTokens(TEXT), 'the ids of the tokens');
    },
  },
  {
    ...TOKENIZE,
    name: 'vllm tokenize messages',
    request: (model) => ({ path: '/tokenize', body: { model, messages: [{ role: 'user', content: TEXT }] } }),
    check(answer) {
      equalCount(answer['count'], TEXT);
      assert.equal(listOf(answer['tokens']).length, countTokens(TEXT), 'the ids of the tokens');
    },
  },
];

const RERANK_CLIENT: CountClient = {
  name: 'cohere rerank',
  request: (model) => ({ path: '/v2/rerank', body: { model, query: QUERY, documents: DOCUMENTS, top_n: 2 } }),
  readError: ERROR_READERS.cohere,
  check(answer) {
    const results = objectsOf(answer['results']);
    assert.deepEqual(
      results.map((one) => one['index']),
      [1, 2],
      'the best documents',
    );
    assert.ok(results.every((one) => typeof one['relevance_score'] === 'number'));
    textIn(answer['id'], 'id');
  },
};

const fleet = await startFleet({ after }, [...COUNTING_PROVIDERS, ...RERANK_PROVIDERS]);

interface Place {
  client: CountClient;
  provider: ProviderRow;
}

async function send({ client, provider }: Place, name: string, headers = {}) {
  const id = `${client.name}/${provider.name}/${name}`;
  const post = fleet.post({ id, provider, ...client.request(provider.model), headers });
  return { id, answer: await within(`an answer to ${id}`, post.answer) };
}

async function runCount(place: Place): Promise<CellOutcome> {
  const { id, answer } = await send(place, 'count');
  const refused = refusedByGateway(answer, fleet.sent(id), place.client.readError);
  return refused ?? outcomeOf(answer, () => place.client.check(jsonBody(answer)));
}

async function runFailure(place: Place, status: number): Promise<CellOutcome> {
  const { id, answer } = await send(place, `error ${status}`, { 'x-mock-fail': String(status) });
  if (fleet.sent(id).length === 0) {
    const refused = refusedByGateway(answer, [], place.client.readError);
    if (refused !== undefined) return refused;
  }
  assert.equal(answer.status, status);
  assert.match(place.client.readError(jsonBody(answer)), /injected by the mock/);
  return { kind: 'ok' };
}

function cellsOf(client: CountClient, provider: ProviderRow): Cell[] {
  const place = { client, provider };
  const at = { client: client.name, provider: provider.name };
  return [
    { ...at, feature: 'answer', run: () => runCount(place) },
    ...[400, 429, 500].map((status) => ({
      ...at,
      feature: `error ${status}`,
      run: () => runFailure(place, status),
    })),
  ];
}

test('every API that counts tokens reaches every provider that does', async (t) => {
  await runMatrix(
    t,
    COUNT_CLIENTS.flatMap((client) => COUNTING_PROVIDERS.flatMap((provider) => cellsOf(client, provider))),
  );
});

test('rerank reaches every provider that does it', async (t) => {
  await runMatrix(
    t,
    RERANK_PROVIDERS.flatMap((provider) => cellsOf(RERANK_CLIENT, provider)),
  );
});
