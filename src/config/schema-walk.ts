import type { z } from 'zod';
import { isObject } from '../json/types.ts';
import type { ScalarExpectation } from './interpolate.ts';
import type { ConfigPath } from './issue.ts';
import { secret } from './model-credentials.ts';

type Schema = z.core.$ZodType;

/** One thing a schema takes, with wrappers and unions taken apart. */
export type Shape =
  | { kind: 'object'; fields: Readonly<Record<string, Schema>> }
  | { kind: 'record'; value: Schema }
  | { kind: 'list'; item: Schema }
  | { kind: 'leaf'; type: 'text' | 'other'; literals?: readonly unknown[]; secret: boolean };

/** All that `schema` takes. */
export function shapesOf(schema: Schema): Shape[] {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  // `describe` copies a schema but keeps its definition.
  if (def === secret._zod.def) return [{ kind: 'leaf', type: 'text', secret: true }];
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return shapesOf(def.innerType);
    case 'pipe':
      return shapesOf(def.in);
    case 'lazy':
      return shapesOf(def.getter());
    case 'union':
      return def.options.flatMap(shapesOf);
    case 'object':
      return [{ kind: 'object', fields: def.shape }];
    case 'record':
      return [{ kind: 'record', value: def.valueType }];
    case 'array':
      return [{ kind: 'list', item: def.element }];
    case 'enum':
      return [{ kind: 'leaf', type: 'text', literals: Object.values(def.entries), secret: false }];
    case 'literal':
      return def.values.map((value) => ({
        kind: 'leaf',
        type: typeof value === 'string' ? 'text' : 'other',
        literals: [value],
        secret: false,
      }));
    default:
      return [{ kind: 'leaf', type: def.type === 'string' ? 'text' : 'other', secret: false }];
  }
}

/**
 * The schemas that may govern what stands at `path`. With `value`, the document's root, branches of a union
 * whose fixed fields (such as `type: aws`) contradict it are left out.
 */
export function schemasAt(root: Schema, path: ConfigPath, value?: unknown): Schema[] {
  let schemas = [root];
  let here = value;
  for (const step of path) {
    schemas = schemas.flatMap((schema) => shapesOf(schema).flatMap((shape) => childSchemas(shape, step, here)));
    here = Array.isArray(here) ? here[Number(step)] : isObject(here) ? here[step] : undefined;
  }
  return schemas;
}

function childSchemas(shape: Shape, step: string | number, value: unknown): Schema[] {
  switch (shape.kind) {
    case 'object': {
      const field = Object.hasOwn(shape.fields, step) ? shape.fields[step] : undefined;
      return field === undefined || contradicts(shape.fields, value) ? [] : [field];
    }
    case 'record':
      return [shape.value];
    case 'list':
      return typeof step === 'number' ? [shape.item] : [];
    case 'leaf':
      return [];
    default:
      return shape satisfies never;
  }
}

function contradicts(fields: Readonly<Record<string, Schema>>, value: unknown): boolean {
  if (!isObject(value)) return false;
  return Object.entries(fields).some(([name, schema]) => {
    if (!Object.hasOwn(value, name) || (schema as z.core.$ZodTypes)._zod.def.type !== 'literal') return false;
    return shapesOf(schema).every((shape) => shape.kind !== 'leaf' || !shape.literals?.includes(value[name]));
  });
}

/** Names of the fields a map at `path` may have; empty where any name goes. */
export function fieldsAt(root: Schema, path: ConfigPath, value: unknown): string[] {
  const here = path.reduce<unknown>((parent, step) => (parent as Record<string | number, unknown>)?.[step], value);
  const shapes = schemasAt(root, path, value)
    .flatMap(shapesOf)
    .filter((shape) => shape.kind === 'object');
  const fitting = shapes.filter((shape) => !contradicts(shape.fields, here));
  return [...new Set((fitting.length > 0 ? fitting : shapes).flatMap((shape) => Object.keys(shape.fields)))];
}

/** What the model says about the field at `path`. */
export function describeAt(root: Schema, path: ConfigPath, value: unknown): string | undefined {
  for (const schema of schemasAt(root, path, value)) {
    const text = descriptionOf(schema);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** What the model says about a schema, or about the one it wraps. */
export function descriptionOf(schema: Schema): string | undefined {
  const own = (schema as z.ZodType).description;
  if (own !== undefined) return own;
  const def = (schema as z.core.$ZodTypes)._zod.def;
  return 'innerType' in def ? descriptionOf(def.innerType) : undefined;
}

/** What kinds of scalars go at `path`. */
export function expectationAt(root: Schema, path: ConfigPath): ScalarExpectation {
  const leaves = schemasAt(root, path)
    .flatMap(shapesOf)
    .filter((shape) => shape.kind === 'leaf');
  if (leaves.length === 0) return { text: true, other: true, secret: false };
  return {
    text: leaves.some((leaf) => leaf.type === 'text'),
    other: leaves.some((leaf) => leaf.type === 'other'),
    secret: leaves.some((leaf) => leaf.secret),
  };
}
