import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src');

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((item) => {
    const path = join(folder, item.name);
    if (item.isDirectory()) return item.name === 'testdata' ? [] : sources(path);
    return item.name.endsWith('.ts') ? [path] : [];
  });
}

const files = sources(src);
const product = files.filter((file) => !file.endsWith('.test.ts'));

/** Relative imports of a file as paths below src, and package names. Type-only imports count too. */
function imports(file: string): { local: string[]; packages: string[] } {
  const text = readFileSync(file, 'utf8');
  const local: string[] = [];
  const packages: string[] = [];
  for (const match of text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s+'([^']+)'|import\('([^']+)'\)/g)) {
    const specifier = match[1] ?? match[2] ?? '';
    if (specifier.startsWith('.')) local.push(relative(src, resolve(dirname(file), specifier)));
    else packages.push(specifier);
  }
  return { local, packages };
}

/** What each top folder of src may import beside itself. */
const ALLOWED: Record<string, readonly string[]> = {
  errors: [],
  json: ['errors'],
  streams: ['errors', 'json'],
  dialects: ['errors', 'json', 'streams'],
  providers: ['dialects'],
  routing: ['errors', 'json'],
  prices: ['dialects', 'errors', 'json'],
  config: ['errors', 'json', 'providers', 'dialects', 'routing'],
  snapshot: ['config', 'routing', 'providers', 'json', 'errors', 'dialects'],
  credentials: ['config', 'providers', 'errors', 'json'],
  telemetry: ['dialects', 'errors', 'json', 'config'],
  stores: ['errors', 'json'],
  filters: [
    'config',
    'prices',
    'snapshot',
    'routing',
    'dialects',
    'errors',
    'json',
    'credentials',
    'stores',
    'telemetry',
  ],
  exchange: [
    'snapshot',
    'routing',
    'dialects',
    'providers',
    'credentials',
    'telemetry',
    'streams',
    'json',
    'errors',
    'stores',
    'prices',
    'filters',
  ],
  planes: ['exchange', 'snapshot', 'credentials', 'dialects', 'errors', 'telemetry'],
  admin: ['telemetry', 'config', 'errors', 'json', 'prices', 'filters'],
  mock: ['streams', 'json', 'config', 'errors'],
  gateway: [
    'config',
    'snapshot',
    'exchange',
    'planes',
    'admin',
    'credentials',
    'telemetry',
    'mock',
    'errors',
    'stores',
    'prices',
    'filters',
    'routing',
    'json',
  ],
  cli: [
    'config',
    'snapshot',
    'exchange',
    'gateway',
    'mock',
    'telemetry',
    'errors',
    'json',
    'stores',
    'providers',
    'prices',
    'filters',
    'admin',
  ],
};

/** One library, one door. Node's own modules are free outside the pure folders. */
const DOORS: Record<string, readonly string[]> = {
  undici: ['planes/node/proxied-pool.ts', 'planes/node/http-call.ts'],
  'undici/lib/core/connect.js': ['planes/node/provider-client.ts'],
  pino: ['telemetry/logger.ts'],
  'prom-client': ['telemetry/metrics.ts'],
  commander: ['cli/main.ts'],
  libsql: ['stores/database/sqlite-worker.ts'],
  pg: ['stores/database/postgres-database.ts'],
  jose: ['filters/auth/jwt.ts'],
  redis: ['stores/counters/redis-client.ts'],
  re2js: ['routing/pattern.ts'],
  '@marcbachmann/cel-js': ['routing/expression.ts'],
  yaml: ['config/yaml-parse.ts', 'config/yaml-documents.ts', 'config/interpolate.ts'],
};
const ZOD_FOLDERS = ['config', 'admin'];
const PURE = ['errors', 'json', 'streams', 'dialects', 'providers', 'routing', 'snapshot', 'prices'];

const top = (path: string) => path.split('/')[0] ?? '';

test('imports point one way', () => {
  const wrong: string[] = [];
  for (const file of product) {
    const from = relative(src, file);
    const allowed = ALLOWED[top(from)];
    if (allowed === undefined) {
      wrong.push(`${from}: its folder has no import rule; add one to this test`);
      continue;
    }
    for (const target of imports(file).local) {
      if (top(target) !== top(from) && !allowed.includes(top(target))) wrong.push(`${from} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('no file takes part in an import cycle', () => {
  const graph = new Map(product.map((file) => [relative(src, file), imports(file).local]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (file: string, path: string[]): void => {
    const at = path.indexOf(file);
    if (at !== -1) cycles.push([...path.slice(at), file].join(' -> '));
    if (at !== -1 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  assert.deepEqual(cycles, []);
});

test('each library is imported through its door only', () => {
  const wrong: string[] = [];
  for (const file of product) {
    const from = relative(src, file);
    for (const name of imports(file).packages) {
      if (name.startsWith('node:')) {
        if (PURE.includes(top(from))) wrong.push(`${from} imports ${name}, but its folder is pure`);
      } else if (name === 'zod') {
        if (!ZOD_FOLDERS.includes(top(from))) wrong.push(`${from} imports zod`);
      } else if (DOORS[name] === undefined)
        wrong.push(`${from} imports ${name}, which has no door; add one to this test`);
      else if (!DOORS[name].includes(from))
        wrong.push(`${from} imports ${name}; its doors are ${DOORS[name].join(', ')}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('every runtime dependency is used', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const used = new Set(product.flatMap((file) => imports(file).packages));
  assert.deepEqual(
    Object.keys(manifest.dependencies).filter((name) => !used.has(name)),
    [],
  );
});

test('no hand-written file has more than 500 lines', () => {
  const long = files.filter((file) => readFileSync(file, 'utf8').split('\n').length > 501);
  assert.deepEqual(
    long.map((file) => relative(root, file)),
    [],
  );
});

test('every top folder of src says what it is for', () => {
  const missing = readdirSync(src, { withFileTypes: true })
    .filter((item) => item.isDirectory() && !existsSync(join(src, item.name, 'README.md')))
    .map((item) => item.name)
    // The planes are separate houses: each has its own page.
    .filter((name) => name !== 'planes');
  assert.deepEqual(missing, []);
});

test('every exported symbol is documented', () => {
  const bare: string[] = [];
  for (const file of product) {
    const lines = readFileSync(file, 'utf8').split('\n');
    for (const [index, line] of lines.entries()) {
      const match = /^export (?:async )?(?:function\*?|const|class|interface|type|let) +([A-Za-z0-9_]+)/.exec(line);
      if (match === null) continue;
      let before = index - 1;
      while (before >= 0 && /^\s*@/.test(lines[before] ?? '')) before--;
      if (!/\*\/\s*$/.test(lines[before] ?? '')) bare.push(`${relative(src, file)}:${index + 1} ${match[1]}`);
    }
  }
  assert.deepEqual(bare, []);
});
