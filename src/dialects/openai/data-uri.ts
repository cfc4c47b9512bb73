import type { NeutralSource } from '../neutral/request.ts';

const BASE64_MARK = ';base64,';

/** The bytes of a `data:` URI (RFC 2397) in base64; `undefined` for any other URI, percent-encoded data included. */
export function parseDataUri(uri: string): { mediaType: string; data: string } | undefined {
  if (!uri.startsWith('data:')) return undefined;
  // The header is short; a bounded search keeps a URI without the mark from being scanned to its end.
  const mark = uri.slice(0, 512).indexOf(BASE64_MARK);
  if (mark < 0) return undefined;
  const header = uri.slice('data:'.length, mark);
  const parameters = header.indexOf(';');
  const mediaType = parameters < 0 ? header : header.slice(0, parameters);
  return { mediaType: mediaType === '' ? 'text/plain' : mediaType, data: uri.slice(mark + BASE64_MARK.length) };
}

/** A `data:` URI of these bytes. */
export function toDataUri(mediaType: string, data: string): string {
  return `data:${mediaType}${BASE64_MARK}${data}`;
}

/** Where an image or file URL points: its bytes for a base64 `data:` URI, else the URL. */
export function sourceFromUrl(url: string): NeutralSource {
  const inline = parseDataUri(url);
  return inline === undefined ? { kind: 'url', url } : { kind: 'base64', ...inline };
}
