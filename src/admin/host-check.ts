import { isIP } from 'node:net';

/**
 * Whether a request that names this host may be answered. A page of a web site can make a browser call a local port
 * under the site's own name once its DNS answer has changed to a local address (DNS rebinding); then the `host` header
 * carries that name. So a name must be one the operator gave or a loopback name; an address cannot be rebound.
 * `undefined` is an HTTP/1.0 client, which no browser is.
 */
export function isAllowedHost(host: string | undefined, allowedNames: readonly string[]): boolean {
  if (host === undefined) return true;
  const name = hostName(host);
  if (name === undefined) return false;
  return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || allowedNames.includes(name);
}

/** Whether an address of a socket is this machine's loopback, also as an IPv4-mapped IPv6 address. */
export function isLoopbackAddress(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

/** The name in a `host` header, in lower case, without port, brackets and final dot. */
function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/?#@\s]+))(?::\d{1,5})?$/.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '');
}
