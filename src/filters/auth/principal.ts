import type { JsonObject } from '../../json/types.ts';
import type { Account } from '../organizations/account.ts';

/** Who sends a request, as authentication found out. Every field is there, so that all principals share one shape. */
export interface Principal {
  readonly organization: string | undefined;
  readonly team: string | undefined;
  readonly user: string | undefined;
  /** The API key by its id and its name, never its text. */
  readonly key: { readonly id: string; readonly name: string } | undefined;
  /** Claims of the verified JWT. */
  readonly claims: JsonObject | undefined;
  /** The innermost level of the organization that is known of the caller: its limits and what it may do. */
  readonly account: Account | undefined;
  readonly scopes: readonly string[];
  /** Labels of the key and the levels above it; the narrower one wins. */
  readonly metadata: Readonly<Record<string, string>>;
}

const NO_SCOPES: readonly string[] = Object.freeze([]);

/** A principal with the given fields; those that are left out are empty. */
export function createPrincipal(fields: Partial<Principal>): Principal {
  const { organization, team, user, key, claims, account, scopes = NO_SCOPES, metadata = {} } = fields;
  return { organization, team, user, key, claims, account, scopes, metadata };
}
