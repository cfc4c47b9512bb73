import { createHash } from 'node:crypto';
import { isObject } from '../json/types.ts';
import { type CheckOptions, checkConfig } from './check.ts';
import { ENVIRONMENT_SOURCE, readEnvironment } from './environment.ts';
import { ANY_SCALAR, type InterpolationContext, interpolatingReader, TEXT_SCALAR } from './interpolate.ts';
import {
  ConfigError,
  type ConfigIssue,
  type ConfigPlace,
  placeIssue,
  sortIssues,
  type UnplacedIssue,
} from './issue.ts';
import { type ConfigPart, mergeParts, type PlaceFinder } from './merge.ts';
import { type GatewayConfig, gatewayConfig } from './model.ts';
import { configFromResources } from './resources/load-resources.ts';
import { expectationAt } from './schema-walk.ts';
import { Secret } from './secret.ts';
import { validateDocument, validateValue } from './validate.ts';
import { parseDocuments, type SourceDocument, type UnreadDocument } from './yaml-documents.ts';

/** A text to load: a file's, or a request's. */
export interface ConfigSource {
  /** Name for messages; relative `file:` references start at its folder. */
  file: string;
  text: string;
}

/** What loading takes from the world, and what it lets pass. */
export interface LoadOptions extends InterpolationContext, CheckOptions {
  /** Puts settings from elsewhere, such as flags, over the configuration before it is checked. */
  adjust?(config: GatewayConfig): GatewayConfig;
}

/** One document that was read. */
export interface DocumentMeta {
  file: string;
  /** Line where it begins, from 1. */
  line: number;
  /** `gateway` for a gateway file, else the resource's kind. */
  kind: string;
}

/** A configuration that can be used. */
export interface LoadedConfig {
  config: GatewayConfig;
  warnings: ConfigIssue[];
  documents: DocumentMeta[];
  /** Files that were read for `file:` references and Secret annotations: a change of theirs calls for a reload. */
  referencedFiles: string[];
  /** SHA-256, in hex, over the canonical form of `config` with its secrets: equal hashes, equal configuration. */
  hash: string;
}

/**
 * Loads sources into one configuration: at most one gateway file (without `apiVersion`) and any number of
 * resources. Throws ConfigError with every error found.
 */
export function loadConfig(sources: readonly ConfigSource[], options: LoadOptions): LoadedConfig {
  const issues: ConfigIssue[] = [];
  const referenced = new Set<string>();
  const context: LoadOptions = {
    ...options,
    readText(path) {
      referenced.add(path);
      return options.readText(path);
    },
  };
  const documents = sources.flatMap(({ file, text }) => {
    const parsed = parseDocuments(file, text);
    issues.push(...parsed.issues);
    return parsed.documents;
  });
  failOnErrors(issues);

  const gateways = documents.filter((document) => !document.has('apiVersion'));
  const resources = documents.filter((document) => document.has('apiVersion'));
  for (const extra of gateways.slice(1)) issues.push(secondGateway(extra, gateways[0]));
  const gateway = gateways[0] === undefined ? undefined : gatewayPart(gateways[0], { context, issues });
  const fromResources = resources.length === 0 ? undefined : resourcesPart(resources, { context, issues });
  if (documents.length === 0) issues.push(nothingToLoad(sources));
  failOnErrors(issues);

  const merged = mergeParts(gateway, fromResources);
  const config = options.adjust?.(merged.config) ?? merged.config;
  const { insecure = false, exposedListeners = 'refuse' } = options;
  const checked = checkConfig(config, {
    insecure,
    exposedListeners: merged.listenersFromResources ? exposedListeners : 'refuse',
  });
  issues.push(...placeAll([...merged.issues, ...checked], merged.placeOf));
  return finish(config, {
    issues,
    documents: documents.map((document) => ({
      file: document.file,
      line: document.line,
      kind: document.has('apiVersion') ? (document.field('kind') ?? '') : 'gateway',
    })),
    referencedFiles: [...referenced],
  });
}

/** The configuration for a start without files, from environment variables. Throws ConfigError. */
export function loadEnvironment(options: Pick<LoadOptions, 'env' | 'adjust'> & CheckOptions): LoadedConfig {
  const { config: input, issues } = readEnvironment(options.env);
  failOnErrors(issues);
  const place = () => ({ file: ENVIRONMENT_SOURCE, line: 0, column: 0 });
  const { config: validated, issues: found } = validateValue(input);
  issues.push(...placeAll(found, place));
  if (validated === undefined) throw new ConfigError(issues);
  const config = options.adjust?.(validated) ?? validated;
  issues.push(...placeAll(checkConfig(config, options), place));
  return finish(config, { issues, documents: [], referencedFiles: [] });
}

interface PartContext {
  context: LoadOptions;
  issues: ConfigIssue[];
}

