import { AdminError } from './admin-error.ts';
import type { FailedLogins } from './failed-logins.ts';
import { isLoopbackAddress } from './host-check.ts';
import { type Access, type Actor, LOOPBACK_ACTOR, permits } from './roles.ts';
import type { TokenCheck } from './token-check.ts';

/** What of a request decides who calls. */
export interface Caller {
  /** Address of the socket; headers never change it. */
  readonly remoteAddress: string;
  /** Whether a proxy says that it speaks for somebody else. */
  readonly forwarded: boolean;
  /** The `authorization` header. */
  readonly authorization: string | undefined;
}

/** What access is decided by. */
export interface AccessRules {
  readonly tokens: TokenCheck;
  readonly failedLogins: FailedLogins;
  readonly nowMs: number;
}

const CHALLENGE = { 'www-authenticate': 'Bearer realm="aigw admin"' };

/**
 * Who calls, or an AdminError 401, 403 or 429. With tokens configured every route but those of monitors takes one, from this machine
 * too; without, only this machine is known. A connection from this machine that carries a forwarding header comes from a proxy and
 * counts as another machine. Whether the caller may is for `requireRole`.
 */
export function identify(caller: Caller, access: Access, { tokens, failedLogins, nowMs }: AccessRules): Actor {
  if (access === 'monitor') return LOOPBACK_ACTOR;
  if (tokens.size === 0) return identifyLoopback(caller);
  const retryAfterSeconds = failedLogins.blockedFor(caller.remoteAddress, nowMs);
  if (retryAfterSeconds > 0) {
    throw new AdminError(429, 'too_many_failed_logins', {
      message: `Too many wrong tokens came from this address; try again in ${retryAfterSeconds} s.`,
      headers: { 'retry-after': String(retryAfterSeconds) },
    });
  }
  const presented = bearerToken(caller.authorization);
  if (presented === undefined) {
    throw new AdminError(401, 'token_required', {
      message: 'Send a token of `admin.tokens` as `authorization: Bearer …`.',
      headers: CHALLENGE,
    });
  }
  const actor = tokens.find(presented);
  if (actor !== undefined) return actor;
  failedLogins.count(caller.remoteAddress, nowMs);
  throw new AdminError(401, 'token_unknown', {
    message: 'The token is none of `admin.tokens`.',
    headers: CHALLENGE,
  });
}

/** AdminError 403 unless the caller's role permits what a route asks for. */
export function requireRole(actor: Actor, access: Access): void {
  if (permits(actor.role, access)) return;
  if (actor === LOOPBACK_ACTOR) {
    throw new AdminError(403, 'token_required', {
      message: `Without \`admin.tokens\` the admin API only reads; this takes a token with the role ${access}.`,
    });
  }
  throw new AdminError(403, 'role_insufficient', {
    message: `The token "${actor.name}" has the role ${actor.role}; this takes the role ${access}.`,
  });
}

function identifyLoopback(caller: Caller): Actor {
  if (!caller.forwarded && isLoopbackAddress(caller.remoteAddress)) return LOOPBACK_ACTOR;
  throw new AdminError(403, 'loopback_only', {
    message:
      'Without `admin.tokens` this is answered to this machine only; configure a token, or call it from there or through a port forward.',
  });
}

function bearerToken(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^bearer +(\S+)$/i.exec(authorization)?.[1];
}

/** Headers by which proxies name the caller that they speak for. */
const FORWARDING_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'] as const;

/** Whether headers say that a proxy sent the request. */
export function isForwarded(headers: Readonly<Record<string, unknown>>): boolean {
  return FORWARDING_HEADERS.some((name) => headers[name] !== undefined);
}
