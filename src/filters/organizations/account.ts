import type { CompiledLimit } from '../limits/limit.ts';
import type { Allowances } from './allowances.ts';

/** The levels of an organization, from the outside in. */
export type AccountLevel = 'organization' | 'team' | 'user' | 'key';

/** One level of an organization: who usage is counted for, and what it may do. */
export interface Account {
  readonly level: AccountLevel;
  /** Unique within its parent. */
  readonly name: string;
  /** Names from the organization down, joined by `/`: the identity in counters. Keys end in `#name`. */
  readonly path: string;
  /** The level above; undefined for an organization. */
  readonly parent: Account | undefined;
  readonly allowances: Allowances;
  /** Labels of this level over those of the levels above. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Limits and budgets of this level alone; those of the levels above hold too. */
  readonly limits: readonly CompiledLimit[];
}
