import { base62, hasGoodChecksum, keyChecksum, looksIssued } from '../../config/issued-key-form.ts';

const MARK = 'aigw-';
/** 64 bits: names the key, is no secret. */
const ID_BYTES = 8;
const ID_LENGTH = 11;
/** 160 bits. */
const SECRET_BYTES = 20;
const SECRET_LENGTH = 27;

/**
 * What finds issued keys in texts, for scanners of secrets: RE2 syntax. 49 characters, of which the last six are the
 * CRC-32 (IEEE) of all before, in base 62 with the digits `0-9A-Za-z`, the most significant first.
 */
export const ISSUED_KEY_PATTERN = '\\baigw-[0-9A-Za-z]{44}\\b';

/** An issued key as far as it may be shown. */
export interface KeyName {
  /** Eleven characters that name the key. */
  readonly id: string;
  /** How the key begins: what people are shown in its place. */
  readonly prefix: string;
}

/** A new key: its text is shown once and not kept. */
export interface NewKey extends KeyName {
  readonly text: string;
}

/** Makes a key of 224 random bits, 160 of them secret. `randomBytes` must be fit for secrets. */
export function createKey(randomBytes: (count: number) => Uint8Array): NewKey {
  const id = base62(toInteger(randomBytes(ID_BYTES)), ID_LENGTH);
  const secret = base62(toInteger(randomBytes(SECRET_BYTES)), SECRET_LENGTH);
  const body = `${MARK}${id}${secret}`;
  return { id, prefix: `${MARK}${id}`, text: `${body}${keyChecksum(body)}` };
}

/**
 * Reads an issued key: undefined when the text has another form or its checksum is wrong, so that a mistyped or invented
 * key costs no look-up. Says nothing of whether the key was ever issued.
 */
export function parseKey(text: string): KeyName | undefined {
  if (!hasIssuedForm(text) || !hasGoodChecksum(text)) return undefined;
  const prefix = text.slice(0, MARK.length + ID_LENGTH);
  return { id: prefix.slice(MARK.length), prefix };
}

/** Whether a text looks like an issued key, whatever its checksum. A configured key must not. */
export function hasIssuedForm(text: string): boolean {
  return looksIssued(text);
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}
