import { isIP } from 'node:net';
import { compileGlob } from '../routing/pattern.ts';

/** No model is called so: it stands for whatever a `*` may be. */
const ANYTHING = '\0';

/**
 * Whether every model that a name or glob allows is allowed by one of the parent's names or globs alone. A `*` may stand for
 * anything, so only a `*` of the parent can cover it. What only several of the parent's together cover is not seen.
 */
export function isModelCovered(glob: string, parent: readonly string[]): boolean {
  const widest = glob.replaceAll('*', ANYTHING);
  return parent.some((outer) => compileGlob(outer)(widest));
}

/** Whether an address or CIDR range lies within one of the parent's. What is no range is covered by nothing. */
export function isRangeCovered(range: string, parent: readonly string[]): boolean {
  const wanted = parseRange(range);
  if (wanted === undefined) return false;
  return parent.some((text) => {
    const outer = parseRange(text);
    return outer?.family === wanted.family && outer.first <= wanted.first && wanted.last <= outer.last;
  });
}

/** The first and the last address of a range, and its family. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** Reads an address or CIDR range; undefined when it is none. An IPv4 address in IPv6 notation is the IPv4 address. */
export function parseRange(text: string): AddressRange | undefined {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (rest.length > 0 || (family !== 4 && family !== 6)) return undefined;
  const width = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (prefix < 0 || prefix > width) return undefined;
  const host = BigInt(width - prefix);
  const first = ((family === 4 ? parseV4(address) : parseV6(address)) >> host) << host;
  return mappedV4({ family, first, last: first + (1n << host) - 1n });
}

function mappedV4(range: AddressRange): AddressRange {
  const low = 0xffff_ffffn;
  const mapped = range.family === 6 && range.first >> 32n === 0xffffn && range.last >> 32n === 0xffffn;
  return mapped ? { family: 4, first: range.first & low, last: range.last & low } : range;
}

function parseV4(address: string): bigint {
  return address.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseV6(address: string): bigint {
  // `new URL` writes every form of an address in one way, IPv4 tails included.
  const plain = new URL(`http://[${address.split('%')[0]}]/`).hostname.slice(1, -1);
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
