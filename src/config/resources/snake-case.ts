import type { z } from 'zod';
import { isObject } from '../../json/types.ts';
import type { ConfigPath } from '../issue.ts';
import { type Shape, shapesOf } from '../schema-walk.ts';

type Schema = z.core.$ZodType;

/** A value in the model's spelling, and the way back for paths. */
export interface SnakeCased {
  value: unknown;
  /** The path in the authored value that became `path`; the nearest parent's where there is none. */
  authoredPath(path: ConfigPath): ConfigPath;
}

/** `maxTokensField` as `max_tokens_field`. */
export function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `max_tokens_field` as `maxTokensField`. */
export function toCamelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}

/** Renames the fields of a camelCase value to the model's; keys of records (headers, paths) stay as they are. */
export function snakeCaseFields(value: unknown, schema: Schema): SnakeCased {
  const origins = new Map<string, ConfigPath>();

  const convert = (here: unknown, schemas: readonly Schema[], place: { from: ConfigPath; to: ConfigPath }): unknown => {
    origins.set(JSON.stringify(place.to), place.from);
    const shapes = schemas.flatMap(shapesOf);
    if (Array.isArray(here)) {
      const items = shapes.flatMap((shape) => (shape.kind === 'list' ? [shape.item] : []));
      return here.map((item, index) =>
        convert(item, items, { from: [...place.from, index], to: [...place.to, index] }),
      );
    }
    if (!isObject(here)) return here;
    const isRecord =
      !shapes.some((shape) => shape.kind === 'object') && shapes.some((shape) => shape.kind === 'record');
    return Object.fromEntries(
      Object.entries(here).map(([key, field]) => {
        const name = isRecord ? key : toSnakeCase(key);
        const next = { from: [...place.from, key], to: [...place.to, name] };
        return [name, convert(field, childSchemas(shapes, name), next)];
      }),
    );
  };

  const converted = convert(value, [schema], { from: [], to: [] });
  return {
    value: converted,
    authoredPath(path) {
      for (let length = path.length; length > 0; length--) {
        const origin = origins.get(JSON.stringify(path.slice(0, length)));
        if (origin !== undefined) return origin;
      }
      return [];
    },
  };
}

function childSchemas(shapes: readonly Shape[], name: string): Schema[] {
  return shapes.flatMap((shape) => {
    if (shape.kind === 'record') return [shape.value];
    const field = shape.kind === 'object' && Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    return field === undefined ? [] : [field];
  });
}
