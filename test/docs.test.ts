import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ERROR_CODES } from '../src/errors/codes.ts';
import { forwardRequestHeaders } from '../src/exchange/headers.ts';
import { brokenLinks, codeIn, ROOT, readPages, tableRows, withTable } from './support/doc-pages.ts';
import {
  endpointsTable,
  groupsTable,
  pairsTable,
  providersTable,
  requestedEndpointsTable,
} from './support/doc-tables.ts';

const pages = readPages();
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');

/** Tables that are written from the code: `UPDATE_DOCS=1 npm test -- docs` writes them anew. */
const GENERATED: readonly { page: string; table: string; lines: () => string[] }[] = [
  { page: 'README.md', table: 'providers', lines: providersTable },
  { page: 'docs/endpoints.md', table: 'endpoints', lines: endpointsTable },
  { page: 'docs/endpoints.md', table: 'requested', lines: requestedEndpointsTable },
  { page: 'docs/endpoints.md', table: 'groups', lines: groupsTable },
  { page: 'docs/translation.md', table: 'pairs', lines: pairsTable },
];

describe('tables that are written from the code', () => {
  for (const { page, table, lines } of GENERATED) {
    test(`${page}: ${table}`, () => {
      const text = read(page);
      const wanted = withTable(text, table, lines());
      if (process.env['UPDATE_DOCS'] === '1') writeFileSync(join(ROOT, page), wanted);
      else assert.equal(text, wanted, 'run `UPDATE_DOCS=1 npm test -- docs`');
    });
  }
});

test('every link leads somewhere', () => {
  assert.deepEqual(pages.flatMap(brokenLinks), []);
});

test('docs/README.md lists every page of docs', () => {
  const index = read('docs/README.md');
  const unlisted = pages
    .map(({ name }) => name)
    .filter((name) => name.startsWith('docs/') && name !== 'docs/README.md')
    .filter((name) => !index.includes(`](${name.slice('docs/'.length)})`));
  assert.deepEqual(unlisted, []);
});

test('nothing is left to be done on a page', () => {
  const unfinished = pages.filter(({ text }) => /\b(?:TODO|FIXME|TBD)\b/.test(text));
  assert.deepEqual(
    unfinished.map(({ name }) => name),
    [],
  );
});

test('README.md lists the runtime dependencies', () => {
  const manifest = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  const section = /## Dependencies\n([\s\S]*?)\n## /.exec(read('README.md'))?.[1] ?? '';
  const listed = [...section.matchAll(/^\| ([a-z0-9@/-]+) \|/gm)]
    .map(([, name]) => name)
    .filter((n) => n !== 'package');
  assert.deepEqual(listed, Object.keys(manifest.dependencies).sort());
});

test('docs/errors.md lists every error code as it is', () => {
  const listed = tableRows(read('docs/errors.md'), 'errors').map(([code, status, type, another, when, mend]) => {
    assert.notEqual(when, '');
    assert.notEqual(mend, '');
    return [codeIn(code ?? '')[0], Number(status), codeIn(type ?? '')[0], another];
  });
  const known = Object.entries(ERROR_CODES).map(([code, { status, type, retryable }]) => [
    code,
    status,
    type,
    retryable ? 'yes' : 'no',
  ]);
  assert.deepEqual(listed, known);
});

describe('docs/headers.md', () => {
  const page = read('docs/headers.md');
  const names = (table: string) =>
    tableRows(page, table)
      .flatMap(([cell]) => codeIn(cell ?? ''))
      .map((name) => name.replace('*', 'example'));
  const rules = {
    allowed: undefined,
    credentials: false,
    consumed: [],
    mutation: { remove: new Set<string>(), set: [] },
    translated: false,
  };
  const forwarded = (name: string) => forwardRequestHeaders([name, 'x'], rules).length > 0;

  test('names headers that are not forwarded', () => {
    assert.deepEqual(names('dropped').filter(forwarded), []);
  });

  test('names headers that are', () => {
    assert.deepEqual(
      names('forwarded').filter((name) => !forwarded(name)),
      [],
    );
  });

  test('names every header that the code drops', () => {
    const source = read('src/exchange/headers.ts');
    const requestPart = source.slice(0, source.indexOf('const RESPONSE_DROPPED'));
    const dropped = [...requestPart.matchAll(/'([a-z][a-z-]+)'/g)]
      .map(([, name]) => name ?? '')
      .map((name) => (name.endsWith('-') ? `${name}example` : name))
      .filter((name) => !forwarded(name));
    const documented = new Set(names('dropped'));
    assert.ok(dropped.length > 20);
    assert.deepEqual(
      dropped.filter((name) => !documented.has(name)),
      [],
    );
  });
});

function helpOf(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const entry = join(ROOT, 'test/support/run-aigw.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', entry, ...args, '--help'], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] ?? '' },
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.once('error', reject);
    child.once('close', () => resolve(text));
  });
}

/** The first column below a heading of a help text. */
function helpTerms(help: string, heading: string): string[] {
  const section = help.split(`\n${heading}:\n`)[1]?.split('\n\n')[0] ?? '';
  return [...section.matchAll(/^ {2}(\S(?:.*?\S)?)(?: {2,}|$)/gm)].map(([, term]) => term ?? '');
}

test('docs/cli.md has every command and flag that --help shows', async () => {
  const page = read('docs/cli.md');
  const commands = helpTerms(await helpOf([]), 'Commands')
    .map((term) => term.split(' ')[0] ?? '')
    .filter((name) => name !== 'help');
  assert.ok(commands.includes('run'));
  const documented = [...page.matchAll(/^## aigw ([a-z]+)$/gm)].map(([, name]) => name ?? '');
  assert.deepEqual(documented.sort(), [...commands].sort());
  for (const command of commands) {
    const flags = helpTerms(await helpOf([command]), 'Options').filter((term) => !term.startsWith('-h,'));
    const rows = tableRows(page, command).map(([cell]) => codeIn(cell ?? '')[0]);
    assert.deepEqual(rows, flags, `the flags of aigw ${command}`);
  }
});
