import type { z } from 'zod';
import { PROVIDER_NAMES } from '../providers/provider.ts';
import { providerDescriptor } from '../providers/registry.ts';
import { KEYED_PROVIDERS, WELL_KNOWN_MODELS } from './environment-table.ts';
import type { ConfigPath } from './issue.ts';
import { gatewayConfig } from './model.ts';
import { secret } from './model-credentials.ts';
import { duration, headerName, size, url } from './model-scalars.ts';
import { descriptionOf, type Shape, schemasAt, shapesOf } from './schema-walk.ts';

type Schema = z.core.$ZodType;

/** Where in the model each table of the reference begins; `*` stands for any name. */
const TABLES: Readonly<Record<string, ConfigPath>> = {
  'top level': [],
  listeners: ['listeners', 0],
  admin: ['admin'],
  static_cluster: ['static_cluster', '*'],
  credential: ['static_cluster', '*', 'credential'],
  'credential.oidc': ['static_cluster', '*', 'credential', 'oidc'],
  'credential.workload_identity': ['static_cluster', '*', 'credential', 'workload_identity'],
  credential_override: ['static_cluster', '*', 'credential_override'],
  header_mutation: ['static_cluster', '*', 'header_mutation'],
  body_mutation: ['static_cluster', '*', 'body_mutation'],
  tls: ['static_cluster', '*', 'tls'],
  circuit_breaker: ['static_cluster', '*', 'circuit_breaker'],
  'circuit_breaker.error_rate': ['static_cluster', '*', 'circuit_breaker', 'error_rate'],
  concurrency: ['static_cluster', '*', 'concurrency'],
  health_check: ['static_cluster', '*', 'health_check'],
  dynamic_cluster: ['dynamic_cluster', '*'],
  virtual_services: ['virtual_services', 0],
  virtual_routes: ['virtual_services', 0, 'virtual_routes', 0],
  match: ['virtual_services', 0, 'virtual_routes', 0, 'match'],
  split: ['virtual_services', 0, 'virtual_routes', 0, 'split', 0],
  fallback: ['virtual_services', 0, 'virtual_routes', 0, 'fallback', 0],
  retry: ['virtual_services', 0, 'virtual_routes', 0, 'retry'],
  timeout: ['virtual_services', 0, 'virtual_routes', 0, 'timeout'],
  models: ['virtual_services', 0, 'virtual_routes', 0, 'models'],
  limits: ['limits'],
  access_log: ['access_log'],
  metrics_filter: ['metrics_filter'],
};

const MARK = /<!-- table: (.+?) -->\n[\s\S]*?<!-- end -->/g;

/**
 * Fills in the tables of a Markdown text: what stands between `<!-- table: NAME -->` and `<!-- end -->` is
 * written anew from the model. Throws Error for a name without a table, and when a table is nowhere in it.
 */
export function writeReferenceTables(markdown: string): string {
  const tables = new Map(Object.entries(TABLES).map(([name, path]) => [name, tableAt(path)]));
  tables.set('providers', providersTable()).set('keys', keysTable()).set('models by name', modelsTable());
  const missing = new Set(tables.keys());
  const text = markdown.replace(MARK, (_, name: string) => {
    const table = tables.get(name);
    if (table === undefined) throw new Error(`there is no table "${name}"`);
    missing.delete(name);
    return `<!-- table: ${name} -->\n${table}\n<!-- end -->`;
  });
  if (missing.size > 0) throw new Error(`the tables of ${[...missing].join(', ')} are not in the text`);
  return text;
}

function rowsOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function providersTable(): string {
  const rows = PROVIDER_NAMES.map((name) => {
    const provider = providerDescriptor(name);
    const prefix = provider.defaultPrefix === '' ? '' : `/${provider.defaultPrefix}`;
    const endpoint = provider.defaultEndpoint === undefined ? '**required**' : code(provider.defaultEndpoint + prefix);
    const shown = name === 'demo' ? 'built in' : endpoint;
    return [code(name), provider.title, shown, provider.needs.map(code).join(', ')];
  });
  return rowsOf(['`provider`', 'what', 'endpoint and prefix', 'needs'], rows);
}

