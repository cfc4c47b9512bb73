import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { APPLIED, createPort } from './harness.test.ts';
import type { AdminPort } from './port.ts';
import { ADMIN_ROUTES } from './routes.ts';
import { type AdminServer, createAdminServer } from './server.ts';

interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

type Call = (method: string, path: string, headers?: Record<string, string>) => Promise<Reply>;

async function withServer(
  port: AdminPort,
  use: (call: Call, server: AdminServer, port: number) => Promise<void>,
): Promise<void> {
  const server = createAdminServer({ address: '127.0.0.1', port: 0, admin: port, onError: () => {} });
  const { port: number } = await server.listen();
  const call: Call = async (method, path, headers = {}) => {
    const sent = request({ host: '127.0.0.1', port: number, method, path, headers, agent: false }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let body = '';
    for await (const chunk of response) body += chunk;
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  };
  try {
    await use(call, server, number);
  } finally {
    await server.close();
  }
}

test('health, version and metrics', async () => {
  await withServer(createPort(), async (call) => {
    for (const path of ['/healthz', '/health', '/healthz?verbose']) {
      const { status, body } = await call('GET', path);
      assert.deepEqual([status, JSON.parse(body)], [200, { status: 'ok' }], path);
    }
    assert.deepEqual(JSON.parse((await call('GET', '/api/v1/version')).body), { version: '1.2.3' });
    const metrics = await call('GET', '/metrics');
    assert.equal(metrics.body, 'one 1\ntwo 2\n');
    assert.equal(metrics.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  });
});

test('readiness says why not', async () => {
  await withServer(createPort({ ready: () => ({ ready: false, reason: 'draining' }) }), async (call) => {
    const { status, body } = await call('GET', '/readyz');
    assert.deepEqual([status, JSON.parse(body)], [503, { ready: false, reason: 'draining' }]);
  });
  await withServer(createPort(), async (call) => {
    const { status, body } = await call('GET', '/readyz');
    assert.deepEqual([status, JSON.parse(body)], [200, { ready: true }]);
  });
});

test('the applied configuration: secrets hidden, etag', async () => {
  await withServer(createPort(), async (call) => {
    const { status, headers, body } = await call('GET', '/api/v1/config');
    assert.equal(status, 200);
    assert.equal(headers.etag, '"abc123"');
    assert.deepEqual(JSON.parse(body), { static_cluster: { a: { api_key: '***' } } });
    for (const tag of ['"abc123"', 'W/"abc123"', '"x", "abc123"', '*']) {
      const unchanged = await call('GET', '/api/v1/config', { 'if-none-match': tag });
      assert.deepEqual([unchanged.status, unchanged.body, unchanged.headers.etag], [304, '', '"abc123"'], tag);
    }
    assert.equal((await call('GET', '/api/v1/config', { 'if-none-match': '"old"' })).status, 200);
  });
});

test('before the first configuration there is none to show', async () => {
  await withServer(createPort({ status: () => ({ warnings: [] }) }), async (call) => {
    const { status, body } = await call('GET', '/api/v1/config');
    assert.equal(status, 503);
    assert.equal(JSON.parse(body).error.code, 'no_config');
    assert.deepEqual(JSON.parse((await call('GET', '/api/v1/config/status')).body), {
      desired: null,
      applied: null,
      rejected: null,
      warnings: [],
    });
  });
});

test('the status shows a rejected configuration beside the applied one', async () => {
  const rejected = {
    revision: 4,
    hash: 'def',
    timeMs: 0,
    sources: ['/etc/aigw.yaml'],
    errors: ['aigw.yaml:3:5: no such field'],
  };
  const port = createPort({ status: () => ({ desired: rejected, applied: APPLIED, rejected, warnings: ['w'] }) });
  await withServer(port, async (call) => {
    const status = JSON.parse((await call('GET', '/api/v1/config/status')).body);
    assert.deepEqual(status.applied, {
      revision: 3,
      hash: 'abc123',
      sources: ['/etc/aigw.yaml'],
      time: '2025-01-01T00:00:00.000Z',
    });
    assert.equal(status.rejected.time, '1970-01-01T00:00:00.000Z');
    assert.deepEqual(status.rejected.errors, ['aigw.yaml:3:5: no such field']);
    assert.deepEqual(status.warnings, ['w']);
  });
});

test('unknown paths and methods', async () => {
  await withServer(createPort(), async (call) => {
    const unknown = await call('GET', '/nope');
    assert.equal(unknown.status, 404);
    assert.equal(JSON.parse(unknown.body).error.code, 'unknown_path');
    for (const path of ['/metrics/', '//metrics', '/METRICS', '/%6detrics', '/constructor']) {
      assert.equal((await call('GET', path)).status, 404, path);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const refused = await call(method, '/metrics');
      assert.equal(refused.status, 405, method);
      assert.equal(refused.headers.allow, 'GET, HEAD');
    }
  });
});

test('HEAD has the headers of GET and no body, on every path', async () => {
  await withServer(createPort(), async (call) => {
    for (const { path } of ADMIN_ROUTES) {
      const get = await call('GET', path);
      const head = await call('HEAD', path);
      assert.equal(head.body, '', path);
      assert.deepEqual(
        [head.status, head.headers['content-length'], head.headers['content-type']],
        [get.status, get.headers['content-length'], get.headers['content-type']],
        path,
      );
    }
  });
});

test('security headers on every answer, errors included', async () => {
  await withServer(createPort(), async (call) => {
    for (const path of [...ADMIN_ROUTES.map((route) => route.path), '/nope']) {
      const { headers } = await call('GET', path);
      assert.equal(headers['x-content-type-options'], 'nosniff', path);
      assert.equal(headers['cache-control'], 'no-store', path);
      assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/, path);
      assert.equal(headers['access-control-allow-origin'], undefined, path);
    }
  });
});

test('a foreign host name is refused on every path', async () => {
  await withServer(createPort(), async (call) => {
    for (const path of [...ADMIN_ROUTES.map((route) => route.path), '/nope']) {
      const { status, body } = await call('GET', path, { host: 'rebound.example:9901' });
      assert.deepEqual([status, JSON.parse(body).error.code], [421, 'host_not_allowed'], path);
    }
    assert.equal((await call('GET', '/healthz', { host: 'localhost:9901' })).status, 200);
  });
});

test('a route that fails is a mute 500, and the server lives on', async () => {
  const heard: unknown[] = [];
  const failing = createPort({
    ready() {
      throw new Error('secret detail');
    },
    metricsText: () => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('scrape failed')) }),
    }),
  });
  const server = createAdminServer({
    address: '127.0.0.1',
    port: 0,
    admin: failing,
    onError: (error) => heard.push(error),
  });
  const { port } = await server.listen();
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /secret detail/);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text()));
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
    assert.deepEqual(
      heard.map((error) => (error as Error).message),
      ['secret detail', 'scrape failed'],
    );
  } finally {
    await server.close();
  }
});

