import { dirname, join, resolve } from 'node:path';
import type { GatewayConfig } from '../config/model.ts';
import { Secret } from '../config/secret.ts';
import type { AuditLog } from '../stores/audit/audit-log.ts';
import { createAuditLog } from '../stores/audit/sql-audit-log.ts';
import type { CounterStore } from '../stores/counters/counter-store.ts';
import { GuardedCounters } from '../stores/counters/guarded-counters.ts';
import { MemoryCounters } from '../stores/counters/memory-counters.ts';
import { openStore } from '../stores/database/open-database.ts';
import type { SqlDatabase } from '../stores/database/sql-database.ts';
import type { KeyStore } from '../stores/keys/key-store.ts';
import { createKeyStore } from '../stores/keys/sql-key-store.ts';
import type { Ledger } from '../stores/ledger/ledger.ts';
import { LedgerWriter } from '../stores/ledger/ledger-writer.ts';
import type { LedgerProblem } from '../stores/ledger/ledger-writer-types.ts';
import { createLedger } from '../stores/ledger/sql-ledger.ts';
import type { Logger } from '../telemetry/logger.ts';

type StoresConfig = GatewayConfig['stores'];

/** What the ledger's database holds. */
export interface DurableStores {
  readonly ledger: Ledger;
  readonly keys: KeyStore;
  readonly audit: AuditLog;
}

/** The stores of a configuration. */
export interface GatewayStores {
  readonly counters: CounterStore;
  /** Undefined: usage is not kept. */
  readonly writer: LedgerWriter | undefined;
  /** The database, opened when first asked for and again after a failure. Rejects while it is away; undefined: none is configured. */
  durable(): Promise<DurableStores> | undefined;
  /** Writes what waits, within `deadlineMs`, and lets go of everything. */
  close(deadlineMs: number): Promise<void>;
}

/** What stores are opened with. */
export interface StoresOptions {
  readonly logger: Logger;
  /** Takes the place of counters in this process; closing the stores leaves it open. */
  readonly counters?: CounterStore | undefined;
}

/** The longest that a start waits for the counters, and how often it looks. */
const WARM_UP_MS = 1000;
const LOOK_MS = 10;

/** Identity of a configuration of stores. Secrets are part of it, so it must not be shown. */
export function storesIdentity(config: StoresConfig): string {
  return JSON.stringify(config, function reveal(this: Record<string, unknown>, name: string, value: unknown) {
    const original = this[name];
    return original instanceof Secret ? original.reveal() : value;
  });
}

/** Lets a store connect before the first request asks it; one that is away is not waited for long. */
async function warmUp(store: { stats(): { ready: boolean } }): Promise<void> {
  for (let waitedMs = 0; !store.stats().ready && waitedMs < WARM_UP_MS; waitedMs += LOOK_MS) {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}

async function openCounters(config: StoresConfig, { logger, counters }: StoresOptions): Promise<CounterStore> {
  if (config.counters === 'memory') return counters ?? new MemoryCounters();
  const { redis } = config.counters;
  // The client is large: a gateway that counts by itself starts without it.
  const { RedisCounters } = await import('../stores/counters/redis-counters.ts');
  const allow = config.on_store_failure !== 'deny';
  const store = new RedisCounters({ url: redis.url.reveal(), cluster: redis.cluster, prefix: `${redis.prefix}:` });
  await warmUp(store);
  return new GuardedCounters({
    store,
    onFailure: allow ? 'allow' : 'deny',
    enforceLocally: config.on_store_failure === 'local',
    deadlineMs: redis.deadline,
    onChange(state, cause) {
      if (state === 'closed') logger.info('the counters answer again');
      else logger.error('the counters do not answer', { error: cause, on_store_failure: config.on_store_failure });
    },
  });
}

function databaseAddress(config: NonNullable<StoresConfig['ledger']>): string {
  return 'sqlite' in config ? resolve(config.sqlite) : config.postgres.reveal();
}

function spoolFolder(config: StoresConfig): string | undefined {
  if (config.spool.path !== undefined) return resolve(config.spool.path);
  const { ledger } = config;
  if (ledger !== undefined && 'sqlite' in ledger) return join(dirname(resolve(ledger.sqlite)), 'aigw-spool');
  return resolve('aigw-spool');
}

function describe(problem: LedgerProblem): Record<string, unknown> {
  const { kind, ...rest } = problem;
  return { problem: kind, ...rest };
}

/** Opens the database when it is needed; a failure is forgotten, so that the next call tries again. */
function createOpener(address: string): { get(): Promise<DurableStores>; close(): Promise<void> } {
  let opening: Promise<{ database: SqlDatabase; stores: DurableStores }> | undefined;
  const open = async () => {
    const database = await openStore(address);
    return {
      database,
      stores: { ledger: createLedger(database), keys: createKeyStore(database), audit: createAuditLog(database) },
    };
  };
  return {
    async get() {
      opening ??= open();
      try {
        return (await opening).stores;
      } catch (error) {
        opening = undefined;
        throw error;
      }
    },
    async close() {
      const opened = await opening?.catch(() => undefined);
      await opened?.database.close();
    },
  };
}

/**
 * Opens the stores of a configuration. A file that cannot be opened rejects; servers that are away do not: they are tried
 * again, and meanwhile the configuration says what happens.
 */
export async function openStores(config: StoresConfig, options: StoresOptions): Promise<GatewayStores> {
  const { ledger } = config;
  const database = ledger === undefined ? undefined : createOpener(databaseAddress(ledger));
  if (ledger !== undefined && 'sqlite' in ledger) await database?.get();
  const counters = await openCounters(config, options);
  const writer =
    database === undefined
      ? undefined
      : new LedgerWriter({
          ledger: { append: async (records) => (await database.get()).ledger.append(records) },
          spoolFolder: spoolFolder(config),
          flushIntervalMs: config.flush,
          maxSpoolBytes: config.spool.max,
          onProblem(problem) {
            if (problem.kind === 'back') options.logger.info('the ledger takes records again');
            else options.logger.error('usage records do not reach the ledger', describe(problem));
          },
        });
  return {
    counters,
    writer,
    durable: () => database?.get(),
    async close(deadlineMs) {
      await writer?.close(deadlineMs);
      if (counters !== options.counters) await counters.close();
      await database?.close();
    },
  };
}
