import { base64ToText, textToBase64 } from '../bedrock-converse/opaque-bytes.ts';
import { DIALECT_NAMES, type DialectName } from '../names.ts';

/** Stands before the signature of another provider's thought; the whole is base64, since the field is of type bytes. */
const MARK = 'aigw-sig:';
/** The beginning of `MARK` in base64. */
const START = 'YWlndy1zaWc6';

/** A thought's signature as a Gemini client gets it: that of another provider's thought is told apart when it comes back. */
export function packSignature(signature: string, provider: DialectName | undefined): string {
  if (provider === undefined || provider === 'gemini') return signature;
  return textToBase64(`${MARK}${provider}:${signature}`);
}

/** What `packSignature` made of another provider's signature, in either alphabet of base64; `undefined` for Gemini's own. */
export function unpackSignature(text: string): { provider: DialectName; signature: string } | undefined {
  if (!text.startsWith(START)) return undefined;
  const packed = base64ToText(text.replaceAll('-', '+').replaceAll('_', '/'))?.slice(MARK.length);
  const colon = packed?.indexOf(':') ?? -1;
  const provider = DIALECT_NAMES.find((name) => name === packed?.slice(0, colon));
  return packed === undefined || provider === undefined ? undefined : { provider, signature: packed.slice(colon + 1) };
}
