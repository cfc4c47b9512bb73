import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { ConfigError } from '../src/config/issue.ts';
import { loadConfig } from '../src/config/load.ts';
import { type Page, readPages, type Snippet, snippetsOf } from './support/doc-pages.ts';
import { createDocRunner, EXAMPLE_VARIABLES } from './support/doc-runner.ts';

/** What users read. The pages beside the sources hold no snippets to be run. */
const pages = readPages().filter(({ name }) => /^(?:[A-Z]+\.md|docs\/|examples\/)/.test(name));

/** YAML that this file does not load, and why. */
const OTHER_YAML: Readonly<Record<string, string>> = {
  'docs/configuration.md': 'src/config/reference.test.ts loads it',
  'docs/resources.md': 'src/config/resources/load-resources.test.ts loads it',
  'docs/metrics.md': 'it is a configuration of Prometheus',
};

/** Languages that show something and say nothing to a machine. */
const SHOWN = ['', 'text', 'console'];

/** `curl --fail-with-body` on an HTTP error. */
const CURL_HTTP_ERROR = 22;

const has = (command: string) => spawnSync(command, ['--version']).status === 0;
const hasPython = has('python3');
const hasShell = has('bash') && has('curl');

/** A fragment shows one thing: what it leaves out is not its fault. */
function isMissingRest(line: string): boolean {
  return / there is no AIServiceBackend /.test(line);
}

function loadYaml({ text, place }: Snippet): void {
  const variables = [...text.matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name]) => [name ?? '', 'example']);
  const options = {
    env: { ...Object.fromEntries(variables), ...EXAMPLE_VARIABLES },
    homeDirectory: '/home/user',
    readText: () => 'example',
    exposedListeners: 'allow' as const,
  };
  try {
    assert.deepEqual(loadConfig([{ file: place, text }], options).warnings, []);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const lines = error.message.split('\n').filter((line) => !isMissingRest(line));
    assert.deepEqual(lines, [], `${place} does not load`);
  }
}

async function run(snippet: Snippet, runner: ReturnType<typeof createDocRunner>): Promise<void> {
  const result = await (snippet.language === 'sh' ? runner.shell(snippet) : runner.script(snippet));
  const told = `${snippet.place}\n${snippet.text}\n${result.output}`;
  if (snippet.prints !== undefined) assert.ok(result.output.includes(snippet.prints), told);
  // Where a page shows an error, what it prints is the proof.
  if (snippet.prints === undefined || result.status !== CURL_HTTP_ERROR) assert.equal(result.status, 0, told);
}

function check(page: Page, snippet: Snippet): void {
  switch (snippet.language) {
    case 'yaml':
      if (OTHER_YAML[page.name] === undefined) loadYaml(snippet);
      return;
    case 'json':
      JSON.parse(snippet.text);
      return;
    case 'python': {
      if (!hasPython) return;
      const parsed = spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
        input: snippet.text,
        encoding: 'utf8',
      });
      assert.equal(parsed.status, 0, `${snippet.place}\n${parsed.stderr}`);
      return;
    }
    default:
      assert.ok(
        ['sh', 'ts', ...SHOWN].includes(snippet.language),
        `${snippet.place}: no test knows the language "${snippet.language}"`,
      );
  }
}

test('bash and curl are here to run the snippets', { skip: !hasShell && process.env['CI'] === undefined }, () => {
  assert.ok(hasShell);
});

describe('the snippets of the documentation', { concurrency: 2 }, () => {
  for (const page of pages) {
    const snippets = snippetsOf(page);
    if (snippets.length === 0) continue;
    test(page.name, { timeout: 180_000 }, async (context) => {
      const runner = createDocRunner(context);
      for (const snippet of snippets) {
        if (snippet.notRun !== undefined) {
          context.diagnostic(`${snippet.place} is not run: ${snippet.notRun}`);
          continue;
        }
        check(page, snippet);
        if (snippet.language === 'yaml') runner.save(snippet);
        else if (snippet.language === 'ts' || (snippet.language === 'sh' && hasShell)) await run(snippet, runner);
      }
    });
  }
});
