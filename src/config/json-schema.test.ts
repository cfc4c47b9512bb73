import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { gatewaySchemaText, SCHEMA_ID } from './json-schema.ts';

it('is the committed schema (`npm run schema` writes it)', () => {
  const committed = readFileSync(new URL('../../schema/aigw.schema.json', import.meta.url), 'utf8');
  assert.equal(gatewaySchemaText(), committed);
});

it('has a name, a title and a description of fields', () => {
  const schema = JSON.parse(gatewaySchemaText());
  assert.equal(schema.$id, SCHEMA_ID);
  assert.equal(schema.title, 'AI gateway configuration (aigw.yaml)');
  assert.equal(schema.additionalProperties, false);
  const cluster = schema.properties.static_cluster.additionalProperties;
  assert.deepEqual(cluster.required, ['provider']);
  assert.ok(cluster.properties.provider.enum.includes('openai'));
  assert.match(cluster.properties.api_key.description, /Shorthand/);
});

it('takes a variable for a number', () => {
  const schema = JSON.parse(gatewaySchemaText());
  const { port } = schema.properties.listeners.items.properties;
  assert.deepEqual(port.anyOf, [
    { type: 'integer', minimum: 0, maximum: 65535 },
    { type: 'string', pattern: '^\\$\\{.+\\}$' },
  ]);
});
