import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createDemoHandler } from './demo.ts';

async function startDemo(t: TestContext, tokensPerSecond?: number): Promise<string> {
  const server = createServer(createDemoHandler(tokensPerSecond === undefined ? {} : { tokensPerSecond }));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function ask(url: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}

test('the demo answers chat, completions, embeddings, responses and models', async (t) => {
  const url = await startDemo(t);
  const messages = [{ role: 'user', content: 'Hello' }];
  const chat = (await (await ask(`${url}/v1/chat/completions`, { model: 'anything', messages })).json()) as {
    choices: { message: { content: string } }[];
  };
  assert.match(chat.choices[0]?.message.content ?? '', /^You said: Hello\. This is the demo model/);
  for (const [path, body] of [
    ['/v1/completions', { model: 'demo', prompt: 'Hello' }],
    ['/v1/embeddings', { model: 'demo', input: 'Hello' }],
    ['/v1/responses', { model: 'demo', input: 'Hello' }],
  ] as const) {
    assert.equal((await ask(url + path, body)).status, 200, path);
  }
  const models = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] };
  assert.deepEqual(
    models.data.map((model) => model.id),
    ['demo'],
  );
});

test('the demo streams at its pace', async (t) => {
  const url = await startDemo(t, 200);
  const start = performance.now();
  const body = { model: 'demo', stream: true, max_tokens: 20, messages: [{ role: 'user', content: 'Hello' }] };
  const text = await (await ask(`${url}/v1/chat/completions`, body)).text();
  assert.match(text, /data: \[DONE\]\n\n$/);
  assert.ok(performance.now() - start >= 90);
});

test('the demo has no other API and is not steered by headers', async (t) => {
  const url = await startDemo(t);
  assert.equal((await ask(`${url}/v1/messages`, {})).status, 404);
  const messages = [{ role: 'user', content: 'Hello' }];
  const steered = await ask(`${url}/v1/chat/completions`, { model: 'demo', messages }, { 'x-mock-status': '500' });
  assert.equal(steered.status, 200);
});
