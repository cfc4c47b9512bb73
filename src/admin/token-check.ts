import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../config/secret.ts';
import type { Actor, AdminRole } from './roles.ts';

/** One entry of `admin.tokens`. */
export interface AdminToken {
  /** Name in the audit log. */
  readonly name: string;
  readonly token: Secret;
  readonly role: AdminRole;
}

/** Knows the tokens that are configured. */
export interface TokenCheck {
  readonly size: number;
  /** Who a token is of; undefined for one that is not configured. */
  find(text: string): Actor | undefined;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Makes a check that takes the same time whichever token matches, or none: digests of equal length are compared, and all of
 * them each time. Of two equal tokens the first one counts.
 */
export function createTokenCheck(tokens: readonly AdminToken[]): TokenCheck {
  const known = tokens.map(({ name, token, role }) => ({ digest: digest(token.reveal()), actor: { name, role } }));
  return {
    size: known.length,
    find(text) {
      const presented = digest(text);
      let found: Actor | undefined;
      for (const entry of known) {
        if (timingSafeEqual(entry.digest, presented)) found ??= entry.actor;
      }
      return found;
    },
  };
}
