import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startGateway } from '../../test/support/gateway.ts';
import { startRawProvider } from '../../test/support/raw-provider.ts';

test('models behind a pattern are listed as their provider names them, beside those that routes name', async () => {
  const provider = await startRawProvider({ after }, (call) =>
    call.reply(
      200,
      { 'content-type': 'application/json' },
      JSON.stringify({ object: 'list', data: [{ id: 'gpt-open', created: 5, owned_by: 'openai' }] }),
    ),
  );
  const gateway = await startGateway(
    { after },
    `static_cluster:
  openai: { provider: openai, api_key: k, endpoint: "${provider.url}" }
virtual_services:
  - name: main
    virtual_routes:
      - { match: { model: exact-name }, split: [{ cluster: openai }] }
      - { match: { model: "gpt-*" }, split: [{ cluster: openai }] }
`,
  );
  const response = await fetch(`http://127.0.0.1:${gateway.port}/v1/models`);
  const { data } = (await response.json()) as { data: { id: string }[] };
  assert.deepEqual(data.map(({ id }) => id).sort(), ['exact-name', 'gpt-open']);
});
