import { crc32 } from 'node:zlib';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** A CRC-32. */
const CHECK_LENGTH = 6;

const FORM = /^aigw-[0-9A-Za-z]{44}$/;

/** Whether a text looks like an issued key, whatever its checksum. A configured key must not. */
export function looksIssued(text: string): boolean {
  return FORM.test(text);
}

/** Whether a text of that form has the checksum that all before it gives. */
export function hasGoodChecksum(text: string): boolean {
  return keyChecksum(text.slice(0, -CHECK_LENGTH)) === text.slice(-CHECK_LENGTH);
}

/** The last six characters of a key: the CRC-32 (IEEE) of all before, in base 62, the most significant digit first. */
export function keyChecksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  while (text.length < CHECK_LENGTH) {
    text = DIGITS.charAt(rest % DIGITS.length) + text;
    rest = Math.floor(rest / DIGITS.length);
  }
  return text;
}

/** A number in base 62 with the digits `0-9A-Za-z`, cut to its last `length` digits. */
export function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = `${DIGITS.charAt(Number(rest % 62n))}${text}`;
  return text;
}
