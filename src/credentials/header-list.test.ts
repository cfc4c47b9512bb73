import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearerToken, removeKeyHeaders, setHeader } from './header-list.ts';

test('a header is appended, replaced, and its doubles go', () => {
  const headers = ['a', '1'];
  setHeader(headers, 'b', '2');
  assert.deepEqual(headers, ['a', '1', 'b', '2']);
  const doubled = ['b', 'x', 'a', '1', 'b', 'y', 'b', 'z'];
  setHeader(doubled, 'b', '2');
  assert.deepEqual(doubled, ['b', '2', 'a', '1']);
});

test('a value that equals a header name is not taken for one', () => {
  const headers = ['x-note', 'authorization', 'authorization', 'Bearer k'];
  removeKeyHeaders(headers);
  assert.deepEqual(headers, ['x-note', 'authorization']);
});

test('bearer tokens are read whatever the case of the scheme', () => {
  assert.equal(bearerToken('bearer  k '), 'k');
  assert.equal(bearerToken('Basic k'), undefined);
  assert.equal(bearerToken('Bearer '), undefined);
});
