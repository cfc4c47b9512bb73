import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '../src/config/load.ts';
import { PROVIDER_NAMES } from '../src/providers/provider.ts';
import { compileSnapshot } from '../src/snapshot/compile.ts';
import { ROOT } from './support/doc-pages.ts';
import { EXAMPLE_VARIABLES } from './support/doc-runner.ts';

const folder = join(ROOT, 'examples');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

function load(name: string) {
  return loadConfig([{ file: name, text: readFileSync(join(folder, name), 'utf8') }], {
    env: EXAMPLE_VARIABLES,
    readText: () => 'example',
    homeDirectory: '/home/user',
    exposedListeners: 'allow',
  });
}

describe('the examples', () => {
  for (const name of files) {
    test(`${name} loads without a warning and compiles`, () => {
      const loaded = load(name);
      assert.deepEqual(loaded.warnings, []);
      const snapshot = compileSnapshot(loaded.config, { revision: 1, hash: loaded.hash });
      assert.ok(snapshot.services.length > 0);
    });
  }

  test('are all in the list', () => {
    const page = readFileSync(join(folder, 'README.md'), 'utf8');
    const listed = [...page.matchAll(/^\| \[[^\]]+\]\(([^)]+)\)/gm)].map(([, name]) => name);
    assert.deepEqual(listed.sort(), files.sort());
  });

  test('all-providers.yaml has every provider, and clients can address each', () => {
    const { config, hash } = load('all-providers.yaml');
    const named = Object.values(config.static_cluster).map(({ provider }) => provider);
    assert.deepEqual(named.sort(), [...PROVIDER_NAMES].sort());
    const [service] = compileSnapshot(config, { revision: 1, hash }).services;
    assert.deepEqual([...(service?.addressable.keys() ?? [])].sort(), [...PROVIDER_NAMES].sort());
  });
});
