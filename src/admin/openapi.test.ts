import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearer, createPort, startAdmin } from './harness.test.ts';
import { createOpenApiDocument } from './openapi.ts';
import { ADMIN_ROUTES } from './routes.ts';

test('every route is in the document, with its role, its parameters and a name of its own', () => {
  const document = createOpenApiDocument(ADMIN_ROUTES, '9.9.9');
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  assert.deepEqual(
    operations
      .map(({ path, method, operation }) => [method, path, operation['operationId'], operation['x-aigw-role']])
      .sort(),
    ADMIN_ROUTES.map(({ method, path, operationId, access }) => [method, path, operationId, access]).sort(),
  );
  assert.equal(new Set(operations.map(({ operation }) => operation['operationId'])).size, operations.length);
  for (const { path, operation } of operations) {
    const named = (operation['parameters'] as { name: string; in: string }[])
      .filter((parameter) => parameter.in === 'path')
      .map(({ name }) => `{${name}}`);
    assert.deepEqual(
      named,
      [...path.matchAll(/\{\w+\}/g)].map(([whole]) => whole),
      path,
    );
    assert.deepEqual(operation['security'], operation['x-aigw-role'] === 'monitor' ? [] : [{ token: [] }]);
  }
});

test('references lead somewhere, and nothing is left of the schema library', () => {
  const document = createOpenApiDocument(ADMIN_ROUTES, '9.9.9');
  const text = JSON.stringify(document);
  for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
    assert.ok(Object.hasOwn(document.components.schemas, name ?? ''), name);
  }
  assert.doesNotMatch(text, /\$defs|\$schema|"~standard"/);
  assert.ok(Object.hasOwn(document.components.schemas, 'Key'));
});

test('parameters and bodies as clients see them', () => {
  const { paths } = createOpenApiDocument(ADMIN_ROUTES, '9.9.9');
  const parameters = paths['/api/v1/usage']?.['get']?.['parameters'] as {
    name: string;
    schema: object;
    explode?: boolean;
  }[];
  const find = (name: string) => parameters.find((parameter) => parameter.name === name);
  assert.deepEqual([find('by')?.explode, find('team')?.explode], [false, true]);
  assert.equal((find('limit')?.schema as { maximum?: number } | undefined)?.maximum, 1000);
  const body = paths['/api/v1/keys']?.['post']?.['requestBody'] as {
    content: Record<string, { schema: { required: string[]; additionalProperties: boolean } }>;
  };
  const schema = body.content['application/json']?.schema;
  assert.deepEqual([schema?.required, schema?.additionalProperties], [['name', 'organization'], false]);
  const put = paths['/api/v1/config']?.['put'] as { parameters: unknown[]; requestBody: { content: object } };
  assert.deepEqual(Object.keys(put.requestBody.content), ['application/yaml', 'application/json']);
  assert.equal(put.parameters.length, 1);
});

test('the document is served to whoever may read', async (context) => {
  const { call } = await startAdmin(context, { port: createPort() });
  const { status, body } = await call({ path: '/api/v1/openapi.json', headers: bearer('viewer') });
  assert.deepEqual([status, body.openapi, body.info.version], [200, '3.1.0', '1.2.3']);
  assert.equal((await call({ path: '/api/v1/openapi.json' })).status, 401);
});
