import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { loadConfig } from './load.ts';
import { writeReferenceTables } from './reference-tables.ts';

const REFERENCE = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

describe('docs/configuration.md', () => {
  it('has the tables of the model (`npm run schema` writes them)', () => {
    assert.equal(writeReferenceTables(REFERENCE), REFERENCE);
  });

  const env = { OPENAI_API_KEY: 'a', ANTHROPIC_API_KEY: 'b', AZURE_KEY: 'c' };
  const snippets = [...REFERENCE.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
  for (const [index, text] of snippets.entries()) {
    it(`shows configurations that load without a warning: ${index + 1}`, () => {
      const options = { env, homeDirectory: '/', readText: () => 'secret' };
      assert.deepEqual(loadConfig([{ file: 'docs/configuration.md', text }], options).warnings, []);
    });
  }

  it('shows some', () => assert.ok(snippets.length >= 3));
});

describe('writeReferenceTables', () => {
  it('refuses a name without a table, and a text without a table', () => {
    assert.throws(() => writeReferenceTables('<!-- table: nothing -->\n<!-- end -->'), /no table "nothing"/);
    assert.throws(() => writeReferenceTables(''), /tables of top level, .* are not in the text/);
  });
});
