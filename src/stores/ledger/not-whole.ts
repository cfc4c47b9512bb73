import { DatabaseError, messageOf } from '../database/database-error.ts';

/** The failure of what is no UsageRecord, such as one from a spool of another version: it will never be stored. */
export function notWhole(error: unknown): DatabaseError {
  return new DatabaseError('refused', `A usage record is not whole: ${messageOf(error)}`, error);
}
