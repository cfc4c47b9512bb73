import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { startAigw } from './support/aigw-process.ts';
import { CLIENT_APIS } from './support/client-apis.ts';
import { temporaryFolder } from './support/gateway.ts';
import { ANSWER_TEXT, OPENAI } from './support/providers.ts';
import { waitFor } from './support/wait.ts';

const STREAMS = 1500;
const CHAT = CLIENT_APIS['openai-chat'];

function openStream(port: number, index: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ ...CHAT.body({ model: 'm', stream: true }), user: `user-${index}` });
    const request = httpRequest(
      { host: '127.0.0.1', port, path: '/v1/chat/completions', method: 'POST', agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

test(`${STREAMS} streams open at one time all end whole`, async (t) => {
  const open: ServerResponse[] = [];
  const provider = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': OPENAI.streamType });
    // The first frame only opens the answer and is held back until content follows.
    response.write(OPENAI.frames[0]);
    response.write(OPENAI.frames[1]);
    open.push(response);
  });
  await new Promise<void>((resolve) => {
    provider.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve);
  });
  t.after(() => {
    provider.close();
    provider.closeAllConnections();
  });
  const file = join(temporaryFolder(t), 'aigw.yaml');
  const { port } = provider.address() as AddressInfo;
  writeFileSync(
    file,
    `static_cluster: { openai: { provider: openai, endpoint: "http://127.0.0.1:${port}", api_key: k } }
virtual_services: [{ name: main, virtual_routes: [{ split: [{ cluster: openai }] }] }]
`,
  );
  const aigw = await startAigw(t, file);

  const texts = Promise.all(Array.from({ length: STREAMS }, (_, index) => openStream(aigw.port, index)));
  // A failed stream shows at the end; until then it must not look like a forgotten promise.
  texts.catch(() => undefined);
  await waitFor('all streams to be open at the provider', () => open.length === STREAMS, 30_000);
  assert.equal(await aigw.metric('aigw_open_streams'), STREAMS);
  for (const frame of OPENAI.frames.slice(2)) {
    for (const response of open) response.write(frame);
  }
  for (const response of open) response.end();

  for (const text of await texts) {
    assert.deepEqual(CHAT.readStream(Buffer.from(text)), { text: ANSWER_TEXT, ended: 'whole' });
  }
  await waitFor('the gateway to have no stream left', async () => (await aigw.metric('aigw_open_streams')) === 0);
  assert.equal(await aigw.metric('aigw_active_requests'), 0);
});
