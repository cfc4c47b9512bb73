import assert from 'node:assert/strict';
import test from 'node:test';
import type { UpstreamRequest } from '../../../exchange/ports.ts';
import { HeaderLines } from './header-lines.ts';
import { requestText, UnsendableRequest } from './request-text.ts';

const lines = new HeaderLines();

function textOf(
  fields: Partial<Pick<UpstreamRequest, 'method' | 'path' | 'headers'>>,
  length = 0,
  keep = true,
): string {
  const request = { method: 'POST', path: '/v1/x?a=b', headers: [], ...fields } as unknown as UpstreamRequest;
  return requestText(request, { host: 'api.example:8080', keep, length, lines });
}

test('a request starts as it does with other clients', () => {
  assert.equal(
    textOf({ headers: ['content-type', 'a/b', 'X-Name', 'é\t1'] }, 12),
    'POST /v1/x?a=b HTTP/1.1\r\nhost: api.example:8080\r\nconnection: keep-alive\r\n' +
      'content-type: a/b\r\nX-Name: é\t1\r\ncontent-length: 12\r\n\r\n',
  );
  assert.match(textOf({}), /\r\ncontent-length: 0\r\n\r\n$/);
  assert.equal(
    textOf({ method: 'GET' }, 0, false),
    'GET /v1/x?a=b HTTP/1.1\r\nhost: api.example:8080\r\nconnection: close\r\n\r\n',
  );
});

test('a request may name another host, and ask for the connection to be closed', () => {
  const text = textOf({ headers: ['Host', 'b.example', 'connection', 'x, Close'] });
  assert.equal(text, 'POST /v1/x?a=b HTTP/1.1\r\nhost: b.example\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
});

test('what could be read as another request is not sent', () => {
  const bad: Parameters<typeof textOf>[0][] = [
    { method: 'GET / HTTP/1.1\r\nx:' },
    { method: '' },
    { path: 'v1/x' },
    { path: '/v1/x HTTP/1.1\r\nhost: b' },
    { path: '/v1/x y' },
    { path: '/v1/\u0000' },
    { path: '/v1/\u010d\u010a' },
    { headers: ['x-a', '1\r\nx-b: 2'] },
    { headers: ['x-a', '1\n'] },
    { headers: ['x-a', '\u0000'] },
    { headers: ['x-a', '\u010d\u010ax-b: 2'] },
    { headers: ['x-a: 1\r\nx-b', '2'] },
    { headers: ['x a', '1'] },
    { headers: ['', '1'] },
    { headers: ['host', 'a\r\nx: y'] },
    { headers: ['content-length', '3'] },
    { headers: ['Transfer-Encoding', 'chunked'] },
    { headers: ['upgrade', 'x'] },
    { headers: ['expect', '100-continue'] },
    { headers: ['keep-alive', 'timeout=1'] },
  ];
  for (const fields of bad) assert.throws(() => textOf(fields), UnsendableRequest, JSON.stringify(fields));
});

test('what other requests said changes nothing', () => {
  const good = { headers: ['x-a', '1', 'host', 'a', 'x-b', '2'] };
  const text = textOf(good);
  assert.equal(textOf(good), text);
  for (const headers of [
    ['x-a', '1', 'host', 'a', 'x-b', '2\n'],
    ['x-a', '1', 'host', 'a\n', 'x-b', '2'],
    ['x-a', '1', 'x-b', '2', 'expect', '2'],
    ['x-a\n', '1'],
  ])
    assert.throws(() => textOf({ headers }), UnsendableRequest, JSON.stringify(headers));
  assert.match(textOf({ headers: ['x-b', '2', 'x-a', '3'] }), /\r\nx-b: 2\r\nx-a: 3\r\n/);
  assert.match(textOf({ headers: ['X-A', '1'] }), /\r\nX-A: 1\r\n/);
});
