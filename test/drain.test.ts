import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type AigwProcess, startAigw } from './support/aigw-process.ts';
import { CLIENT_APIS } from './support/client-apis.ts';
import { temporaryFolder } from './support/gateway.ts';
import { ANSWER_TEXT, CUT_TEXT, OPENAI } from './support/providers.ts';
import { openRaw, type RawConnection, requestText } from './support/raw-client.ts';
import { type ProviderCall, startRawProvider } from './support/raw-provider.ts';
import { waitFor, within } from './support/wait.ts';

const CHAT = CLIENT_APIS['openai-chat'];

interface Scene {
  aigw: AigwProcess;
  /** Sends a chat request; resolves when the provider has it. */
  ask(stream: boolean): Promise<{ client: RawConnection; call: ProviderCall }>;
}

async function setUp(t: TestContext, drainTimeout: string): Promise<Scene> {
  const provider = await startRawProvider(t, () => undefined);
  const file = join(temporaryFolder(t), 'aigw.yaml');
  writeFileSync(
    file,
    `limits: { drain_timeout: ${drainTimeout} }
static_cluster: { openai: { provider: openai, endpoint: "${provider.url}", api_key: k } }
virtual_services: [{ name: main, virtual_routes: [{ split: [{ cluster: openai }] }] }]
`,
  );
  const aigw = await startAigw(t, file);
  return {
    aigw,
    async ask(stream) {
      const before = provider.calls.length;
      const client = await openRaw(aigw.port);
      t.after(() => void client.socket.destroy());
      const body = JSON.stringify(CHAT.body({ model: 'm', stream }));
      client.send(requestText('POST /v1/chat/completions', { body }));
      await waitFor('the provider to be asked', () => provider.calls.length > before);
      return { client, call: provider.calls[before] as ProviderCall };
    },
  };
}

/** Begins a stream and resolves when the client has the first words. */
async function begin({ client, call }: { client: RawConnection; call: ProviderCall }): Promise<void> {
  call.head(200, { 'content-type': OPENAI.streamType });
  for (const frame of OPENAI.frames.slice(0, OPENAI.cutAfter)) call.chunk(frame);
  await waitFor('the first words', () => CHAT.readStream(client.body()).text === CUT_TEXT);
}

function finish(call: ProviderCall): void {
  for (const frame of OPENAI.frames.slice(OPENAI.cutAfter)) call.chunk(frame);
  call.end();
}

async function isRefused(port: number): Promise<boolean> {
  try {
    const connection = await openRaw(port);
    connection.socket.destroy();
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  }
}

test('at SIGTERM what is in flight finishes, nothing new is taken, and the exit status is 0', async (t) => {
  const { aigw, ask } = await setUp(t, '20s');
  const stream = await ask(true);
  await begin(stream);
  const whole = await ask(false);
  const idle = await openRaw(aigw.port);
  idle.send(requestText('GET /v1/nothing'));
  await idle.whole();

  aigw.signal('SIGTERM');
  await waitFor('new connections to be refused', () => isRefused(aigw.port));
  await within('the idle connection to be closed', idle.closed);
  assert.equal((await aigw.admin('/readyz')).status, 503);
  assert.equal((await aigw.admin('/healthz')).status, 200);
  assert.equal(aigw.over, false);

  whole.call.reply(200, { 'content-type': 'application/json' }, OPENAI.json);
  await whole.client.whole();
  const answer = whole.client.answers[0];
  assert.equal(answer?.status, 200);
  assert.equal(CHAT.wholeText(whole.client.text()), ANSWER_TEXT);
  assert.equal(answer.headers['connection'], 'close');
  await within('the answered connection to be closed', whole.client.closed);

  finish(stream.call);
  await stream.client.whole();
  assert.deepEqual(CHAT.readStream(stream.client.body()), { text: ANSWER_TEXT, ended: 'whole' });
  assert.deepEqual(await within('the exit', aigw.exited), { code: 0, signal: null });
});

test('what lasts longer than the drain time is cut', async (t) => {
  const { aigw, ask } = await setUp(t, '200ms');
  const stream = await ask(true);
  await begin(stream);
  aigw.signal('SIGINT');
  await within('the stream to be cut', stream.client.closed);
  assert.equal(stream.client.answers[0]?.complete, false);
  await within('the provider request to end', stream.call.closed);
  assert.deepEqual(await within('the exit', aigw.exited), { code: 0, signal: null });
});

test('a second signal ends the process at once', async (t) => {
  const { aigw, ask } = await setUp(t, '20s');
  const stream = await ask(true);
  await begin(stream);
  aigw.signal('SIGTERM');
  await waitFor('new connections to be refused', () => isRefused(aigw.port));
  aigw.signal('SIGTERM');
  const { code } = await within('the exit', aigw.exited, 3000);
  assert.notEqual(code, 0);
});
