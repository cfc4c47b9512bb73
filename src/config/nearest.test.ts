import assert from 'node:assert/strict';
import { it } from 'node:test';
import { editDistance, nearest } from './nearest.ts';

it('counts insertions, removals, replacements and swaps', () => {
  assert.equal(editDistance('port', 'port'), 0);
  assert.equal(editDistance('prt', 'port'), 1);
  assert.equal(editDistance('porrt', 'port'), 1);
  assert.equal(editDistance('part', 'port'), 1);
  assert.equal(editDistance('prot', 'port'), 1);
  assert.equal(editDistance('', 'port'), 4);
  assert.equal(editDistance('weight', 'cluster'), 7);
});

it('finds the name that was meant', () => {
  const names = ['virtual_services', 'static_cluster', 'api_key', 'listeners'];
  assert.equal(nearest('virtual_service', names), 'virtual_services');
  assert.equal(nearest('apiKey', names), 'api_key');
  assert.equal(nearest('static-clutser', names), 'static_cluster');
  assert.equal(nearest('LISTENERS', names), 'listeners');
});

it('prefers the nearest and offers none that is far', () => {
  assert.equal(nearest('gpt', ['gpu', 'gpt4']), 'gpu');
  assert.equal(nearest('openai', ['anthropic', 'mistral']), undefined);
  assert.equal(nearest('x', []), undefined);
});

it('takes names of any length', () => {
  assert.equal(nearest('a'.repeat(1e6), ['b']), undefined);
});
