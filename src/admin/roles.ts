/** What a token may do: `viewer` reads, `operator` also changes limits and endpoints, `admin` also keys and the configuration. */
export type AdminRole = 'viewer' | 'operator' | 'admin';

/** Who may call a route at least; `monitor` are probes and scrapers, who need no token and come from other machines. */
export type Access = 'monitor' | AdminRole;

/** Who calls: the name of the token, for the audit log, and its role. */
export interface Actor {
  readonly name: string;
  readonly role: AdminRole;
}

/** Who calls from this machine while no token is configured. */
export const LOOPBACK_ACTOR: Actor = { name: 'loopback', role: 'viewer' };

const RANKS: Readonly<Record<AdminRole, number>> = { viewer: 1, operator: 2, admin: 3 };

/** Whether a role may call what asks for `access`. */
export function permits(role: AdminRole, access: Access): boolean {
  return access === 'monitor' || RANKS[role] >= RANKS[access];
}
