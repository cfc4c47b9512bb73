import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { startAigw } from './support/aigw-process.ts';
import { CLIENT_APIS } from './support/client-apis.ts';
import { temporaryFolder } from './support/gateway.ts';
import { PROVIDER_APIS } from './support/providers.ts';
import { postJson, requestText } from './support/raw-client.ts';
import { type ProviderCall, type RawProvider, startRawProvider } from './support/raw-provider.ts';
import { waitFor } from './support/wait.ts';

const READERS = 10;
const ANSWER_BYTES = 50 * 1024 * 1024;
const PIECE = 64 * 1024;
const BYTES_PER_SECOND = 1024;
/** How long each reader is watched, as bytes it has read. */
const WATCHED_BYTES = 3 * BYTES_PER_SECOND;
const MAX_GROWTH = 64 * 1024 * 1024;

/** Sends as fast as the gateway takes it. */
function flood(call: ProviderCall, piece: Uint8Array): void {
  let left = ANSWER_BYTES;
  const more = () => {
    while (left > 0) {
      left -= piece.length;
      if (!call.socket.write(piece)) return;
    }
  };
  call.socket.on('drain', more);
  more();
}

function answer(call: ProviderCall): void {
  const api = PROVIDER_APIS[call.headers['x-api'] ?? ''];
  if (api === undefined) return;
  if (call.headers['x-kind'] === 'quick') {
    call.reply(200, { 'content-type': 'application/json' }, api.json);
    return;
  }
  if (call.headers['x-kind'] === 'whole') {
    call.socket.write(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${ANSWER_BYTES + api.json.length}\r\n\r\n`,
    );
    flood(call, Buffer.alloc(PIECE, ' '));
    return;
  }
  call.socket.write(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: ${api.streamType}\r\n\r\n`);
  const content = api.frames[api.cutAfter - 1] as Uint8Array;
  call.socket.write(Buffer.concat(api.frames.slice(0, api.cutAfter - 1)));
  flood(call, Buffer.concat(Array.from({ length: Math.ceil(PIECE / content.length) }, () => content)));
}

/** Reads a KiB a second and no more; what the kernel holds for it is not ours to bound. */
function slowReader(t: TestContext, port: number, request: Uint8Array): { read: () => number } {
  const socket: Socket = connect({ port, host: '127.0.0.1' });
  let read = 0;
  const timer = setInterval(() => {
    const piece: Buffer | null = socket.read(BYTES_PER_SECOND) ?? socket.read();
    read += piece?.length ?? 0;
  }, 1000);
  // In paused mode the socket takes no more from the kernel than its own small buffer holds.
  socket.on('readable', () => undefined);
  socket.on('error', () => undefined);
  socket.write(request);
  t.after(() => {
    clearInterval(timer);
    socket.destroy();
  });
  return { read: () => read };
}

function config(provider: RawProvider): string {
  const cluster = (name: string) =>
    `  ${name}: { provider: ${name}, endpoint: "${provider.url}", api_key: k, headers: { x-api: ${name} } }\n`;
  const route = (name: string) =>
    `{ match: { model: ${name} }, timeout: { request: 0s, idle: 0s }, split: [{ cluster: ${name} }] }`;
  return `static_cluster:\n${cluster('openai')}${cluster('anthropic')}
virtual_services: [{ name: main, virtual_routes: [${route('openai')}, ${route('anthropic')}] }]
`;
}

const KINDS = [
  { name: 'whole answers', kind: 'whole', model: 'openai' },
  { name: 'streams', kind: 'stream', model: 'openai' },
  { name: 'translated streams', kind: 'stream', model: 'anthropic' },
] as const;

test(`${READERS} readers of 1 KiB a second`, { concurrency: KINDS.length }, async (t) => {
  await Promise.all(
    KINDS.map(({ name, kind, model }) =>
      t.test(`of ${name} of 50 MiB do not fill the gateway’s memory`, async (inner) => {
        const provider = await startRawProvider(inner, answer);
        const file = join(temporaryFolder(inner), 'aigw.yaml');
        writeFileSync(file, config(provider));
        const aigw = await startAigw(inner, file);
        const body = JSON.stringify(CLIENT_APIS['openai-chat'].body({ model, stream: kind === 'stream' }));
        const request = requestText('POST /v1/chat/completions', { body, headers: { 'x-kind': kind } });
        // What a first request loads and compiles is no growth.
        for (let count = 0; count < 50; count++) {
          const quick = CLIENT_APIS['openai-chat'].body({ model, stream: kind === 'stream' });
          const { status } = await postJson(aigw.port, '/v1/chat/completions', {
            body: quick,
            headers: { 'x-kind': 'quick' },
          });
          assert.equal(status, 200);
        }
        const before = await aigw.metric('process_resident_memory_bytes');
        const readers = Array.from({ length: READERS }, () => slowReader(inner, aigw.port, request));
        let peak = 0;
        await waitFor('all readers to have read for some seconds', async () => {
          peak = Math.max(peak, await aigw.metric('process_resident_memory_bytes'));
          return readers.every((reader) => reader.read() >= WATCHED_BYTES);
        });
        const grown = Math.round((peak - before) / 1024 / 1024);
        assert.ok(peak - before < MAX_GROWTH, `memory has grown by ${grown} MiB`);
        assert.equal(await aigw.metric('aigw_active_requests'), READERS);
        inner.diagnostic(`grown by ${grown} MiB`);
      }),
    ),
  );
});