function keysTable(): string {
  const rows = KEYED_PROVIDERS.map(({ cluster, provider, keys, endpoint, headers }) => {
    const extra = [
      ...(endpoint === undefined ? [] : [`${code(endpoint)}: endpoint, with its path`]),
      ...Object.entries(headers ?? {}).map(([header, variable]) => `${code(variable)}: header ${code(header)}`),
    ];
    return [keys.map(code).join(' or '), code(cluster), code(provider), extra.join('; ')];
  });
  return rowsOf(['key', 'cluster', 'provider', 'also read'], rows);
}

function modelsTable(): string {
  const rows = WELL_KNOWN_MODELS.map(({ models, clusters }) => [
    models.map(code).join(', '),
    clusters.map(code).join(', else '),
  ]);
  return rowsOf(['model', 'cluster'], rows);
}

function tableAt(path: ConfigPath): string {
  const objects = schemasAt(gatewayConfig, path)
    .flatMap(shapesOf)
    .filter((shape) => shape.kind === 'object');
  // A union may hold the same map twice.
  return [...new Set(objects.map(table))].join('\n\n');
}

function table({ fields }: Extract<Shape, { kind: 'object' }>): string {
  const rows = Object.entries(fields).map(([name, schema]) => [
    code(name),
    typeOf(schema),
    defaultOf(schema),
    meaningOf(schema),
  ]);
  return rowsOf(['field', 'value', 'default', 'meaning'], rows);
}

const NAMED: readonly [Schema, string][] = [
  [secret, 'secret'],
  [duration, 'duration'],
  [size, 'size'],
  [headerName, 'header name'],
  [url, 'URL'],
];

/** What the model says about a field, or about the maps in it; nothing where it only repeats the kind of value. */
function meaningOf(schema: Schema): string {
  const text = descriptionOf(schema);
  if (text !== undefined) return NAMED.some(([known]) => descriptionOf(known) === text) ? '' : text;
  const def = (schema as z.core.$ZodTypes)._zod.def;
  if (def.type === 'array') return meaningOf(def.element);
  if (def.type === 'record') return meaningOf(def.valueType);
  if (def.type === 'union') return def.options.map(meaningOf).find((meaning) => meaning !== '') ?? '';
  return 'innerType' in def ? meaningOf(def.innerType) : '';
}

const KINDS: Readonly<Record<string, string>> = { string: 'text', number: 'number', boolean: 'boolean' };

function typeOf(schema: Schema): string {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  const named = NAMED.find(([known]) => known._zod.def === def);
  if (named !== undefined) return named[1];
  switch (def.type) {
    case 'pipe':
      return typeOf(def.in);
    case 'lazy':
      return typeOf(def.getter());
    case 'union':
      return [...new Set(def.options.map(typeOf))].join(', or ');
    case 'object':
      return 'map';
    case 'record':
      return `map of ${plural(typeOf(def.valueType))}`;
    case 'array':
      return `list of ${plural(typeOf(def.element))}`;
    case 'enum':
      return def === providerDef() ? 'provider' : Object.values(def.entries).map(code).join(', ');
    case 'literal':
      return def.values.map(code).join(', ');
    default:
      return 'innerType' in def ? typeOf(def.innerType) : (KINDS[def.type] ?? def.type);
  }
}

/** The providers have a table of their own. */
function providerDef(): unknown {
  const [schema] = schemasAt(gatewayConfig, ['static_cluster', '*', 'provider']);
  return schema?._zod.def;
}

function plural(type: string): string {
  if (type === 'text') return 'texts';
  return /^[\w ]+$/.test(type) ? `${type.replace(/^(map|list) of/, '$1s of')}${/ of /.test(type) ? '' : 's'}` : type;
}

function code(value: unknown): string {
  return `\`${String(value)}\``;
}

function defaultOf(schema: Schema): string {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  if (def.type === 'optional') return '';
  if (def.type !== 'default' && def.type !== 'prefault') return def.type === 'literal' ? '' : '**required**';
  const value = def.defaultValue;
  if (typeof value === 'object' && Object.keys(value ?? {}).length === 0) return '';
  const unit = typeof value === 'number' ? withUnit(value, typeOf(schema)) : undefined;
  return code(
    unit ?? (typeof value === 'object' ? JSON.stringify(value).replace(/^\{"headers":\{\}\}$/, '{}') : value),
  );
}

function withUnit(value: number, type: string): string | undefined {
  if (type === 'duration') return `${value / 1000}s`;
  if (type !== 'size') return undefined;
  return value % 1024 ** 2 === 0 ? `${value / 1024 ** 2}Mi` : `${value / 1024}Ki`;
}
