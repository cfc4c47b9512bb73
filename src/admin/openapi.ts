import { z } from 'zod';
import { jsonAnswer } from './answer.ts';
import { type AdminRoute, type AnswerSpec, defineRoute } from './route.ts';

/** What every refusal looks like. */
const errorSchema = z
  .strictObject({
    error: z.strictObject({
      code: z.string().describe('For programs'),
      message: z.string().describe('For people: what is wrong and how to mend it'),
      param: z.string().optional().describe('The field or parameter at fault'),
      errors: z.array(z.strictObject({ param: z.string(), message: z.string() })).optional(),
    }),
  })
  .meta({ id: 'Error' });

/** A JSON Schema, or another part of the document. */
type Json = Record<string, unknown>;

/** An OpenAPI 3.1 document, as plain data. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: Json;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: { readonly schemas: Json; readonly securitySchemes: Json };
}

/** Collects named schemas while others refer to them. */
function createSchemaWriter(): { write(schema: z.ZodType, io: 'input' | 'output'): Json; readonly named: Json } {
  const named: Json = {};
  return {
    named,
    write(schema, io) {
      const { $schema: _dialect, $defs, ...text } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
      const moved = JSON.parse(
        JSON.stringify({ text, defs: $defs ?? {} }).replaceAll('"#/$defs/', '"#/components/schemas/'),
      ) as { text: Json; defs: Json };
      for (const [name, definition] of Object.entries(moved.defs)) {
        // A schema with a transform has two sides; a name can stand for one of them.
        if (named[name] !== undefined && JSON.stringify(named[name]) !== JSON.stringify(definition)) {
          throw new Error(`two schemas are called ${name}`);
        }
        named[name] = definition;
      }
      return moved.text;
    },
  };
}

type SchemaWriter = ReturnType<typeof createSchemaWriter>;

/** Writes the document of these routes. Made from the same data that requests are answered by. */
export function createOpenApiDocument(routes: readonly AdminRoute[], version: string): OpenApiDocument {
  const writer = createSchemaWriter();
  const refusal = {
    description: 'Refused, or failed: the code says why',
    content: { 'application/json': { schema: writer.write(errorSchema, 'output') } },
  };
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const methods = paths[route.path] ?? {};
    paths[route.path] = methods;
    methods[route.method.toLowerCase()] = operation(route, writer, refusal);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'AI gateway: admin API',
      version,
      description: 'Keys, limits, budgets, usage and configuration of a running gateway.',
    },
    paths,
    components: {
      schemas: writer.named,
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A token of `admin.tokens`' } },
    },
  };
}

function operation(route: AdminRoute, writer: SchemaWriter, refusal: Json): Json {
  const responses: Json = {};
  for (const [status, answer] of Object.entries(route.answers)) responses[status] = response(answer, writer);
  responses['default'] = refusal;
  const body = requestBody(route, writer);
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.tag],
    'x-aigw-role': route.access,
    security: route.access === 'monitor' ? [] : [{ token: [] }],
    parameters: parameters(route, writer),
    ...(body === undefined ? {} : { requestBody: body }),
    responses,
  };
}

function parameters({ path, query, ifMatch }: AdminRoute, writer: SchemaWriter): Json[] {
  const found: Json[] = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  if (query !== undefined) {
    // The output side: what the text of a parameter stands for, such as a number.
    const { properties = {}, required = [] } = writer.write(query, 'output') as {
      properties?: Record<string, Json>;
      required?: string[];
    };
    for (const [name, schema] of Object.entries(properties)) {
      const list = schema['type'] === 'array';
      found.push({
        name,
        in: 'query',
        required: required.includes(name),
        schema,
        // `by` is one text with commas, the other lists are repeated parameters.
        ...(list ? { style: 'form', explode: name !== 'by' } : {}),
      });
    }
  }
  if (ifMatch !== undefined) {
    found.push({
      name: 'if-match',
      in: 'header',
      required: ifMatch === 'required',
      description: 'The `etag` that the change is based on',
      schema: { type: 'string' },
    });
  }
  return found;
}

function requestBody({ body, textBody }: AdminRoute, writer: SchemaWriter): Json | undefined {
  if (body !== undefined) {
    return { required: true, content: { 'application/json': { schema: writer.write(body, 'input') } } };
  }
  if (textBody === undefined) return undefined;
  return {
    required: true,
    content: Object.fromEntries(textBody.map((type) => [type, { schema: {} }])),
  };
}

function response(
  { description, schema, contentType = 'application/json', etag }: AnswerSpec,
  writer: SchemaWriter,
): Json {
  return {
    description,
    ...(etag === true ? { headers: { etag: { schema: { type: 'string' } } } } : {}),
    content: { [contentType]: { schema: schema === undefined ? { type: 'string' } : writer.write(schema, 'output') } },
  };
}

/** The route that shows the document of all routes; `routes` is read when it is asked. */
export function openApiRoute(routes: () => readonly AdminRoute[]): AdminRoute {
  return defineRoute({
    method: 'GET',
    path: '/api/v1/openapi.json',
    access: 'viewer',
    operationId: 'getOpenApi',
    summary: 'This document',
    tag: 'monitoring',
    answers: { 200: { description: 'An OpenAPI 3.1 document', schema: z.looseObject({}) } },
    handle: (port) => jsonAnswer(200, createOpenApiDocument(routes(), port.version)),
  });
}
