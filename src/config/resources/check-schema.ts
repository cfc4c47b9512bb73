import { z } from 'zod';
import { valueAt } from '../explain.ts';
import type { UnplacedIssue } from '../issue.ts';
import { nearest } from '../nearest.ts';
import { fieldsAt } from '../schema-walk.ts';
import type { ResourcePath } from './resource.ts';
import { ruleMessage } from './schema-parts.ts';

/** What checking a document against its kind's schema gives. */
export interface SchemaCheck<Body> {
  /** The document without unknown fields; undefined when there is an error. */
  body: Body | undefined;
  issues: UnplacedIssue[];
}

/**
 * Checks a document. Unknown fields are warnings that name the nearest known one, wrong types, missing fields
 * and broken rules are errors, fields that the schema marks as not acted on are warnings.
 */
export function checkSchema<Schema extends z.ZodType>(schema: Schema, value: unknown): SchemaCheck<z.output<Schema>> {
  const first = schema.safeParse(value);
  if (first.success) return { body: first.data, issues: ignoredFields(schema, first.data, []) };
  const unknown = first.error.issues.filter((issue) => issue.code === 'unrecognized_keys');
  const issues = unknown.flatMap((issue) => unknownFields(schema, issue, value));
  // An object with unknown fields is not checked against its rules: look again without them.
  const known = unknown.length === 0 ? value : withoutFields(value, issues);
  const second = unknown.length === 0 ? first : schema.safeParse(known);
  if (second.success) {
    return { body: second.data, issues: [...issues, ...ignoredFields(schema, second.data, [])] };
  }
  for (const issue of second.error.issues) issues.push(describeIssue(issue, known));
  return { body: undefined, issues };
}

type UnknownKeys = z.core.$ZodIssueUnrecognizedKeys;

function unknownFields(schema: z.ZodType, issue: UnknownKeys, root: unknown): UnplacedIssue[] {
  const path = stepsOf(issue.path);
  const known = fieldsAt(schema, path, root);
  return issue.keys.map((key) => {
    const suggestion = nearest(key, known);
    return {
      path: [...path, key],
      message: 'is not a field of this kind: ignored',
      fix: suggestion === undefined ? `known here: ${known.join(', ')}` : `did you mean ${suggestion}?`,
      severity: 'warning',
      part: 'key',
    };
  });
}

function withoutFields(value: unknown, unknown: readonly UnplacedIssue[]): unknown {
  const copy = structuredClone(value);
  for (const { path } of unknown) {
    const parent = valueAt(copy, path.slice(0, -1));
    if (typeof parent === 'object' && parent !== null) Reflect.deleteProperty(parent, path.at(-1) ?? '');
  }
  return copy;
}

/** A schema without the wrappers for absent values. */
function unwrapSchema(schema: z.ZodType): z.ZodType {
  let inner: unknown = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) inner = inner.unwrap();
  return inner as z.ZodType;
}

function ignoredFields(schema: z.ZodType, value: unknown, path: ResourcePath): UnplacedIssue[] {
  if (value === undefined || value === null) return [];
  const note = schema.meta()?.['ignored'];
  if (typeof note === 'string') return [{ path, message: note, severity: 'warning', part: 'key' }];
  const inner = unwrapSchema(schema);
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    return value.flatMap((item, index) => ignoredFields(inner.element as z.ZodType, item, [...path, index]));
  }
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape).flatMap(([key, field]) =>
    ignoredFields(field as z.ZodType, (value as Record<string, unknown>)[key], [...path, key]),
  );
}

function stepsOf(path: readonly PropertyKey[]): (string | number)[] {
  return path.map((step) => (typeof step === 'symbol' ? String(step) : step));
}

/** An error of a schema in words of the resource's author. */
export function describeIssue(issue: z.core.$ZodIssue, root: unknown): UnplacedIssue {
  const path = stepsOf(issue.path);
  const value = valueAt(root, path);
  return { path, severity: 'error', ...describe(issue, value) };
}

function describe(issue: z.core.$ZodIssue, value: unknown): { message: string; fix?: string } {
  if (value === undefined && issue.code !== 'custom') return { message: 'is required' };
  switch (issue.code) {
    case 'invalid_type':
      return { message: `must be ${withArticle(issue.expected)}, not ${typeName(value)}`, ...quoteHint(issue, value) };
    case 'invalid_union':
      return { message: `cannot be ${typeName(value)}` };
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      const suggestion = typeof value === 'string' ? nearest(value, allowed) : undefined;
      const message = ruleMessage(`must be one of ${allowed.join(', ')}`);
      return suggestion === undefined ? { message } : { message, fix: `did you mean ${suggestion}?` };
    }
    case 'too_big':
      if (issue.origin === 'array') return { message: ruleMessage(`must have at most ${issue.maximum} items`) };
      if (issue.origin === 'string') return { message: ruleMessage(`must have at most ${issue.maximum} characters`) };
      return { message: ruleMessage(`must be at most ${issue.maximum}`) };
    case 'too_small':
      if (issue.origin === 'array') return { message: ruleMessage(`must have at least ${issue.minimum} items`) };
      if (issue.origin === 'string') return { message: ruleMessage('must not be empty') };
      return { message: ruleMessage(`must be at least ${issue.minimum}`) };
    default:
      return { message: issue.message };
  }
}

const TYPE_NAMES: Record<string, string> = { string: 'text', int: 'integer', record: 'object' };

function withArticle(expected: string): string {
  const name = TYPE_NAMES[expected] ?? expected;
  if (name === 'text') return 'text';
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
}

function typeName(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'an array';
  return withArticle(typeof value);
}

function quoteHint(issue: z.core.$ZodIssueInvalidType, value: unknown): { fix?: string } {
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  return issue.expected === 'string' && isScalar ? { fix: 'write it in quotes' } : {};
}
