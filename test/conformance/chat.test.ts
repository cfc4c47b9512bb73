import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { anthropic } from './clients/anthropic.ts';
import { bedrockConverse } from './clients/bedrock-converse.ts';
import { cohereChat } from './clients/cohere-chat.ts';
import { gemini } from './clients/gemini.ts';
import { ollamaChat, ollamaGenerate } from './clients/ollama.ts';
import { openAiChat } from './clients/openai-chat.ts';
import { openAiResponses } from './clients/openai-responses.ts';
import { tgi } from './clients/tgi.ts';
import { FAILURES, FEATURES } from './features.ts';
import { startFleet } from './fleet.ts';
import { type Cell, type CellOutcome, runMatrix } from './matrix.ts';
import { PARAMETERS } from './parameters.ts';
import { PROVIDERS } from './providers.ts';
import type { ClientAdapter } from './reading.ts';
import { CHAT_LIMITS } from './refusals.ts';
import { type CellPlace, runAbort, runFailure, runFeature, runParameters } from './run-cell.ts';

const CLIENTS: readonly ClientAdapter[] = [
  openAiChat,
  openAiResponses,
  anthropic,
  gemini,
  bedrockConverse,
  cohereChat,
  ollamaChat,
  ollamaGenerate,
  tgi,
];

const fleet = await startFleet({ after }, PROVIDERS);

const COLUMNS: readonly { name: string; run(place: CellPlace): Promise<CellOutcome> }[] = [
  ...FEATURES.map((feature) => ({ name: feature.name, run: (place: CellPlace) => runFeature(place, feature) })),
  ...FAILURES.map((failure) => ({ name: failure.name, run: (place: CellPlace) => runFailure(place, failure) })),
  { name: 'parameters', run: (place) => runParameters(place, PARAMETERS[place.client.name] ?? []) },
  { name: 'client leaves', run: (place) => runAbort(place, { stream: false }) },
  { name: 'client leaves stream', run: (place) => runAbort(place, { stream: true }) },
];

test('every chat client reaches every provider', async (t) => {
  const cells = CLIENTS.flatMap((client) =>
    PROVIDERS.flatMap((provider) =>
      COLUMNS.map(
        (column): Cell => ({
          client: client.name,
          provider: provider.name,
          feature: column.name,
          run: () => column.run({ fleet, client, provider }),
        }),
      ),
    ),
  );
  await runMatrix(t, cells);
});

test('every limit of chats names cells of the matrix', () => {
  const has = (list: readonly { name: string }[], name: string) =>
    assert.ok(
      list.some((one) => one.name === name),
      name,
    );
  for (const limit of CHAT_LIMITS) {
    for (const feature of limit.features) has(COLUMNS, feature);
    for (const provider of limit.providers) has(PROVIDERS, provider);
    for (const client of limit.clients) has(CLIENTS, client);
  }
});
