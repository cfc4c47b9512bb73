import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ROWS } from './rows/table.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function runBench(args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', 'bench/run.ts', ...args],
      { cwd: root, timeout: 120_000, killSignal: 'SIGINT' },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
}

/** A launcher whose gateway gives every request the same answer, and a wrong one. */
function wrongGateway(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'aigw-wrong-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'aigw.mjs');
  writeFileSync(
    file,
    `import { createServer } from 'node:http';
    if (process.argv[2] === 'version') console.log('wrong');
    else {
      const server = createServer((request, response) => request.on('end', () => response.end('{"choices":[]}')).resume());
      server.listen(0, '127.0.0.1', () => console.log('listening on http://127.0.0.1:' + server.address().port));
      process.on('SIGTERM', () => process.exit(0));
    }`,
  );
  return file;
}

test('every row runs, and the gateway answers all of it rightly', async () => {
  const { code, output } = await runBench(['--smoke']);
  assert.equal(code, 0, output);
  assert.deepEqual(
    output.trim().split('\n'),
    ROWS.map((row) => `ran ${row.name}`),
  );
});

test('a gateway that answers wrongly fails the run', async (context) => {
  const { code, output } = await runBench(['--smoke', '--only', 'chat', '--aigw', wrongGateway(context)]);
  assert.equal(code, 1, output);
  assert.match(output, /PROBLEM chat, gateway: answered ""/);
});
