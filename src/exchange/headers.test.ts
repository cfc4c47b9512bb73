import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type ForwardRules, forwardRequestHeaders, ResponseHeaders } from './headers.ts';

const OPEN: ForwardRules = {
  allowed: undefined,
  credentials: false,
  consumed: [],
  mutation: { remove: new Set(), set: [] },
  translated: false,
};

const forward = (raw: string[], rules: Partial<ForwardRules> = {}) => forwardRequestHeaders(raw, { ...OPEN, ...rules });

/** Names that must never reach a provider, in any spelling of case. */
const FORBIDDEN = [
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'expect',
  'accept-encoding',
  'cookie',
  'forwarded',
  'via',
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-real-ip',
  'x-aigw-api-key',
  'x-ai-eg-model',
  'x-envoy-original-path',
  'x-amz-security-token',
  'true-client-ip',
  'cf-connecting-ip',
];

test('forbidden headers do not pass in any case, the rest does in order', () => {
  const name = fc
    .constantFrom(...FORBIDDEN)
    .chain((word) =>
      fc
        .nat()
        .map((bits) =>
          [...word].map((letter, at) => ((bits >> (at % 30)) & 1 ? letter.toUpperCase() : letter)).join(''),
        ),
    );
  fc.assert(
    fc.property(fc.array(name, { maxLength: 5 }), (names) => {
      const raw = ['X-First', '1', ...names.flatMap((one) => [one, 'forbidden']), 'OpenAI-Beta', 'v2', 'X-First', '2'];
      assert.deepEqual(forward(raw), ['x-first', '1', 'openai-beta', 'v2', 'x-first', '2']);
    }),
  );
});

test('headers that connection names are dropped, wherever it stands', () => {
  assert.deepEqual(forward(['x-a', '1', 'Connection', 'close, X-A ,x-b', 'x-b', '2', 'x-c', '3']), ['x-c', '3']);
  assert.deepEqual(forward(['connection', 'keep-alive', 'x-a', '1']), ['x-a', '1']);
});

test('of headers that are read once only the first passes', () => {
  assert.deepEqual(forward(['content-type', 'application/json', 'Content-Type', 'text/csv']), [
    'content-type',
    'application/json',
  ]);
  assert.deepEqual(forward(['x-note', 'user-agent', 'User-Agent', 'a', 'user-agent', 'b']), [
    'x-note',
    'user-agent',
    'user-agent',
    'a',
  ]);
});

test('the client’s own credential passes only where the cluster says so', () => {
  const raw = ['authorization', 'Bearer c', 'x-api-key', 'c', 'x-a', '1'];
  assert.deepEqual(forward(raw), ['x-a', '1']);
  assert.deepEqual(forward(raw, { credentials: true }), raw);
});

test('an allow-list lets its own names through and the content type', () => {
  const raw = ['x-a', '1', 'x-b', '2', 'content-type', 'application/json', 'cookie', 'c'];
  assert.deepEqual(forward(raw, { allowed: new Set(['x-a', 'cookie']) }), [
    'x-a',
    '1',
    'content-type',
    'application/json',
  ]);
});

test('consumed headers stay behind, by name or by prefix', () => {
  const raw = ['x-key', '1', 'x-cred-id', '2', 'x-cred-secret', '3', 'x-other', '4'];
  assert.deepEqual(forward(raw, { consumed: ['x-key', 'x-cred-*'] }), ['x-other', '4']);
});

test('mutations remove before they set', () => {
  const mutation = { remove: new Set(['x-a', 'x-b']), set: ['x-b', 'set', 'x-c', 'set'] };
  assert.deepEqual(forward(['x-a', '1', 'X-B', '2', 'x-d', '3'], { mutation }), [
    'x-d',
    '3',
    'x-b',
    'set',
    'x-c',
    'set',
  ]);
});

test('a translated request has a type of its own', () => {
  assert.deepEqual(forward(['content-type', 'a/b', 'accept', 'c/d', 'x-a', '1'], { translated: true }), ['x-a', '1']);
});

const raw = (...pairs: string[]) => pairs;

test('answer headers are found by lower-case name, and can be dropped', () => {
  const headers = new ResponseHeaders(raw('Content-Type', 'a/b', 'X-A', '1', 'x-a', 'é'));
  assert.equal(headers.get('content-type'), 'a/b');
  assert.equal(headers.get('x-a'), '1');
  assert.equal(headers.get('x-b'), undefined);
  headers.drop('x-a');
  assert.equal(headers.get('x-a'), undefined);
  assert.deepEqual(headers.forClient(false), ['content-type', 'a/b']);
});

test('an answer’s hop-by-hop, cookie and gateway headers do not reach the client', () => {
  const headers = new ResponseHeaders(
    raw(
      ...['Connection', 'close', 'Transfer-Encoding', 'chunked', 'Keep-Alive', 'a', 'Content-Length', '3'],
      ...['Set-Cookie', 'a=b', 'Server', 's', 'Date', 'd', 'Alt-Svc', 'h3', 'X-AIGW-Cluster', 'spoof'],
      ...['X-Request-Id', 'r', 'Content-Type', 'a/b', 'Content-Encoding', 'gzip', 'ETag', 'e'],
    ),
  );
  assert.deepEqual(headers.forClient(false), [
    'x-request-id',
    'r',
    'content-type',
    'a/b',
    'content-encoding',
    'gzip',
    'etag',
    'e',
  ]);
  assert.deepEqual(headers.forClient(true), ['x-request-id', 'r']);
});
