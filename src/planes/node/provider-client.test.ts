import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import type { UpstreamFailure } from '../../exchange/ports.ts';
import { compileSnapshot } from '../../snapshot/compile.ts';
import { foundEndpoint } from '../../snapshot/compile-cluster.ts';
import type { Cluster, ClusterEndpoint } from '../../snapshot/snapshot.ts';
import { classifyFailure } from './classify-failure.ts';
import { createProviderClient, type ProviderClient } from './provider-client.ts';

test('system, TLS and parser errors are told apart', () => {
  const codes: Record<UpstreamFailure['kind'], string[]> = {
    connect: ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
    'timeout-connect': ['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'],
    tls: [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'CERT_HAS_EXPIRED',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'EPROTO',
    ],
    reset: ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'SOMETHING_NEW'],
    protocol: ['UND_ERR_HEADERS_OVERFLOW', 'HPE_INVALID_CONSTANT'],
    aborted: ['UND_ERR_ABORTED'],
  };
  for (const [kind, list] of Object.entries(codes)) {
    for (const code of list) {
      const error = Object.assign(new Error('message'), { code });
      assert.deepEqual(classifyFailure(error), { kind, cause: error }, code);
    }
  }
  assert.equal(classifyFailure(new Error('no code at all')).kind, 'reset');
});

async function listen(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** Answers the first bytes of each connection. */
function answering(text: string, then?: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => {
      socket.write(text, () => then?.(socket));
    });
  };
}

function clusterOf(fields: string): Cluster {
  const text = `static_cluster: { x: { provider: openai, api_key: k, ${fields} } }\n`;
  const { config, hash } = loadConfig([{ file: 'test.yaml', text }], {
    env: {},
    readText: () => '',
    homeDirectory: '/nonexistent',
  });
  return compileSnapshot(config, { revision: 1, hash }).clusters[0] as Cluster;
}

interface Outcome {
  status?: number;
  body: string;
  failure?: UpstreamFailure['kind'];
}

function send(
  client: ProviderClient,
  cluster: Cluster,
  options: { abortAtHead?: boolean; endpoint?: ClusterEndpoint } = {},
): Promise<Outcome> {
  const endpoint = options.endpoint ?? cluster.endpoints[0];
  assert.ok(endpoint !== undefined);
  const outcome: Outcome = { body: '' };
  return new Promise((resolve) => {
    let abort = () => {};
    client.send(
      { cluster, endpoint, method: 'POST', path: '/v1/x', headers: [], body: [Buffer.from('{}')] },
      {
        onStart(given) {
          abort = given;
        },
        onHead(status) {
          outcome.status = status;
          if (options.abortAtHead === true) abort();
        },
        onData(chunk) {
          outcome.body += Buffer.from(chunk).toString();
          return true;
        },
        onEnd: () => resolve(outcome),
        onError: (failure) => resolve({ ...outcome, failure: failure.kind }),
      },
    );
  });
}

