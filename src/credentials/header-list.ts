/**
 * Sets one header in a flat list of names and values (names in lower case): the first field of that name takes
 * the value, further ones go, and a missing one is appended.
 */
export function setHeader(headers: string[], name: string, value: string): void {
  let found = false;
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] !== name) continue;
    if (found) {
      headers.splice(index, 2);
      index -= 2;
    } else {
      headers[index + 1] = value;
      found = true;
    }
  }
  if (!found) headers.push(name, value);
}

/** Takes every header of that name (lower case) out of a flat list of names and values. */
export function removeHeader(headers: string[], name: string): void {
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    if (headers[index] === name) headers.splice(index, 2);
  }
}

/** The headers in which clients and providers carry keys and tokens, lower case. */
export const KEY_HEADERS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'] as const;

/** Takes every header that may carry a key or token out of a flat list of names and values. */
export function removeKeyHeaders(headers: string[]): void {
  for (const name of KEY_HEADERS) removeHeader(headers, name);
}

/** The token in an `authorization` value of scheme `Bearer`; undefined for another scheme. */
export function bearerToken(authorization: string): string | undefined {
  if (authorization.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  const token = authorization.slice(7).trim();
  return token === '' ? undefined : token;
}
