import { hasIssuedForm, parseKey } from './key-format.ts';
import { equalHashes, type KeyHasher, MAX_KEY_LENGTH } from './key-hash.ts';

/** Keys by their hash, with what is known of each. One look-up, however many there are. */
export interface KeyIndex<T> {
  /** The record of a hash as `KeyHasher` makes it; undefined when there is none. */
  find(hash: string): T | undefined;
  /** Adds a key, or replaces its record. */
  set(hash: string, record: T): void;
  /** Forgets a key; whether it was there. */
  delete(hash: string): boolean;
  readonly size: number;
}

/** Digits that find the entry; the rest is compared in constant time. */
const ADDRESS_LENGTH = 16;

/**
 * Makes an empty index. The map is addressed by a part of the hash, which nobody can steer without the server's secret;
 * the whole hash is then compared in constant time.
 */
export function createKeyIndex<T>(): KeyIndex<T> {
  return new HashedKeyIndex<T>();
}

interface Entry<T> {
  hash: string;
  record: T;
  /** Another key with the same address: expected once in billions of keys. */
  next: Entry<T> | undefined;
}

class HashedKeyIndex<T> implements KeyIndex<T> {
  readonly #entries = new Map<string, Entry<T>>();
  #size = 0;

  find(hash: string): T | undefined {
    let entry = this.#entries.get(hash.slice(0, ADDRESS_LENGTH));
    while (entry !== undefined) {
      if (equalHashes(entry.hash, hash)) return entry.record;
      entry = entry.next;
    }
    return undefined;
  }

  set(hash: string, record: T): void {
    this.delete(hash);
    const address = hash.slice(0, ADDRESS_LENGTH);
    this.#entries.set(address, { hash, record, next: this.#entries.get(address) });
    this.#size += 1;
  }

  delete(hash: string): boolean {
    const address = hash.slice(0, ADDRESS_LENGTH);
    const rest: Entry<T>[] = [];
    for (let entry = this.#entries.get(address); entry !== undefined; entry = entry.next) rest.push(entry);
    const kept = rest.filter((entry) => entry.hash !== hash);
    if (kept.length === rest.length) return false;
    this.#entries.delete(address);
    for (const { hash: other, record } of kept) {
      this.#entries.set(address, { hash: other, record, next: this.#entries.get(address) });
    }
    this.#size -= 1;
    return true;
  }

  get size(): number {
    return this.#size;
  }
}

/**
 * Finds the record of a key that a client sent: the checksum of an issued key is verified first, then the text is hashed
 * once and looked up in each index in turn, such as that of the configuration and that of the store. Undefined for a key
 * that nobody knows. The text is not kept.
 */
export function findKey<T>(text: string, hash: KeyHasher, indexes: readonly KeyIndex<T>[]): T | undefined {
  if (text === '' || text.length > MAX_KEY_LENGTH) return undefined;
  if (hasIssuedForm(text) && parseKey(text) === undefined) return undefined;
  const hashed = hash(text);
  for (const index of indexes) {
    const record = index.find(hashed);
    if (record !== undefined) return record;
  }
  return undefined;
}
