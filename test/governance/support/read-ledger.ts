import { openStore } from '../../../src/stores/database/open-database.ts';
import { createLedger } from '../../../src/stores/ledger/sql-ledger.ts';
import type { UsageRecord } from '../../../src/stores/ledger/usage-record.ts';

const PAGE = 1000;

/** All single records of a ledger, newest first. `address` is a file, or a `postgres://` URL. */
export async function readLedger(address: string): Promise<UsageRecord[]> {
  const database = await openStore(address);
  try {
    const ledger = createLedger(database);
    const records: UsageRecord[] = [];
    for (let after: string | undefined; ; ) {
      const page = await ledger.records({ limit: PAGE, after });
      records.push(...page.records);
      after = page.next;
      if (after === undefined) return records;
    }
  } finally {
    await database.close();
  }
}
