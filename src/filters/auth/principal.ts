import type { JsonObject } from '../../json/types.ts';
import { CounterNames } from '../limits/counter-names.ts';
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
  /** Of a key, which stays the same principal from request to request; undefined for others. */
  readonly counterNames: CounterNames | undefined;
}

const NO_SCOPES: readonly string[] = Object.freeze([]);

/** A principal with the given fields; those that are left out are empty. */
export function createPrincipal(fields: Partial<Omit<Principal, 'counterNames'>>): Principal {
  const { organization, team, user, key, claims, account, scopes = NO_SCOPES, metadata = {} } = fields;
  const counterNames = key === undefined ? undefined : new CounterNames();
  return { organization, team, user, key, claims, account, scopes, metadata, counterNames };
}
