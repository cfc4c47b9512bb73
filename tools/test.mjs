// The test command: installs and builds what is missing, checks style and types, then runs every test.
// `npm test -- PATTERN...` runs only the files whose path holds one of the patterns, without the checks.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt, ensureInstalled } from './launch.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((item) => {
    const path = join(folder, item.name);
    if (item.isDirectory()) return item.name === 'node_modules' ? [] : testFiles(path);
    return item.name.endsWith('.test.ts') ? [relative(root, path)] : [];
  });
}

function run(what, args) {
  process.stdout.write(`# ${what}\n`);
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  return status === 0;
}

ensureInstalled();
ensureBuilt();

const patterns = process.argv.slice(2);
const files = [...testFiles(join(root, 'src')), ...testFiles(join(root, 'test')), ...testFiles(join(root, 'bench'))]
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
  .sort();
const checks =
  patterns.length > 0 ||
  [
    run('style', [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']),
    run('types', ['node_modules/typescript/bin/tsc', '--noEmit']),
    run('types of the pure folders', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.pure.json']),
  ].every(Boolean);
const reporter = process.stdout.isTTY ? [] : ['--test-reporter=tap'];
const passed = run(`${files.length} test files`, ['--import', 'tsx', '--test', ...reporter, ...files]);
process.exitCode = checks && passed ? 0 : 1;
