import { Buffer } from 'node:buffer';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { SqlValue } from './sql-database.ts';

const MAX_CURSOR = 8192;

/**
 * The position after a row as an opaque text. `shape` names the listing and its order, so that a cursor of one
 * listing is refused by another.
 */
export function encodeCursor(shape: string, values: readonly SqlValue[]): string {
  return Buffer.from(JSON.stringify([shape, ...values])).toString('base64url');
}

/**
 * The values of a cursor made by `encodeCursor` for the same shape, one for each of `types`. Anything else is a
 * GatewayError `invalid_request` for the parameter `after`.
 */
export function decodeCursor(shape: string, cursor: string, types: readonly ('text' | 'number')[]): SqlValue[] {
  const parts = cursor.length > MAX_CURSOR ? undefined : parse(cursor);
  if (!Array.isArray(parts) || parts[0] !== shape || parts.length !== types.length + 1) throw wrongCursor();
  return types.map((type, index) => {
    const value: unknown = parts[index + 1];
    if (type === 'text' && typeof value === 'string') return value;
    if (type === 'number' && Number.isSafeInteger(value)) return value as number;
    throw wrongCursor();
  });
}

/** The number of rows of a page: 1 to 1000, default 100. Anything else is a GatewayError for `limit`. */
export function pageLimit(limit: number | undefined): number {
  if (limit === undefined) return 100;
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit;
  throw new GatewayError('invalid_request', 'limit must be a whole number from 1 to 1000.', { param: 'limit' });
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}

function wrongCursor(): GatewayError {
  return new GatewayError(
    'invalid_request',
    'after is not a cursor of this listing: pass the `next` of its last page.',
    {
      param: 'after',
    },
  );
}
