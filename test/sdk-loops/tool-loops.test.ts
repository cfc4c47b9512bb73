import { after, test } from 'node:test';
import { AI_SDK_LOOPS } from './support/ai-sdk-loops.ts';
import { ANTHROPIC_LOOP } from './support/anthropic-loop.ts';
import { GENAI_LOOP } from './support/genai-loop.ts';
import { LOOP_PROVIDERS, startLoopFleet } from './support/loop-fleet.ts';
import { OPENAI_CHAT_LOOP, OPENAI_RESPONSES_LOOP } from './support/openai-loops.ts';
import { createOutcomeTable } from './support/outcome-table.ts';
import { checkLoop, checkSent, type LoopClient } from './support/tool-loop.ts';

const CLIENTS: readonly LoopClient[] = [
  OPENAI_CHAT_LOOP,
  OPENAI_RESPONSES_LOOP,
  ANTHROPIC_LOOP,
  GENAI_LOOP,
  ...AI_SDK_LOOPS,
];

const fleet = await startLoopFleet({ after });

test('a tool loop of every SDK with every provider', async (t) => {
  const table = createOutcomeTable('tool loop');
  for (const client of CLIENTS) {
    for (const stream of [false, true]) {
      const row = `${client.name}${stream ? ', streamed' : ''}`;
      for (const provider of LOOP_PROVIDERS) {
        await table.test(t, { row, column: provider.name }, async () => {
          const from = fleet.requestCount;
          checkLoop(client, await client.run({ fleet, provider, stream }));
          checkSent(client, provider, fleet.requestsSince(from));
        });
      }
    }
  }
  table.print(t);
});
