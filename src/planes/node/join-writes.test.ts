import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { joinWrites } from './join-writes.ts';

/** What a server gets of what `write` sends over a socket. */
async function received(context: TestContext, write: (socket: Socket) => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  joinWrites(socket);
  socket.cork();
  write(socket);
  socket.uncork();
  socket.end();
  socket.resume();
  await once(socket, 'close');
  return Buffer.concat(chunks);
}

const HEAD = 'POST / HTTP/1.1\r\nx-name: J\xfcrgen\r\n\r\n';
const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

test('a head and every byte of a body arrive as they are', async (context) => {
  const bytes = await received(context, (socket) => {
    socket.write(HEAD, 'latin1');
    socket.write(EVERY_BYTE);
  });
  assert.deepEqual(bytes, Buffer.concat([Buffer.from(HEAD, 'latin1'), EVERY_BYTE]));
});

test('text of another encoding, and bodies larger than what is joined, arrive as they are', async (context) => {
  const large = Buffer.alloc(40_000, 'é');
  const bytes = await received(context, (socket) => {
    socket.write('é – 🦆', 'utf8');
    socket.write(EVERY_BYTE);
    socket.write(HEAD, 'latin1');
    socket.write(large);
  });
  assert.deepEqual(bytes, Buffer.concat([Buffer.from('é – 🦆'), EVERY_BYTE, Buffer.from(HEAD, 'latin1'), large]));
});

test('what is written together leaves as one text', async (context) => {
  const pieces: unknown[] = [];
  await received(context, (socket) => {
    const write = socket._write.bind(socket);
    socket._write = (chunk, encoding, callback) => {
      pieces.push(chunk);
      write(chunk, encoding, callback);
    };
    socket.write(HEAD, 'latin1');
    socket.write(Buffer.from('body'));
  });
  assert.deepEqual(pieces, [`${HEAD}body`]);
});
