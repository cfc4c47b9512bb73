import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAllowedHost, isLoopbackAddress } from './host-check.ts';

test('addresses, loopback names and configured names are allowed', () => {
  const names = ['aigw.internal'];
  for (const host of [
    'localhost',
    'localhost:9901',
    'LOCALHOST.:9901',
    'app.localhost:1',
    '127.0.0.1:9901',
    '10.2.3.4:9901',
    '[::1]:9901',
    '[fe80::1]',
    'aigw.internal:9901',
    'AIGW.internal',
    undefined,
  ]) {
    assert.equal(isAllowedHost(host, names), true, String(host));
  }
});

test('other names are not, whatever they look like', () => {
  for (const host of [
    'evil.example',
    'evil.example:9901',
    'localhost.evil.example',
    'evillocalhost',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    '::1',
    '[::1].evil.example',
    'evil.example#localhost',
    '',
    'localhost localhost',
  ]) {
    assert.equal(isAllowedHost(host, ['aigw.internal']), false, host);
  }
});

test('loopback addresses of sockets', () => {
  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])
    assert.ok(isLoopbackAddress(address), address);
  for (const address of ['10.0.0.1', '::ffff:10.0.0.1', 'fe80::1', '', '127.evil']) {
    assert.equal(isLoopbackAddress(address), false, address);
  }
});
