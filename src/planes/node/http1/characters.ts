/** A method or the name of a header (RFC 9110 §5.6.2). */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What stands in no value of a header (RFC 9110 §5.5). A character over one byte would be cut to one, which may be any. */
export const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** By code of one byte: 1 for the characters of tokens. */
export const TOKEN_CODES: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) =>
  TOKEN.test(String.fromCharCode(code)) ? 1 : 0,
);

/** Whether a value may hold a character of one byte: no control characters but the tab. */
export function isValueCode(code: number): boolean {
  return (code >= 0x20 && code !== 0x7f) || code === 0x09;
}
