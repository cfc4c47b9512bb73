import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileHeaderLabels } from './header-labels.ts';

test('maps headers to Prometheus labels; an absent header is empty', () => {
  const labels = compileHeaderLabels({ 'x-tenant': 'tenant.id', 'x-team': '1st-team' });
  assert.deepEqual(labels.warnings, []);
  assert.deepEqual(
    labels.read((name) => (name === 'x-tenant' ? 'acme' : undefined)),
    [
      ['tenant_id', 'acme'],
      ['_1st_team', ''],
    ],
  );
});

test('refuses the names of its own labels and names given twice', () => {
  const labels = compileHeaderLabels({
    'x-a': 'gen_ai.provider.name',
    'x-b': 'le',
    'x-c': '__name__',
    'x-d': 'tenant',
    'x-e': 'tenant',
  });
  assert.deepEqual(
    labels.read(() => 'v'),
    [['tenant', 'v']],
  );
  assert.equal(labels.warnings.length, 4);
  assert.match(labels.warnings[0] ?? '', /"gen_ai\.provider\.name".*"x-a".*choose another name/);
  assert.match(labels.warnings[3] ?? '', /"tenant".*"x-e".*already taken/);
});

test('without a mapping there is nothing to read', () => {
  assert.equal(
    compileHeaderLabels({}).read(() => 'v'),
    undefined,
  );
});
