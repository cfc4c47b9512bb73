import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openLogDestination } from './log-destination.ts';

const folder = mkdtempSync(join(tmpdir(), 'aigw-log-'));
after(() => rmSync(folder, { recursive: true }));

const failOnError = (error: Error) => assert.fail(error);

/** Runs a program that has `openLogDestination` in scope. */
function run(program: string, stdio: 'pipe' | 'ignore' = 'pipe') {
  const source = `import { openLogDestination } from ${JSON.stringify(new URL('./log-destination.ts', import.meta.url).href)};\n${program}`;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', source], {
    stdio: ['ignore', stdio, 'pipe'],
    cwd: new URL('../..', import.meta.url),
  });
}

test('close writes everything, in order, and later lines count as dropped', async () => {
  const path = join(folder, 'order.log');
  const destination = openLogDestination(path, failOnError);
  let expected = '';
  for (let index = 0; index < 5000; index++) {
    destination.write(`line ${index} ü\n`);
    expected += `line ${index} ü\n`;
  }
  await destination.close();
  assert.equal(readFileSync(path, 'utf8'), expected);
  assert.equal(destination.dropped, 0);
  destination.write('late\n');
  assert.equal(destination.dropped, 1);
  await destination.close();
  assert.equal(statSync(path).mode & 0o007, 0);
});

test('appends to what is there', async () => {
  const path = join(folder, 'append.log');
  for (const line of ['one\n', 'two\n']) {
    const destination = openLogDestination(path, failOnError);
    destination.write(line);
    await destination.close();
  }
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n');
});

test('reopen goes on in a new file after a rotation', async () => {
  const path = join(folder, 'rotate.log');
  const destination = openLogDestination(path, failOnError);
  destination.write('before\n');
  renameSync(path, `${path}.1`);
  destination.reopen();
  destination.write('after\n');
  await destination.close();
  assert.equal(readFileSync(path, 'utf8').endsWith('after\n'), true);
  const both = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8');
  assert.equal(both, 'before\nafter\n');
});

test('a file that cannot be opened is an error at once', () => {
  assert.throws(() => openLogDestination(join(folder, 'none', 'a.log'), failOnError), /ENOENT.*none/);
});

test('a full disk is heard of once and does not stop the close', {
  skip: !existsSync('/dev/full') && 'no /dev/full here',
}, async () => {
  const errors: Error[] = [];
  const destination = openLogDestination('/dev/full', (error) => errors.push(error));
  for (let index = 0; index < 3000; index++) destination.write(`line ${index}\n`);
  await destination.close();
  assert.equal(errors.length, 1);
  assert.match(errors[0]?.message ?? '', /ENOSPC/);
});

test('process.exit loses no line', async () => {
  const path = join(folder, 'exit.log');
  const child = run(`
    const destination = openLogDestination(${JSON.stringify(path)}, () => {});
    setTimeout(() => { destination.write('last words\\n'); process.exit(0); }, 20);
  `);
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.equal(readFileSync(path, 'utf8'), 'last words\n');
});

test('a reader that goes away is an error, not a crash', async () => {
  const child = run(`
    let lines = 0;
    const destination = openLogDestination('stdout', (error) => {
      process.stderr.write(error.code + '\\n');
    });
    const timer = setInterval(() => {
      for (let index = 0; index < 100; index++) destination.write('x'.repeat(200) + '\\n');
      if (destination.dropped > 0) {
        clearInterval(timer);
        destination.close().then(() => process.stderr.write('closed\\n'));
      }
    }, 1);
  `);
  child.stdout?.once('data', () => child.stdout?.destroy());
  let errors = '';
  child.stderr?.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  const [code] = await once(child, 'close');
  assert.equal(errors, 'EPIPE\nclosed\n');
  assert.equal(code, 0);
});
