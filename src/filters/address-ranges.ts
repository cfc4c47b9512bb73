import { BlockList, isIP } from 'node:net';

function addRange(list: BlockList, range: string): void {
  const [address = '', bits] = range.split('/');
  const family = isIP(address);
  const type = family === 6 ? 'ipv6' : 'ipv4';
  if (family !== 0 && bits === undefined) list.addAddress(address, type);
  else if (family !== 0 && /^\d{1,3}$/.test(bits ?? '') && Number(bits) <= (family === 6 ? 128 : 32)) {
    list.addSubnet(address, Number(bits), type);
  } else throw new Error(`"${range}" is not an IP address or CIDR range; write one such as 10.0.0.0/8`);
}

/**
 * Whether an address is one of these, or in one of these CIDR ranges; a v4 address in v6 notation is the v4 address.
 * Throws Error with a readable message for a range that is none.
 */
export function compileAddressRanges(ranges: readonly string[]): (ip: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) addRange(list, range);
  return (ip) => {
    const plain = ip.startsWith('::ffff:') ? ip.slice(7) : ip;
    return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}
