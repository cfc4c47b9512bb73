import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { within } from '../support/wait.ts';
import { jsonBody, outcomeOf, refusedByGateway } from './answers.ts';
import { checkEmbeddings, EMBEDDING_CLIENTS, type EmbeddingAsk, type EmbeddingClient } from './embeddings.ts';
import { startFleet } from './fleet.ts';
import { type Cell, type CellOutcome, runMatrix } from './matrix.ts';
import { EMBEDDING_PROVIDERS, type ProviderRow } from './providers.ts';

const fleet = await startFleet({ after }, EMBEDDING_PROVIDERS);

const ASKS: readonly { name: string; ask: EmbeddingAsk }[] = [
  { name: 'one text', ask: { texts: ['a warm summer evening'] } },
  { name: 'many texts', ask: { texts: ['a warm summer evening', 'a cold winter morning', 'rain'] } },
  { name: 'dimensions', ask: { texts: ['a warm summer evening'], dimensions: 256 } },
];
const FAILURES = [
  { name: 'error 400', status: 400, message: /The request is invalid/ },
  { name: 'error 429', status: 429, message: /Rate limit reached/ },
  { name: 'error 500', status: 500, message: /The service answered 500/ },
];

interface Place {
  client: EmbeddingClient;
  provider: ProviderRow;
}

async function send({ client, provider }: Place, name: string, ask: EmbeddingAsk, headers = {}) {
  const id = `${client.name}/${provider.name}/${name}`;
  const { path, body } = client.request(ask, provider.model);
  const post = fleet.post({ id, provider, path, body, headers });
  return { id, answer: await within(`an answer to ${id}`, post.answer) };
}

async function runAsk(place: Place, name: string, ask: EmbeddingAsk): Promise<CellOutcome> {
  const { client, provider } = place;
  const { id, answer } = await send(place, name, ask);
  const refused = refusedByGateway(answer, fleet.sent(id), client.readError);
  if (refused !== undefined) return refused;
  return outcomeOf(answer, () => {
    checkEmbeddings(ask, client.read(jsonBody(answer)), { countsTokens: provider.countsTokens !== false });
  });
}

async function runFailure(place: Place, failure: (typeof FAILURES)[number]): Promise<CellOutcome> {
  const ask = { texts: ['a warm summer evening', 'rain'].slice(0, place.client.batch ? 2 : 1) };
  const { answer } = await send(place, failure.name, ask, { 'x-mock-fail': String(failure.status) });
  assert.equal(answer.status, failure.status);
  assert.match(place.client.readError(jsonBody(answer)), failure.message);
  if (failure.status === 429) assert.equal(answer.headers['retry-after'], '1', 'retry-after');
  return { kind: 'ok' };
}

test('every embedding client reaches every provider of embeddings', async (t) => {
  const cells = EMBEDDING_CLIENTS.flatMap((client) =>
    EMBEDDING_PROVIDERS.flatMap((provider): Cell[] => {
      const place = { client, provider };
      const at = { client: client.name, provider: provider.name };
      return [
        ...ASKS.filter(({ ask }) => client.batch || ask.texts.length === 1).map(({ name, ask }) => ({
          ...at,
          feature: name,
          run: () => runAsk(place, name, ask),
        })),
        ...FAILURES.map((failure) => ({ ...at, feature: failure.name, run: () => runFailure(place, failure) })),
      ];
    }),
  );
  await runMatrix(t, cells);
});
