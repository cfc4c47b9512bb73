import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOCK_FLAGS, parseFaultSpecs, parseMockFlags } from './cli-options.ts';
import { pickFault } from './faults.ts';

test('no flags: port 8000 of the loopback interface, no wishes', () => {
  assert.deepEqual(parseMockFlags({}), { port: 8000, address: '127.0.0.1', options: {} });
});

test('every flag is read', () => {
  const command = parseMockFlags({
    port: '0',
    address: '::1',
    latency: '50ms',
    jitter: '1.5s',
    tokensPerSecond: '12.5',
    tokens: '20',
    fail: ['429:0.1', 'cut:0.05'],
    seed: '7',
    models: 'a, b',
    strict: true,
  });
  assert.deepEqual(command, {
    port: 0,
    address: '::1',
    options: {
      latencyMs: 50,
      jitterMs: 1500,
      tokensPerSecond: 12.5,
      tokens: 20,
      faults: [
        { kind: '429', probability: 0.1 },
        { kind: 'cut', probability: 0.05 },
      ],
      seed: 7,
      models: ['a', 'b'],
      strict: true,
    },
  });
});

test('a fault without a probability always strikes', () => {
  assert.deepEqual(parseFaultSpecs(['stall']), [{ kind: 'stall', probability: 1 }]);
});

test('bad flags are named with their value and what they take', () => {
  assert.throws(() => parseMockFlags({ port: '70000' }), /--port "70000" must be a whole number from 0 to 65535\./);
  assert.throws(() => parseMockFlags({ latency: '50' }), /--latency "50" is not a duration; write for example 50ms/);
  assert.throws(() => parseMockFlags({ tokens: '1.5' }), /--tokens "1.5" must be a whole number of at least 1\./);
  assert.throws(() => parseMockFlags({ models: 'a,,b' }), /--models "a,,b" has an empty name/);
  assert.throws(() => parseMockFlags({ fail: ['explode:0.1'] }), /--fail "explode:0.1" is not FAULT:PROBABILITY/);
  assert.throws(() => parseMockFlags({ fail: ['429:2'] }), /--fail "429:2"/);
  assert.throws(() => parseMockFlags({ fail: ['429:'] }), /--fail "429:"/);
  assert.throws(() => parseMockFlags({ fail: ['cut:0.6', 'reset:0.6'] }), /sum to 1\.2/);
});

test('each flag has a line of help', () => {
  assert.equal(MOCK_FLAGS.length, 10);
  for (const { flag, text } of MOCK_FLAGS) assert.ok(flag.startsWith('--') && text.length > 10);
});

test('faults lie one after the other between 0 and 1', () => {
  const faults = parseFaultSpecs(['429:0.1', 'cut:0.2']);
  assert.equal(pickFault(faults, 0.05), '429');
  assert.equal(pickFault(faults, 0.1), 'cut');
  assert.equal(pickFault(faults, 0.29), 'cut');
  assert.equal(pickFault(faults, 0.31), undefined);
});