/** Undefined when it has errors, which are then among the issues. */
function gatewayPart(unread: UnreadDocument, { context, issues }: PartContext): ConfigPart | undefined {
  if (unread.has('kind')) {
    issues.push(missingApiVersion(unread));
    return undefined;
  }
  const reader = interpolatingReader(unread.file, context, ({ path }) => expectationAt(gatewayConfig, path));
  const { document: read, issues: unreadable } = unread.read(reader);
  const document = withoutSchemaLink(read);
  const { config, issues: invalid } = validateDocument(document);
  // A value that could not be read is wrong once, not twice.
  const consequent = (issue: ConfigIssue) => unreadable.some((cause) => isWithin(issue.path, cause.path));
  issues.push(...unreadable, ...invalid.filter((issue) => !consequent(issue)));
  if (config === undefined) return undefined;
  return {
    config,
    given: new Set(isObject(document.value) ? Object.keys(document.value) : []),
    placeOf: (path, part) => ({ file: document.file, ...document.locate(path, part) }),
  };
}

function isWithin(path: string, parent: string): boolean {
  return path === parent || parent === '' || (path.startsWith(parent) && /^[.[]/.test(path.slice(parent.length)));
}

/** A JSON file names its schema for editors in a field of its own. */
function withoutSchemaLink(document: SourceDocument): SourceDocument {
  if (!isObject(document.value)) return document;
  const { $schema, ...value } = document.value;
  return typeof $schema === 'string' ? { ...document, value } : document;
}

function resourcesPart(unread: readonly UnreadDocument[], { context, issues }: PartContext): ConfigPart | undefined {
  const documents = unread.map((resource): SourceDocument => {
    // Their values are text whatever they look like.
    const holdsText = ['Secret', 'ConfigMap'].includes(resource.field('kind') ?? '');
    const reader = interpolatingReader(resource.file, context, () => (holdsText ? TEXT_SCALAR : ANY_SCALAR));
    const { document, issues: unreadable } = resource.read(reader);
    issues.push(...unreadable);
    return document;
  });
  if (hasErrors(issues)) return undefined;
  const { env, readText, homeDirectory } = context;
  const made = configFromResources(documents, { env, readText, homeDirectory });
  issues.push(...made.issues);
  const files = new Set(documents.map((document) => document.file));
  const file = files.size === 1 ? [...files].join() : 'resources';
  const placeOf: PlaceFinder = () => ({ file, line: 0, column: 0 });
  const { config, issues: invalid } = validateValue(made.config);
  // Errors in the resources themselves explain what is wrong better than what was made of them.
  if (!hasErrors(issues)) issues.push(...placeAll(invalid, placeOf));
  return config === undefined ? undefined : { config, given: new Set(Object.keys(made.config)), placeOf };
}

function finish(
  config: GatewayConfig,
  { issues, ...rest }: Pick<LoadedConfig, 'documents' | 'referencedFiles'> & { issues: ConfigIssue[] },
): LoadedConfig {
  failOnErrors(issues);
  return { config, warnings: sortIssues(issues), ...rest, hash: hashConfig(config) };
}

function placeAll(issues: readonly UnplacedIssue[], placeOf: PlaceFinder): ConfigIssue[] {
  return issues.map((issue) => placeIssue(issue, placeOf(issue.path, issue.part)));
}

function hasErrors(issues: readonly ConfigIssue[]): boolean {
  return issues.some((issue) => issue.severity === 'error');
}

function failOnErrors(issues: readonly ConfigIssue[]): void {
  const errors = issues.filter((issue) => issue.severity === 'error');
  if (errors.length > 0) throw new ConfigError(sortIssues(errors));
}

function errorAt(place: ConfigPlace, issue: Pick<UnplacedIssue, 'message' | 'fix'>): ConfigIssue {
  const { file, line, column } = place;
  return placeIssue({ path: [], severity: 'error', ...issue }, { file, line, column });
}

function secondGateway(extra: UnreadDocument, first: UnreadDocument | undefined): ConfigIssue {
  const message = `is a second gateway document; the first is at ${first?.file}:${first?.line}`;
  return errorAt(extra, { message, fix: 'merge the two, or add `apiVersion` and `kind` if this is a resource' });
}

function missingApiVersion(document: UnreadDocument): ConfigIssue {
  return errorAt(document, { message: 'has `kind` but no `apiVersion`', fix: 'a resource needs both' });
}

function nothingToLoad(sources: readonly ConfigSource[]): ConfigIssue {
  const file = sources[0]?.file ?? 'configuration';
  return errorAt({ file, line: 0, column: 0 }, { message: 'holds no configuration', fix: 'write a `static_cluster`' });
}

/** SHA-256, in hex, of a configuration in canonical form: keys sorted, secrets in the clear. */
export function hashConfig(config: GatewayConfig): string {
  return createHash('sha256').update(canonicalJson(config)).digest('hex');
}

function canonicalJson(value: unknown): string {
  if (value instanceof Secret) return JSON.stringify(value.reveal());
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const fields = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${fields.join()}}`;
}
