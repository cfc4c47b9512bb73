/** Stands before a token that had to be wrapped, see `toBlob`. */
const WRAPPED = 'aigw:';

/**
 * A provider's opaque token as a Converse blob. AWS SDKs decode blobs from base64 and encode them again, so that
 * a token that is not base64 in its one canonical form would come back changed: such a token is wrapped.
 */
export function toBlob(token: string): string {
  if (isCanonicalBase64(token)) return token;
  return bytesToBase64(new TextEncoder().encode(WRAPPED + token));
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

/** UTF-8 text as base64. */
export function textToBase64(text: string): string {
  return bytesToBase64(new TextEncoder().encode(text));
}

/** The UTF-8 text behind base64; undefined when it is not base64. */
export function base64ToText(base64: string): string | undefined {
  let binary: string;
  try {
    binary = atob(base64);
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

function bytesToBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}

function isCanonicalBase64(token: string): boolean {
  try {
    return btoa(atob(token)) === token;
  } catch {
    return false;
  }
}
