import { nearest } from '../nearest.ts';
import { decodeBase64 } from './base64.ts';
import type { KindBody } from './kinds.ts';
import type { Report } from './report.ts';
import type { Resource, ResourceHead, ResourcePath } from './resource.ts';
import { followReference, type ResourceSet } from './resource-set.ts';
import type { SecretReference } from './schema-ai-security.ts';

/** Annotation that fills a key of a Secret from an environment variable. */
const ENV_ANNOTATION = 'substitution.aigw.run/env/';
/** Annotation that fills a key of a Secret from a file. */
const FILE_ANNOTATION = 'substitution.aigw.run/file/';

/** What Secrets are filled in from. */
export interface SecretSources {
  env: Readonly<Record<string, string | undefined>>;
  /** Reads a file as text; throws when it cannot. */
  readText(path: string): string;
  homeDirectory: string;
}

/** A value of a Secret. */
export type SecretValue =
  | { found: true; text: string }
  /** Named in the configuration and not there on this machine; `file` is where it is looked for. */
  | { found: false; reason: string; file?: string };

/** A reference to one value of a Secret. */
export interface SecretKeyReference {
  reference: SecretReference;
  key: string;
  from: ResourceHead;
  /** Where the reference stands in `from`. */
  path: ResourcePath;
}

/** What reading Secrets needs. */
export interface SecretContext {
  set: ResourceSet;
  report: Report;
  sources: SecretSources;
}

/**
 * The value that a reference names. A Secret or key that is not there is an error, and undefined is returned;
 * a value that this machine does not have (variable not set, file not there, empty) is a warning, or an error where
 * it is `required`.
 */
export function readSecret(
  wanted: SecretKeyReference,
  context: SecretContext,
  { required = false }: { required?: boolean } = {},
): SecretValue | undefined {
  const { key, from, path } = wanted;
  const { report } = context;
  const secret = followSecret(wanted, context);
  if (secret === undefined) return undefined;
  const value = readValue(secret, key, context);
  if (value === undefined) {
    const keys = keysOf(secret);
    const suggestion = nearest(key, keys) ?? (keys.length === 1 ? keys[0] : undefined);
    report.error(from, path, `Secret ${secret.namespace}/${secret.name} has no key ${key}`, {
      fix: suggestion === undefined ? `add the key ${key}` : `rename its key ${suggestion} to ${key}`,
    });
  } else if (!value.found) {
    const name = `Secret ${secret.namespace}/${secret.name}, key ${key}`;
    if (required) report.error(from, path, `${name}: ${value.reason}`);
    else report.warning(from, path, `${name}: ${value.reason}; requests to the targets of this policy are refused`);
  }
  return value;
}

/** Every value of a Secret by its key; undefined when the Secret is not there, which is reported as for one value. */
export function readWholeSecret(
  wanted: Omit<SecretKeyReference, 'key'>,
  context: SecretContext,
): Map<string, SecretValue> | undefined {
  const secret = followSecret(wanted, context);
  if (secret === undefined) return undefined;
  const values = new Map<string, SecretValue>();
  for (const key of keysOf(secret)) {
    const value = readValue(secret, key, context);
    if (value !== undefined) values.set(key, value);
  }
  return values;
}

function followSecret(
  { reference, from, path }: Omit<SecretKeyReference, 'key'>,
  { set, report }: SecretContext,
): SecretResource | undefined {
  if ((reference.group ?? '') !== '' || (reference.kind ?? 'Secret') !== 'Secret') {
    report.error(from, path, 'only a Secret can be referred to', {
      fix: 'write kind: Secret, or leave group and kind out',
    });
    return undefined;
  }
  const { name, namespace } = reference;
  return followReference(set, { kind: 'Secret', name, namespace }, { report, from, path });
}

type SecretResource = Resource<KindBody<'Secret'>>;

function keysOf(secret: SecretResource): string[] {
  const annotated = Object.keys(secret.annotations).flatMap((name) =>
    [ENV_ANNOTATION, FILE_ANNOTATION].flatMap((prefix) => (name.startsWith(prefix) ? name.slice(prefix.length) : [])),
  );
  return [...annotated, ...Object.keys(secret.body.stringData ?? {}), ...Object.keys(secret.body.data ?? {})];
}

function readValue(secret: SecretResource, key: string, context: SecretContext): SecretValue | undefined {
  const variable = own(secret.annotations, `${ENV_ANNOTATION}${key}`);
  if (variable !== undefined) return fromEnvironment(variable, context.sources);
  const file = own(secret.annotations, `${FILE_ANNOTATION}${key}`);
  if (file !== undefined) return fromFile(file, context.sources);
  const text = own(secret.body.stringData ?? {}, key);
  if (text !== undefined) return filled(String(text), 'is empty');
  const encoded = own(secret.body.data ?? {}, key);
  if (encoded === undefined) return undefined;
  const decoded = decodeBase64(String(encoded));
  if (decoded !== undefined) return filled(decoded, 'is empty');
  context.report.error(secret, ['data', key], 'is not base64', { fix: 'write plain text under stringData' });
  return { found: false, reason: 'is not base64' };
}

function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function filled(text: string, reason: string): SecretValue {
  return text.trim() === '' ? { found: false, reason } : { found: true, text };
}

function fromEnvironment(variable: string, sources: SecretSources): SecretValue {
  const value = own(sources.env, variable) ?? '';
  return filled(value, `the environment variable ${variable} is not set`);
}

function fromFile(written: string, sources: SecretSources): SecretValue {
  const file = written.startsWith('~/') ? `${sources.homeDirectory}${written.slice(1)}` : written;
  try {
    const value = filled(sources.readText(file), `the file ${file} is empty`);
    return value.found ? value : { ...value, file };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { found: false, reason: `the file ${file} cannot be read (${reason})`, file };
  }
}
