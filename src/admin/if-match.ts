import { AdminError } from './admin-error.ts';

/**
 * Whether `if-match` names the current `etag` (with its quotes), by strong comparison as RFC 9110 section 13.1.1 asks; undefined
 * without the header.
 */
export function matchesIfMatch(header: string | undefined, etag: string): boolean | undefined {
  if (header === undefined) return undefined;
  return header.split(',').some((candidate) => candidate.trim() === '*' || candidate.trim() === etag);
}

/** Refuses a change of something that the caller has not seen in its current state: 428 without the header, 412 with another tag. */
export function requireMatch(header: string | undefined, etag: string, what: string): void {
  const matches = matchesIfMatch(header, etag);
  if (matches === undefined) {
    throw new AdminError(428, 'precondition_required', {
      message: `Send the etag of the ${what} as if-match, so that nobody's change is undone unseen.`,
    });
  }
  if (!matches) throw changedMeanwhile(etag, what);
}

/** The 412 of something that was changed by somebody else; tells the current tag. */
export function changedMeanwhile(etag: string, what: string): AdminError {
  return new AdminError(412, 'changed_meanwhile', {
    message: `The ${what} was changed meanwhile; read it again and repeat the change.`,
    headers: { etag },
  });
}
