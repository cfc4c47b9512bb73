const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The UTF-8 text of standard base64 (line breaks allowed); undefined when it is none. */
export function decodeBase64(encoded: string): string | undefined {
  const packed = encoded.replaceAll(/\s/g, '');
  if (!BASE64.test(packed)) return undefined;
  return new TextDecoder().decode(Uint8Array.from(atob(packed), (character) => character.charCodeAt(0)));
}
