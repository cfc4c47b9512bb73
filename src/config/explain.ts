import type { z } from 'zod';
import { isObject } from '../json/types.ts';
import type { ConfigPath, UnplacedIssue } from './issue.ts';
import { nearest } from './nearest.ts';
import { describeAt, expectationAt, fieldsAt } from './schema-walk.ts';

type ZodIssue = z.core.$ZodIssue;

/** What an explanation looks things up in. */
interface Subject {
  schema: z.core.$ZodType;
  /** The document's root value. */
  value: unknown;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

/** Turns what the schema library found into issues that say what to write. */
export function explainIssues(issues: readonly ZodIssue[], subject: Subject): UnplacedIssue[] {
  const explained = issues.flatMap((issue) => explain(issue, [], subject));
  // A mistyped name of a required field is one mistake, not two.
  const meant = new Set<string>();
  for (const { path, suggestion } of explained) {
    if (suggestion !== undefined) meant.add(JSON.stringify([...path.slice(0, -1), suggestion]));
  }
  return explained
    .filter((issue) => !(issue.missing === true && meant.has(JSON.stringify(issue.path))))
    .map(({ suggestion: _suggestion, missing: _missing, ...issue }) => issue);
}

type Explained = UnplacedIssue & { suggestion?: string; missing?: boolean };

function explain(issue: ZodIssue, base: ConfigPath, subject: Subject): Explained[] {
  const path = [...base, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownField([...path, key], subject));
    case 'invalid_type':
      return [wrongType(path, [issue.expected], subject)];
    case 'invalid_value':
      return [wrongValue(path, issue.values, subject)];
    case 'invalid_union':
      return explainUnion(issue, path, subject);
    case 'invalid_key':
      return issue.issues.map((inner) => ({
        path,
        part: 'key',
        severity: 'error',
        message: `the name ${JSON.stringify(path.at(-1))} ${inner.message}`,
      }));
    default:
      return [{ path, message: issue.message, severity: 'error' }];
  }
}

/** Words for the checks of the schema library that carry none of their own in the model. */
export const schemaMessages: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'too_small':
      return `must ${atLeast(issue.origin, issue.inclusive === false ? 'more than' : 'at least', Number(issue.minimum))}`;
    case 'too_big':
      return `must ${atLeast(issue.origin, issue.inclusive === false ? 'less than' : 'at most', Number(issue.maximum))}`;
    case 'invalid_format':
      if (issue.format === 'starts_with') return `must start with "${issue['prefix']}"`;
      return `must have the form ${issue.format}`;
    default:
      return undefined;
  }
};

