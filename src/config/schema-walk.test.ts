import assert from 'node:assert/strict';
import { it } from 'node:test';
import { gatewayConfig } from './model.ts';
import { describeAt, expectationAt, fieldsAt, schemasAt } from './schema-walk.ts';

const cluster = (...path: string[]) => expectationAt(gatewayConfig, ['static_cluster', 'any', ...path]);

it('finds the places of secrets', () => {
  const secrets = [
    ['api_key'],
    ['credential', 'key'],
    ['credential', 'secret_access_key'],
    ['credential', 'session_token'],
    ['credential', 'credentials'],
    ['credential', 'service_account'],
    ['credential', 'client_secret'],
    ['credential', 'oidc', 'client_secret'],
    ['credential', 'workload_identity', 'oidc', 'client_secret'],
  ];
  for (const path of secrets)
    assert.deepEqual(cluster(...path), { text: true, other: false, secret: true }, path.join());
  const others = [['endpoint'], ['region'], ['headers', 'x'], ['credential', 'workload_identity', 'service_account']];
  for (const path of others)
    assert.deepEqual(cluster(...path), { text: true, other: false, secret: false }, path.join());
});

it('knows where numbers and booleans go', () => {
  const numbers = { text: false, other: true, secret: false };
  assert.deepEqual(expectationAt(gatewayConfig, ['listeners', 0, 'port']), numbers);
  assert.deepEqual(expectationAt(gatewayConfig, ['admin']), numbers);
  assert.deepEqual(expectationAt(gatewayConfig, ['metrics_filter', 'prometheus']), numbers);
  assert.deepEqual(cluster('connect_timeout'), { text: true, other: true, secret: false });
  assert.deepEqual(cluster('unknown'), { text: true, other: true, secret: false });
});

it('lists the fields of a map, by its type where it has one', () => {
  const value = { static_cluster: { a: { credential: { type: 'none' } } } };
  assert.deepEqual(fieldsAt(gatewayConfig, ['listeners', 0], {}), ['name', 'address', 'port']);
  assert.deepEqual(fieldsAt(gatewayConfig, ['static_cluster', 'a', 'credential'], value), ['type']);
  assert.deepEqual(fieldsAt(gatewayConfig, ['static_cluster'], value), []);
});

it('finds what the model says about a field', () => {
  const path = ['virtual_services', 0, 'virtual_routes', 0, 'split', 0, 'cluster'];
  assert.equal(describeAt(gatewayConfig, path, {}), 'Name of a cluster');
  assert.equal(
    describeAt(gatewayConfig, ['static_cluster', 'a', 'api_key'], {}),
    'Shorthand for a credential of type `api_key`',
  );
});

it('finds nothing where nothing is', () => {
  assert.deepEqual(schemasAt(gatewayConfig, ['constructor']), []);
  assert.deepEqual(schemasAt(gatewayConfig, ['listeners', 'port']), []);
});
