import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createAccessLog } from './access-log.ts';
import type { ExchangeRecord } from './exchange-record.ts';

const folder = mkdtempSync(join(tmpdir(), 'aigw-access-'));
after(() => rmSync(folder, { recursive: true }));

test('writes one line for each exchange and hands out the warnings of its format', async () => {
  const path = join(folder, 'access.log');
  const log = createAccessLog({
    path,
    fields: { status: '%RESPONSE_CODE%', odd: '%ODD%' },
    onError: (error) => assert.fail(error),
  });
  assert.equal(log.warnings.length, 1);
  log.log({ status: 200 } as ExchangeRecord);
  log.log({ status: 429 } as ExchangeRecord);
  await log.close();
  assert.equal(readFileSync(path, 'utf8'), '{"status":200,"odd":null}\n{"status":429,"odd":null}\n');
  log.log({ status: 200 } as ExchangeRecord);
  assert.equal(log.dropped, 1);
});
