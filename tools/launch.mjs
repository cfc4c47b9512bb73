import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const entry = join(root, 'dist/bundle/main.js');
const OLDEST_NODE = [20, 19];

function modified(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

/** The newest change below a folder. */
function newest(folder) {
  let latest = 0;
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, item.name);
    if (item.isDirectory()) latest = Math.max(latest, newest(path));
    else if (item.name.endsWith('.ts') && !item.name.endsWith('.test.ts')) latest = Math.max(latest, modified(path));
  }
  return latest;
}

function run(command, args, what) {
  process.stderr.write(`${what} ...\n`);
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (result.status !== 0) {
    process.stderr.write(`${what} failed: run "${command} ${args.join(' ')}" to see why\n`);
    process.exit(1);
  }
}

/** Whether the dependencies are somebody else's: installing would empty the folder that the link leads to. */
function isLinked() {
  try {
    return lstatSync(join(root, 'node_modules')).isSymbolicLink();
  } catch {
    return false;
  }
}

/** Installs the dependencies when they are missing or older than the lock file. Development ones are needed only to build. */
export function ensureInstalled() {
  if (isLinked()) return;
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules/.package-lock.json');
  if (existsSync(lock) && modified(installed) < modified(lock)) {
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'installing dependencies');
  }
}

/** Compiles the sources when they are newer than what was compiled. A published package has no sources. */
export function ensureBuilt() {
  const source = join(root, 'src');
  const stamp = join(root, 'dist/.stamp');
  if (!existsSync(source)) return;
  const settings = ['tsconfig.build.json', 'tools/bundle.mjs'].map((file) => modified(join(root, file)));
  if (modified(stamp) >= Math.max(newest(source), ...settings)) return;
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], 'compiling');
  run(process.execPath, [join(root, 'tools/bundle.mjs')], 'bundling');
  writeFileSync(stamp, '');
}

/** Runs one command line and resolves to its exit status. */
export async function launch(args) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    process.stderr.write(`aigw needs Node.js ${OLDEST_NODE.join('.')} or later, this is ${process.versions.node}\n`);
    return 1;
  }
  ensureInstalled();
  ensureBuilt();
  const { main } = await import(pathToFileURL(entry).href);
  return main(args);
}
