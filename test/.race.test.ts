import { writeFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import test from 'node:test';
import { temporaryFolder } from './support/gateway.ts';
test('race', async (t) => {
  let lost = 0;
  for (let i = 0; i < 12; i++) {
    const file = join(temporaryFolder(t), 'aigw.yaml');
    const conf = (n: number) => `static_cluster: { c${n}: { provider: openai, api_key: k } }\n`;
    writeFileSync(file, conf(1)); writeFileSync(file + '.new', conf(2));
    const c = spawn(process.execPath, ['--import', 'tsx', 'test/support/run-aigw.ts', 'run', file, '--port', '0', '--admin-port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let err = ''; c.stderr.on('data', (d) => err += d);
    await new Promise<void>((r) => c.stdout.once('data', () => { renameSync(file + '.new', file); r(); }));
    const ok = await new Promise<boolean>((r) => { const end = Date.now() + 4000; const tm = setInterval(() => { if (/configuration applied/.test(err)) { clearInterval(tm); r(true); } else if (Date.now() > end) { clearInterval(tm); r(false); } }, 10); });
    if (!ok) lost++;
    c.kill('SIGKILL');
  }
  console.log('lost', lost);
});
