import { base64ToText, textToBase64 } from '../neutral/base64.ts';

/** Stands before a token that had to be wrapped, see `toBlob`. */
const WRAPPED = 'aigw:';

/**
 * A provider's opaque token as a Converse blob. AWS SDKs decode blobs from base64 and encode them again, so that
 * a token that is not base64 in its one canonical form would come back changed: such a token is wrapped.
 */
export function toBlob(token: string): string {
  if (isCanonicalBase64(token)) return token;
  return textToBase64(WRAPPED + token);
}

/** The token that `toBlob` made a blob of. */
export function fromBlob(blob: string): string {
  // base64 of `aigw:` and whatever follows begins with these characters.
  if (!blob.startsWith('YWlndz')) return blob;
  const text = base64ToText(blob);
  return text?.startsWith(WRAPPED) ? text.slice(WRAPPED.length) : blob;
}

/** Joins blobs that came in pieces: each piece is base64 of its own, with its own padding. */
export function joinBlobs(first: string, second: string): string {
  if (!first.endsWith('=')) return first + second;
  return btoa(atob(first) + atob(second));
}

function isCanonicalBase64(token: string): boolean {
  try {
    return btoa(atob(token)) === token;
  } catch {
    return false;
  }
}