test('what really happens on a connection is sorted as it should', async (t) => {
  const client = createProviderClient();
  t.after(() => client.close());
  const failureOf = async (serve: (socket: Socket) => void, more = '') => {
    const port = await listen(t, serve);
    return (await send(client, clusterOf(`endpoint: "http://127.0.0.1:${port}"${more}`))).failure;
  };
  assert.equal(await failureOf(answering('220 smtp\r\n\r\n')), 'protocol');
  assert.equal(await failureOf(answering('HTTP/1.1 200 OK\r\nx-a: \u0001\r\n\r\n')), 'protocol');
  assert.equal(await failureOf(answering('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n')), 'protocol');
  assert.equal(await failureOf((socket) => void socket.resetAndDestroy()), 'reset');
  assert.equal(
    await failureOf(answering('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}', (one) => one.end())),
    'reset',
  );
  assert.equal(await failureOf(answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}')), undefined);
  const plain = await listen(t, answering('HTTP/1.1 400 Bad Request\r\n\r\n'));
  assert.equal((await send(client, clusterOf(`endpoint: "https://127.0.0.1:${plain}"`))).failure, 'tls');
});

test('nobody there is told as such, by address and by name', async (t) => {
  const client = createProviderClient();
  t.after(() => client.close());
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  for (const host of ['127.0.0.1', 'localhost']) {
    assert.equal((await send(client, clusterOf(`endpoint: "http://${host}:${port}"`))).failure, 'connect', host);
  }
});

test('only our own abort is one: a proxy that refuses the tunnel is a failure to connect', async (t) => {
  const client = createProviderClient();
  t.after(() => client.close());
  const silent = await listen(t, answering('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n'));
  const aborted = await send(client, clusterOf(`endpoint: "http://127.0.0.1:${silent}"`), { abortAtHead: true });
  assert.deepEqual(aborted, { status: 200, body: '', failure: 'aborted' });
  for (const status of ['407 Proxy Authentication Required', '502 Bad Gateway']) {
    const proxy = await listen(t, answering(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`));
    const through = clusterOf(`endpoint: "http://127.0.0.1:${silent}", forward_proxy: "127.0.0.1:${proxy}"`);
    await client.prepare([through]);
    assert.equal((await send(client, through)).failure, 'connect', status);
  }
});

test('a forward proxy is asked for a tunnel to the provider', async (t) => {
  const client = createProviderClient();
  t.after(() => client.close());
  let connect = '';
  const proxy = await listen(t, (socket) => {
    socket.once('data', (head: Buffer) => {
      connect = head.toString();
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
    });
  });
  const cluster = clusterOf(`endpoint: "http://provider.invalid:8080", forward_proxy: "127.0.0.1:${proxy}"`);
  await client.prepare([cluster]);
  assert.deepEqual(await send(client, cluster), { status: 200, body: '{}' });
  assert.match(connect, /^CONNECT provider\.invalid:8080 HTTP\/1\.1\r\n/);
});

test('connections are kept from one request to the next, and across configurations with the same settings', async (t) => {
  const client = createProviderClient();
  t.after(() => client.close());
  let connections = 0;
  const port = await listen(t, (socket) => {
    connections++;
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
  });
  const fields = `endpoint: "http://127.0.0.1:${port}"`;
  const ask = async () => {
    assert.equal((await send(client, clusterOf(fields))).status, 200);
    // The connection is free again when the client has seen to its own end of the answer.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  };
  await ask();
  await ask();
  assert.equal(connections, 1);
  client.retain([clusterOf(fields)].map((cluster) => ({ cluster, endpoints: cluster.endpoints })));
  await ask();
  assert.equal(connections, 1);
  client.retain([]);
  await ask();
  assert.equal(connections, 2);
});

test('an endpoint with an address is connected to there, under its name', async (t) => {
  const client = createProviderClient();
  t.after(() => client.close());
  const heads: string[] = [];
  const port = await listen(t, (socket) => {
    socket.on('data', (head: Buffer) => {
      heads.push(head.toString());
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    });
  });
  const url = `http://models.invalid:${port}`;
  const cluster = clusterOf(`endpoint: "${url}"`);
  const endpoint = foundEndpoint(cluster, { url, address: '127.0.0.1' });
  assert.deepEqual(await send(client, cluster, { endpoint }), { status: 200, body: '{}' });
  assert.match(heads[0] ?? '', new RegExp(`\\r\\nhost: models\\.invalid:${port}\\r\\n`, 'i'));
  // The same name at another address has connections of its own.
  const elsewhere = foundEndpoint(cluster, { url, address: '127.0.0.2' });
  client.retain([{ cluster, endpoints: [elsewhere] }]);
  assert.equal((await send(client, cluster, { endpoint: elsewhere })).failure, 'connect');
  assert.equal(endpoint.resolved?.peer, `127.0.0.1:${port}`);
  assert.equal(foundEndpoint(cluster, { url, address: 'fd00::1' }).resolved?.peer, `[fd00::1]:${port}`);
});

test('TLS asks for the name, not for the address', async (t) => {
  const client = createProviderClient();
  t.after(() => client.close());
  let hello: Buffer | undefined;
  const port = await listen(t, (socket) => {
    socket.once('data', (bytes: Buffer) => {
      hello = bytes;
      socket.destroy();
    });
  });
  const url = `https://models.invalid:${port}`;
  const cluster = clusterOf(`endpoint: "${url}"`);
  const outcome = await send(client, cluster, { endpoint: foundEndpoint(cluster, { url, address: '127.0.0.1' }) });
  assert.notEqual(outcome.failure, undefined);
  assert.ok(hello?.includes('models.invalid'), 'the server name is in the first message');
});

test('connections that are let go take the requests on them to their end', async (t) => {
  const client = createProviderClient();
  t.after(() => client.close());
  const port = await listen(t, (socket) => {
    socket.once('data', () => {
      client.retain([]);
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n{}', () => socket.write('{}'));
    });
  });
  const outcome = await send(client, clusterOf(`endpoint: "http://127.0.0.1:${port}"`));
  assert.deepEqual(outcome, { status: 200, body: '{}{}' });
});

/** Answers the first request of the first connection, and lets `second` have the next one on it; later connections answer. */
function keptOnce(second: (socket: Socket) => void): { serve: (socket: Socket) => void; requests: () => number } {
  let requests = 0;
  let connections = 0;
  const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';
  const serve = (socket: Socket) => {
    const isFirst = connections++ === 0;
    let taken = 0;
    socket.on('data', () => {
      requests++;
      if (isFirst && taken++ === 1) second(socket);
      else socket.write(answer);
    });
  };
  return { serve, requests: () => requests };
}

test('a kept connection that goes as it is used again costs no request', async (t) => {
  for (const go of [(socket: Socket) => void socket.resetAndDestroy(), (socket: Socket) => void socket.end()]) {
    const client = createProviderClient();
    t.after(() => client.close());
    const { serve } = keptOnce(go);
    const cluster = clusterOf(`endpoint: "http://127.0.0.1:${await listen(t, serve)}"`);
    assert.equal((await send(client, cluster)).status, 200);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    assert.deepEqual(await send(client, cluster), { status: 200, body: '{}' });
  }
});

test('a request that a provider has worked on is not sent a second time behind the route’s back', async (t) => {
  const client = createProviderClient();
  t.after(() => client.close());
  const { serve, requests } = keptOnce((socket) => void setTimeout(() => socket.resetAndDestroy(), 1200));
  const cluster = clusterOf(`endpoint: "http://127.0.0.1:${await listen(t, serve)}"`);
  assert.equal((await send(client, cluster)).status, 200);
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  assert.equal((await send(client, cluster)).failure, 'reset');
  assert.equal(requests(), 2);
});
