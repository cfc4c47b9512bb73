import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ANTHROPIC_AGENT, CACHE_MARKS } from './support/anthropic-agent.ts';
import { checkThoughtsReturned, runAgent } from './support/coding-agent.ts';
import { LOOP_PROVIDERS, startLoopFleet } from './support/loop-fleet.ts';
import { createOutcomeTable } from './support/outcome-table.ts';
import { RESPONSES_AGENT } from './support/responses-agent.ts';

/** Providers whose API takes cache marks. */
const CACHING: ReadonlySet<string> = new Set(['anthropic', 'aws-bedrock', 'aws-anthropic', 'gcp-anthropic']);

const fleet = await startLoopFleet({ after });

test('ten turns of a coding agent with every provider', async (t) => {
  const table = createOutcomeTable('coding agent');
  for (const client of [ANTHROPIC_AGENT, RESPONSES_AGENT]) {
    for (const stream of [false, true]) {
      const row = `${client.name}${stream ? ', streamed' : ''}`;
      for (const provider of LOOP_PROVIDERS) {
        await table.test(t, { row, column: provider.name }, async () => {
          const { turns, last } = await runAgent(client, { fleet, provider, stream });
          checkThoughtsReturned(provider, turns, last);
          if (client === ANTHROPIC_AGENT && CACHING.has(provider.name)) {
            assert.equal(last.body.match(/"(?:cache_control|cachePoint)":/g)?.length, CACHE_MARKS);
          }
        });
      }
    }
  }
  table.print(t);
});
