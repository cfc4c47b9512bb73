import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import OpenAI from 'openai';
import { startGateway } from '../support/gateway.ts';
import { OPENAI } from '../support/providers.ts';
import { type ProviderCall, startRawProvider } from '../support/raw-provider.ts';

/** How the provider answers each request in turn. */
let script: ((call: ProviderCall) => void)[] = [];
const provider = await startRawProvider({ after }, (call) => script.shift()?.(call));
const gateway = await startGateway(
  { after },
  `static_cluster:
  house: { provider: openai, endpoint: "${provider.url}/v1", api_key: k }
virtual_services:
  - { name: default, virtual_routes: [ { split: [ { cluster: house } ] } ] }
`,
);
const client = new OpenAI({ baseURL: `http://127.0.0.1:${gateway.port}/v1`, apiKey: 'k', maxRetries: 0 });
const ask = () => client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] });

const answer = (call: ProviderCall) => call.reply(200, { 'content-type': 'application/json' }, OPENAI.json);
const hangUp = (call: ProviderCall) => void call.socket.end();
const beginAndHangUp = (call: ProviderCall) => {
  call.head(200, { 'content-type': 'application/json' });
  call.socket.end();
};

/** Servers close connections that they kept, now and then in the very moment in which one is used again. */
test('a kept connection that is closed as it is used again costs no request', async () => {
  const before = provider.calls.length;
  script = [answer, hangUp, answer];
  await ask();
  await ask();
  const [first, second, third] = provider.calls.slice(before);
  assert.ok(first && second && third);
  assert.equal(second.socket, first.socket);
  assert.notEqual(third.socket, second.socket);
  assert.ok(third.body.equals(second.body));
});

test('it is tried anew once, and only on a connection that was kept', async () => {
  const before = provider.calls.length;
  script = [answer, hangUp, hangUp, hangUp];
  await ask();
  await assert.rejects(ask(), OpenAI.InternalServerError);
  assert.equal(provider.calls.length - before, 3);
  await assert.rejects(ask(), OpenAI.InternalServerError);
  assert.equal(provider.calls.length - before, 4);
});

test('it is not tried anew once the answer has begun', async () => {
  const before = provider.calls.length;
  script = [answer, beginAndHangUp];
  await ask();
  await assert.rejects(ask(), OpenAI.InternalServerError);
  assert.equal(provider.calls.length - before, 2);
});
