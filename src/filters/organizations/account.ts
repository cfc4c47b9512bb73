import type { Matcher } from '../../routing/pattern.ts';
import type { CompiledLimit } from '../limits/limit.ts';
import type { LimitSet } from '../limits/limit-set.ts';

/** The levels of an organization, from the outside in. */
export type AccountLevel = 'organization' | 'team' | 'user' | 'key';

/** What one level is confined to; undefined where it is not. */
export interface Allowances {
  readonly models: readonly Matcher[] | undefined;
  readonly operations: ReadonlySet<string> | undefined;
  readonly routes: ReadonlySet<string> | undefined;
  /** Whether it may be used from an address. */
  readonly addresses: Matcher | undefined;
  /** Until when it is valid, in epoch milliseconds; Infinity without end. */
  readonly expiresMs: number;
}

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
  /** This level or the nearest above that is confined to anything; undefined: none is. */
  readonly confined: Account | undefined;
  /** Labels of this level over those of the levels above. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Limits and budgets of this level alone; those of the levels above hold too. */
  readonly limits: readonly CompiledLimit[];
  /** Those of this level and of all above. */
  readonly allLimits: LimitSet;
}
