import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import type { ScalarReader, ScalarReading, ScalarText } from './yaml-documents.ts';

/** What text values are filled in from. */
export interface InterpolationContext {
  env: Readonly<Record<string, string | undefined>>;
  /** Reads a file of a `file:` reference as text; throws when it cannot. */
  readText(path: string): string;
  homeDirectory: string;
}

/** What the model expects at a place. */
export interface ScalarExpectation {
  /** Text is taken. */
  text: boolean;
  /** A number or a boolean is taken. */
  other: boolean;
  /** A secret: the only place where `file:` references are followed. */
  secret: boolean;
}

/** Expectation where no model tells: quoted is text, unquoted is what YAML makes of it. */
export const ANY_SCALAR: ScalarExpectation = { text: true, other: true, secret: false };
/** Expectation where only text makes sense. */
export const TEXT_SCALAR: ScalarExpectation = { text: true, other: false, secret: false };

/** Text with its variables filled in. */
export interface Interpolated {
  text: string;
  /** Whether the whole text is one `${...}`. */
  whole: boolean;
  problems: { message: string; fix?: string; at: string }[];
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FORMS = 'write ${NAME}, ${NAME:-default}, or $${ for a literal ${';
const FILE_SCHEME = 'file:';

/**
 * Fills in `${NAME}` and, for unset or empty variables, `${NAME:-default}` and `${NAME:=default}` (both mean
 * the same here; a default may hold references itself). `$${` stands for a literal `${`.
 */
export function interpolate(text: string, env: Readonly<Record<string, string | undefined>>): Interpolated {
  const problems: Interpolated['problems'] = [];
  let result = '';
  let whole = false;
  let position = 0;
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', position)) {
    if (start > position && text[start - 1] === '$') {
      result += `${text.slice(position, start - 1)}\${`;
      position = start + 2;
      continue;
    }
    result += text.slice(position, start);
    const end = closingBrace(text, start + 2);
    if (end < 0) {
      problems.push({ message: 'a ${ is not closed', fix: FORMS, at: text.slice(start) });
      return { text: '', whole: false, problems };
    }
    whole = start === 0 && end === text.length - 1;
    result += expand(text.slice(start, end + 1), env, problems);
    position = end + 1;
  }
  return { text: result + text.slice(position), whole, problems };
}

/** One reference, with its `${` and `}`. */
function expand(
  reference: string,
  env: Readonly<Record<string, string | undefined>>,
  problems: Interpolated['problems'],
): string {
  const inner = reference.slice(2, -1);
  const operator = inner.search(/:[-=]/);
  const name = operator < 0 ? inner : inner.slice(0, operator);
  if (!NAME.test(name)) {
    problems.push({ message: `${reference} is not a variable reference`, fix: FORMS, at: reference });
    return '';
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (operator >= 0 && (value === undefined || value === '')) {
    const fallback = interpolate(inner.slice(operator + 2), env);
    problems.push(...fallback.problems);
    return fallback.text;
  }
  if (value !== undefined) return value;
  problems.push({
    message: `the environment variable ${name} is not set`,
    fix: `set it, or give a default with \${${name}:-default}`,
    at: reference,
  });
  return '';
}

function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let index = from; index < text.length; index++) {
    if (text.startsWith('${', index)) depth++;
    else if (text[index] === '}' && --depth === 0) return index;
  }
  return -1;
}

/**
 * A reader that fills in variables in every text value and, where a secret is expected, replaces
 * `file:/path` by that file's text without its last line end. A relative path starts at `file`'s folder, `~/`
 * at the home directory. A value that is one reference as a whole becomes a number or a boolean where the
 * model wants one.
 */
export function interpolatingReader(
  file: string,
  context: InterpolationContext,
  expectationAt: (scalar: ScalarText) => ScalarExpectation,
): ScalarReader {
  return (scalar) => {
    const isReference = scalar.text.startsWith(FILE_SCHEME);
    if (!isReference && !scalar.text.includes('${')) return { value: scalar.text, problems: [] };
    const expected = expectationAt(scalar);
    const { text, whole, problems } = interpolate(scalar.text, context.env);
    if (problems.length > 0) return { value: text, problems };
    // Only what is written in the configuration is a reference: a variable's value cannot name a file.
    if (isReference && expected.secret) return readReference(text, file, context);
    if (!whole || !expected.other || (expected.text && !scalar.plain)) return { value: text, problems };
    return { value: asYamlScalar(text), problems };
  };
}

/** What YAML makes of a bare word; text stays text. */
function asYamlScalar(text: string): unknown {
  if (!/^[\w.+-]+$/.test(text)) return text;
  const value: unknown = parse(text, { schema: 'core', logLevel: 'silent' });
  return typeof value === 'number' || typeof value === 'boolean' ? value : text;
}

function readReference(reference: string, file: string, context: InterpolationContext): ScalarReading {
  const written = reference.slice(FILE_SCHEME.length).replace(/^\/\/(?=\/)/, '');
  const path = written.startsWith('~/')
    ? join(context.homeDirectory, written.slice(2))
    : isAbsolute(written)
      ? written
      : join(dirname(file), written);
  try {
    return { value: context.readText(path).replace(/\r?\n$/, ''), problems: [] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { value: '', problems: [{ message: `cannot read ${path}: ${reason}`, fix: 'mount or create the file' }] };
  }
}
