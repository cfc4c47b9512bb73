import { isIP } from 'node:net';

/** Counts wrong tokens by where they come from. */
export interface FailedLogins {
  /** Notes a wrong token. */
  count(address: string, nowMs: number): void;
  /** Seconds for which nobody from there may log in; 0 for none. */
  blockedFor(address: string, nowMs: number): number;
}

/** So many wrong tokens in a window block until its end. */
const MAX_FAILURES = 10;
const WINDOW_MS = 60_000;
/** The oldest is forgotten for a new one: memory stays bounded whoever asks. */
const MAX_ORIGINS = 1024;

/** Makes a counter that knows of no failure. Right tokens are refused too while an origin is blocked, else guessing would go on. */
export function createFailedLogins(): FailedLogins {
  const origins = new Map<string, { failures: number; untilMs: number }>();
  return {
    count(address, nowMs) {
      const origin = loginOrigin(address);
      const known = origins.get(origin);
      if (known !== undefined && nowMs < known.untilMs) {
        known.failures += 1;
        return;
      }
      origins.delete(origin);
      if (origins.size >= MAX_ORIGINS) {
        const [oldest] = origins.keys();
        if (oldest !== undefined) origins.delete(oldest);
      }
      origins.set(origin, { failures: 1, untilMs: nowMs + WINDOW_MS });
    },
    blockedFor(address, nowMs) {
      const known = origins.get(loginOrigin(address));
      if (known === undefined || known.failures < MAX_FAILURES || nowMs >= known.untilMs) return 0;
      return Math.ceil((known.untilMs - nowMs) / 1000);
    },
  };
}

/** What failed logins are counted by: an IPv4 address, or the /64 network of an IPv6 address, which belongs to one caller. */
function loginOrigin(address: string): string {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail] = plain.split('%')[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