test('a scraper that leaves in the middle stops the scrape and is no error', async () => {
  let ended: () => void = () => {};
  const stopped = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const heard: unknown[] = [];
  const endless = createPort({
    async *metricsText() {
      try {
        for (;;) yield 'x'.repeat(65_536);
      } finally {
        ended();
      }
    },
  });
  const server = createAdminServer({
    address: '127.0.0.1',
    port: 0,
    admin: endless,
    onError: (error) => heard.push(error),
  });
  const { port } = await server.listen();
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  await stopped;
  await server.close();
  assert.deepEqual(heard, []);
});

test('a taken port is named, with the way out', async () => {
  await withServer(createPort(), async (_call, _server, port) => {
    const second = createAdminServer({ address: '127.0.0.1', port, admin: createPort(), onError: () => {} });
    await assert.rejects(second.listen(), new RegExp(`127\\.0\\.0\\.1:${port}.*taken.*admin\\.port`));
    await second.close();
  });
});

test('close cuts idle connections at once', async () => {
  const server = createAdminServer({ address: '127.0.0.1', port: 0, admin: createPort(), onError: () => {} });
  const { port } = await server.listen();
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await once(socket, 'data');
  const closed = once(socket, 'close');
  await server.close();
  await closed;
});

test('docs/admin-api.md lists every route and who may call it', () => {
  const page = readFileSync(new URL('../../docs/admin-api.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| (GET|PUT|POST|PATCH|DELETE) \| `([^`]+)` \| (\w+) \|/gm)].map((match) =>
    match.slice(1, 4),
  );
  assert.deepEqual(documented.sort(), ADMIN_ROUTES.map(({ method, path, access }) => [method, path, access]).sort());
});
