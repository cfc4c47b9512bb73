import { createKeyIndex, type KeyIndex } from '../filters/auth/key-index.ts';
import type { Principal } from '../filters/auth/principal.ts';
import type { CompiledLimit } from '../filters/limits/limit.ts';
import { issuedKeyPrincipal } from '../filters/organizations/issued-key-account.ts';
import type { OrganizationTree } from '../filters/organizations/organization-tree.ts';
import type { IssuedKey, LimitOverride } from '../stores/keys/issued-key.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { GatewayStores } from './stores.ts';

/** Keys that were issued, and temporary changes of limits, as the database has them; followed by polling. */
export interface IssuedKeys {
  /** The keys as authentication looks them up, seen against an organization tree. */
  indexFor(tree: OrganizationTree): KeyIndex<Principal>;
  /** Whether the keys were read at least once: before that, an unknown key may well be a good one. */
  readonly loaded: boolean;
  /** The budgets of the keys that hold, each with its key's id. A key that cannot be made out against the tree has none. */
  budgets(tree: OrganizationTree): IssuedKeyBudget[];
  /** What overrides add to a limit now, in its own unit. */
  extra(limitId: string, nowMs: number): number;
  /** Reads changes now, such as after one of this process. */
  refresh(): Promise<void>;
  close(): void;
}

/** A budget that an issued key has of its own. */
export interface IssuedKeyBudget {
  readonly keyId: string;
  readonly limit: CompiledLimit;
}

/** One issued key with its principal, made when the key is first used. */
interface Entry {
  readonly key: IssuedKey;
  /** By organization tree: a reload makes another. */
  tree: OrganizationTree | undefined;
  principal: Principal | undefined;
}

/** An index whose principals are made when they are first asked for. */
class LazyIndex implements KeyIndex<Principal> {
  /** Asked each time: after a reset of the database it is another. */
  readonly #entries: () => KeyIndex<Entry>;
  readonly #tree: OrganizationTree;

  constructor(entries: () => KeyIndex<Entry>, tree: OrganizationTree) {
    this.#entries = entries;
    this.#tree = tree;
  }

  find(hash: string): Principal | undefined {
    const entry = this.#entries().find(hash);
    if (entry === undefined) return undefined;
    if (entry.tree !== this.#tree) {
      entry.tree = this.#tree;
      entry.principal = issuedKeyPrincipal(entry.key, this.#tree);
    }
    return entry.principal;
  }

  set(): void {
    throw new Error('issued keys come from the store');
  }

  delete(): boolean {
    return false;
  }

  get size(): number {
    return this.#entries().size;
  }
}

/** What was read of a database. */
interface Known {
  readonly entries: KeyIndex<Entry>;
  /** By id. */
  readonly hashes: Map<string, string>;
  readonly overrides: Map<string, LimitOverride>;
  sequence: number;
}

function nothingKnown(): Known {
  return { entries: createKeyIndex(), hashes: new Map(), overrides: new Map(), sequence: 0 };
}

/** Follows the issued keys of a database. `intervalMs` is how soon changes of other processes are seen. */
export function followIssuedKeys(stores: GatewayStores, options: { intervalMs: number; logger: Logger }): IssuedKeys {
  let known = nothingKnown();
  let loaded = false;
  let failing = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let reading: Promise<void> | undefined;

  function take({ entries, hashes }: Known, key: IssuedKey): void {
    const before = hashes.get(key.id);
    if (before !== undefined && before !== key.hash) entries.delete(before);
    hashes.set(key.id, key.hash);
    if (key.revokedMs === null) entries.set(key.hash, { key, tree: undefined, principal: undefined });
    else entries.delete(key.hash);
  }

  async function read(): Promise<void> {
    const durable = stores.durable();
    if (durable === undefined) return;
    const { keys } = await durable;
    let next = known;
    for (;;) {
      const changes = await keys.changesSince(next.sequence);
      if (changes.reset) {
        // What is known stays in force until all of the other state is read: a good key must not be unknown meanwhile.
        next = nothingKnown();
        continue;
      }
      for (const key of changes.keys) take(next, key);
      for (const override of changes.overrides) next.overrides.set(override.id, override);
      next.sequence = changes.sequence;
      if (!changes.more) break;
    }
    known = next;
    loaded = true;
    if (failing) options.logger.info('issued keys are followed again');
    failing = false;
  }

  async function refresh(): Promise<void> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    await reading;
  }

  function schedule(): void {
    if (closed) return;
    timer = setTimeout(() => {
      refresh()
        .catch((error: unknown) => {
          if (!failing) options.logger.error('issued keys cannot be read; the known ones stay', { error });
          failing = true;
        })
        .finally(schedule);
    }, options.intervalMs);
    timer.unref();
  }

  schedule();
  return {
    indexFor: (tree) => new LazyIndex(() => known.entries, tree),
    budgets(tree) {
      const found: IssuedKeyBudget[] = [];
      const index = new LazyIndex(() => known.entries, tree);
      for (const [keyId, hash] of known.hashes) {
        // Most keys have none: their accounts are made when they are first used.
        if (known.entries.find(hash)?.key.budget['budget'] === undefined) continue;
        for (const limit of index.find(hash)?.account?.limits ?? []) {
          if (limit.budget !== undefined) found.push({ keyId, limit });
        }
      }
      return found;
    },
    get loaded() {
      return loaded;
    },
    extra(limitId, nowMs) {
      if (known.overrides.size === 0) return 0;
      let sum = 0;
      for (const override of known.overrides.values()) {
        if (override.scope !== limitId || override.endedMs !== null) continue;
        if (nowMs >= override.fromMs && nowMs < override.untilMs) sum += override.amount;
      }
      return sum;
    },
    refresh,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
