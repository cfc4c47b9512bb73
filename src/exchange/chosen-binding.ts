import type { FamilyDialect } from '../dialects/family-dialects.ts';
import type { DialectBinding } from '../providers/provider.ts';

/** The API in which a target is spoken to for one request. */
export interface ChosenBinding {
  readonly dialect: FamilyDialect;
  readonly binding: DialectBinding;
  /** Whether request and answer keep the client's API. */
  readonly sameDialect: boolean;
}