function atLeast(origin: string, bound: string, limit: number): string {
  if (origin === 'string') return limit === 1 ? 'not be empty' : `have ${bound} ${limit} characters`;
  if (origin === 'array' || origin === 'set' || origin === 'map') {
    return `have ${bound} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  }
  return `be ${bound} ${limit}`;
}

function unknownField(path: ConfigPath, subject: Subject): Explained {
  const name = String(path.at(-1));
  const known = fieldsAt(subject.schema, path.slice(0, -1), subject.value);
  const suggestion = nearest(name, known);
  const fix = suggestion === undefined ? `known here: ${known.join(', ')}` : `did you mean \`${suggestion}\`?`;
  return {
    path,
    part: 'key',
    severity: 'error',
    message: 'unknown field',
    fix,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

function wrongType(path: ConfigPath, expected: readonly string[], subject: Subject): Explained {
  const value = valueAt(subject.value, path);
  if (value === undefined) {
    const about = describeAt(subject.schema, path, subject.value);
    return {
      path,
      severity: 'error',
      message: `is required${about === undefined ? '' : ` (${about})`}`,
      missing: true,
    };
  }
  const wanted = [...new Set(expected.map((type) => KINDS[type] ?? type))].join(' or ');
  if (value === null) {
    return { path, severity: 'error', message: 'is empty', fix: `write ${wanted}, or remove the field` };
  }
  const secret = expectationAt(subject.schema, path).secret;
  const fix = mend(value, expected, secret);
  return {
    path,
    severity: 'error',
    message: `must be ${wanted}, not ${secret ? kindOf(value) : show(value)}`,
    ...(fix === undefined ? {} : { fix }),
  };
}

function mend(value: unknown, expected: readonly string[], secret: boolean): string | undefined {
  if (expected.includes('string') && (typeof value === 'number' || typeof value === 'boolean')) {
    return secret ? 'write it in quotes' : `write it in quotes: "${value}"`;
  }
  if (expected.includes('array')) return 'write each entry on its own line after "- "';
  return undefined;
}

function wrongValue(path: ConfigPath, values: readonly unknown[], subject: Subject): Explained {
  const value = valueAt(subject.value, path);
  const known = values.map(String);
  const choice = known.length === 1 ? known[0] : `one of ${known.join(', ')}`;
  if (value === undefined) {
    return { path, severity: 'error', message: 'is required', fix: `write ${choice}`, missing: true };
  }
  const suggestion = typeof value === 'string' ? nearest(value, known) : undefined;
  if (suggestion === undefined) return { path, severity: 'error', message: `must be ${choice}, not ${show(value)}` };
  return { path, severity: 'error', message: `${show(value)} is unknown`, fix: `did you mean \`${suggestion}\`?` };
}

function explainUnion(issue: z.core.$ZodIssueInvalidUnion, path: ConfigPath, subject: Subject): Explained[] {
  if (issue.errors.length === 0) return [wrongValue(path, (issue as { options?: unknown[] }).options ?? [], subject)];
  const fitting = issue.errors.filter(fits);
  const first = fitting[0];
  if (first === undefined) {
    const expected = issue.errors.flatMap(expectedTypes);
    return [wrongType(path, expected, subject)];
  }
  if (fitting.length > 1) {
    const forms = explainForms(path, subject);
    if (forms !== undefined) return forms;
  }
  const best = fitting.reduce((a, b) => (b.length < a.length ? b : a), first);
  return best.flatMap((inner) => explain(inner, path, subject));
}

/** A map that is none of several forms, each with a field of its own, such as `exact` or `prefix`. */
function explainForms(path: ConfigPath, subject: Subject): Explained[] | undefined {
  const value = valueAt(subject.value, path);
  if (!isObject(value)) return undefined;
  const known = fieldsAt(subject.schema, path, subject.value);
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  if (unknown.length > 0) return unknown.map((key) => unknownField([...path, key], subject));
  const present = Object.keys(value);
  if (present.length === 0) {
    return [{ path, severity: 'error', message: 'is empty', fix: `write one of ${known.join(', ')}` }];
  }
  const [kept, ...others] = present;
  if (others.length === 0) return undefined;
  return others.map((key) => ({
    path: [...path, key],
    part: 'key',
    severity: 'error',
    message: `cannot stand beside \`${kept}\``,
    fix: 'keep one of them',
  }));
}

/** Whether a value has at least the right kind for a branch that refused it. */
function fits(branch: readonly ZodIssue[]): boolean {
  return branch.every((issue) => {
    if (issue.path.length > 0) return true;
    if (issue.code === 'invalid_union') return issue.errors.some(fits);
    return issue.code !== 'invalid_type' && issue.code !== 'invalid_value';
  });
}

function expectedTypes(branch: readonly ZodIssue[]): string[] {
  return branch.flatMap((issue) => {
    if (issue.path.length > 0) return [];
    if (issue.code === 'invalid_type') return [issue.expected];
    if (issue.code === 'invalid_value') return issue.values.map(String);
    return issue.code === 'invalid_union' ? issue.errors.flatMap(expectedTypes) : [];
  });
}

/** What stands at `path` below `root`. */
export function valueAt(root: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (parent, step) => (typeof parent === 'object' && parent !== null ? Reflect.get(parent, step) : undefined),
    root,
  );
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'a map';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' ? kindOf(value) : String(value);
}
