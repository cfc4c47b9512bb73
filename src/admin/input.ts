import type { z } from 'zod';
import { explainIssues, schemaMessages } from '../config/explain.ts';
import { formatPath } from '../config/issue.ts';
import { AdminError, type InputIssue } from './admin-error.ts';

/** How many faults of one request are told. */
const MAX_ISSUES = 20;
const MAX_MESSAGE = 300;

/** The value as its schema makes it, or AdminError 400 that names each field at fault. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value, { error: schemaMessages });
  if (result.success) return result.data;
  const issues = explainIssues(result.error.issues, { schema, value })
    .slice(0, MAX_ISSUES)
    .map(({ path, message, fix }): InputIssue => {
      const text = `${message}${fix === undefined ? '' : `; ${fix}`}`;
      return {
        param: formatPath(path),
        message: text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text,
      };
    });
  const first = issues[0] ?? { param: '', message: 'is not what is expected here' };
  throw new AdminError(400, 'invalid_request', {
    message: first.param === '' ? `The input ${first.message}` : `${first.param}: ${first.message}`,
    param: first.param,
    issues,
  });
}

/** Query parameters as plain data: a text, or a list of texts for one that is there more than once. */
export function queryFields(search: URLSearchParams): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (const name of new Set(search.keys())) {
    const values = search.getAll(name);
    fields[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return { ...fields };
}
