import { z } from 'zod';
import { gatewayConfig } from './model.ts';

/** Where editors find the schema. */
export const SCHEMA_ID = 'https://aigw.dev/schema/aigw.schema.json';

const VARIABLE = { type: 'string', pattern: '^\\$\\{.+\\}$' } as const;

/**
 * The gateway file as JSON Schema (draft 2020-12), with a line end: the text of `schema/aigw.schema.json`.
 * Beyond the model it lets `${VAR}` stand for a number or a boolean, and `$schema` at the top.
 */
export function gatewaySchemaText(): string {
  const { $schema, properties, ...rest } = z.toJSONSchema(gatewayConfig, {
    io: 'input',
    reused: 'inline',
    override({ jsonSchema }) {
      const { type, minimum, maximum, exclusiveMinimum } = jsonSchema;
      if (jsonSchema.const !== undefined) return;
      if (type !== 'number' && type !== 'integer' && type !== 'boolean') return;
      const plain = Object.fromEntries(
        Object.entries({ type, minimum, maximum, exclusiveMinimum }).filter(([, value]) => value !== undefined),
      );
      delete jsonSchema.type;
      delete jsonSchema.minimum;
      delete jsonSchema.maximum;
      delete jsonSchema.exclusiveMinimum;
      jsonSchema.anyOf = [plain, VARIABLE];
    },
  });
  const schema = {
    $schema,
    $id: SCHEMA_ID,
    title: 'AI gateway configuration (aigw.yaml)',
    ...rest,
    properties: { $schema: { type: 'string', description: 'This schema, for editors; not read' }, ...properties },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
