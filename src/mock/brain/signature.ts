import { hashText } from '../random.ts';

const PREFIX = 'mock-sig';

/**
 * The token a provider would put beside a thought (Anthropic's `signature`, Gemini's
 * `thoughtSignature`, OpenAI's `encrypted_content`): base64, made from the text alone, so that any
 * mock can check it later. It proves that the text came back unchanged, and nothing more.
 */
export function signText(text: string): string {
  const sum = [0, 1, 2, 3].map((seed) => hashText(text, seed).toString(16).padStart(8, '0')).join('');
  return btoa(`${PREFIX}:${sum}`);
}

/** Whether `signature` is what `signText` made of `text`. */
export function isSignatureOf(signature: unknown, text: string): boolean {
  return signature === signText(text);
}

/** Whether `signature` was made by `signText`, of whatever text. */
export function isMockSignature(signature: unknown): boolean {
  if (typeof signature !== 'string') return false;
  try {
    return atob(signature).startsWith(`${PREFIX}:`);
  } catch {
    // Not base64: certainly not one of ours.
    return false;
  }
}
