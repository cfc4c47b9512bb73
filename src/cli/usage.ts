import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AdminError } from '../admin/admin-error.ts';
import { parseInput, queryFields } from '../admin/input.ts';
import { reportUsage } from '../admin/usage/report-usage.ts';
import { type ShownUsagePage, usageQuery } from '../admin/usage/usage-schemas.ts';
import type { GatewayConfig } from '../config/model.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { DatabaseError } from '../stores/database/database-error.ts';
import { openDatabase } from '../stores/database/open-database.ts';
import { createLedger } from '../stores/ledger/sql-ledger.ts';
import { type AdminClientOptions, callAdmin } from './admin-client.ts';
import { ExitError } from './exit-error.ts';
import { loadOrExit } from './load.ts';
import { printRows, type Row, type RowFormat } from './print-rows.ts';
import { printable } from './printable.ts';

/** Flags of `aigw usage`. */
export interface UsageOptions extends AdminClientOptions {
  by?: string;
  from?: string;
  to?: string;
  /** `DIMENSION=VALUE`, repeated. */
  filter: readonly string[];
  order?: string;
  /** The most rows that are printed. */
  limit: string;
  format: RowFormat;
  /** Reads the ledger of this configuration instead of asking a gateway. */
  config?: string;
  insecure?: boolean;
}

/** Asks for one page of sums. */
type Ask = (query: URLSearchParams) => Promise<ShownUsagePage>;

const PAGE = 1000;

/** `aigw usage`: prints what was used, as a running gateway or a ledger tells. */
export async function usage(options: UsageOptions): Promise<void> {
  const limit = Number(options.limit);
  if (!/^[1-9]\d{0,8}$/.test(options.limit)) throw new ExitError(2, `--limit ${options.limit} is not a number above 0`);
  const query = queryOf(options);
  const { config } = options;
  if (config === undefined) {
    await print((page) => callAdmin(options, { method: 'GET', path: '/api/v1/usage', query: page }), {
      query,
      limit,
      format: options.format,
    });
    return;
  }
  await withLedger(loadOrExit(config, { insecure: options.insecure === true }).config, (ask) =>
    print(ask, { query, limit, format: options.format }),
  );
}

function queryOf({ by, from, to, filter, order }: UsageOptions): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ by, from, to, order })) if (value !== undefined) query.set(name, value);
  for (const text of filter) {
    const equals = text.indexOf('=');
    if (equals < 1) throw new ExitError(2, `--filter ${text} is not of the form DIMENSION=VALUE`);
    query.append(text.slice(0, equals), text.slice(equals + 1));
  }
  return query;
}

async function print(
  ask: Ask,
  { query, limit, format }: { query: URLSearchParams; limit: number; format: RowFormat },
): Promise<void> {
  const rows: Row[] = [];
  let next: string | null = null;
  do {
    query.set('limit', String(Math.min(PAGE, limit - rows.length)));
    if (next !== null) query.set('after', next);
    const page: ShownUsagePage = await ask(query);
    rows.push(...page.groups.map((group) => rowOf(page.by, group, format)));
    next = page.next;
  } while (next !== null && rows.length < limit);
  printRows(rows, format);
  if (next !== null) process.stderr.write(`aigw: there is more than ${limit} rows; ask for them with --limit\n`);
}

function rowOf(
  by: readonly string[],
  { group, tokens, ...sums }: ShownUsagePage['groups'][number],
  format: RowFormat,
): Row {
  const shown = by.map((name): [string, string | number] => {
    const value = group[name] ?? '';
    return [name, typeof value === 'string' && format === 'table' ? printable(value) : value];
  });
  return {
    ...Object.fromEntries(shown),
    requests: exact(sums.requests),
    errors: exact(sums.errors),
    input_tokens: exact(tokens.input),
    cache_read_tokens: exact(tokens.cache_read),
    cache_write_tokens: exact(tokens.cache_write + tokens.cache_write_1h),
    output_tokens: exact(tokens.output),
    cost_usd: sums.cost_usd,
    unpriced: exact(sums.unpriced),
    estimated: exact(sums.estimated),
  };
}

/** A number that JSON readers with doubles would round is text. */
function exact(value: number): number | string {
  return Number.isSafeInteger(value) ? value : String(value);
}

/** Reads the ledger of a configuration, whether or not a gateway runs, and changes nothing in it. */
async function withLedger(config: GatewayConfig, use: (ask: Ask) => Promise<void>): Promise<void> {
  const { ledger } = config.stores;
  if (ledger === undefined) {
    throw new ExitError(
      2,
      'the configuration keeps no usage; add `stores.ledger`, such as `stores: { ledger: { sqlite: usage.db } }`',
    );
  }
  const address = 'sqlite' in ledger ? resolve(ledger.sqlite) : ledger.postgres.reveal();
  // Opening a file that is not there would make an empty one.
  if ('sqlite' in ledger && !existsSync(address)) {
    throw new ExitError(1, `there is no ledger at ${address} yet; the gateway makes it when it first starts`);
  }
  try {
    const database = await openDatabase(address, { maxConnections: 1 });
    try {
      const reports = createLedger(database);
      await use((query) => reportUsage(reports, parseInput(usageQuery, queryFields(query)), Date.now()));
    } finally {
      await database.close();
    }
  } catch (error) {
    if (error instanceof AdminError || GatewayError.is(error)) throw new ExitError(2, error.message);
    if (error instanceof DatabaseError) throw new ExitError(1, `the ledger cannot be read: ${error.message}`);
    throw error;
  }
}
