/**
 * The mock's token count, for input and output alike: a token is four characters (UTF-16 units),
 * the last one may be shorter.
 */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** Tokens an image, a document, a sound or a video counts for, whatever its size. */
export const MEDIA_TOKENS = 100;

/** Cuts `text` into pieces of `size` UTF-16 units (default 4, one token), never inside a surrogate pair. */
export function textPieces(text: string, size = 4): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = start + cutLength(text, start, size);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

/** The first `tokens` tokens of `text`, without half a surrogate pair at the end. */
export function firstTokens(text: string, tokens: number): string {
  const end = tokens * 4;
  if (text.length <= end) return text;
  return isHighSurrogate(text, end - 1) ? text.slice(0, end - 1) : text.slice(0, end);
}

function cutLength(text: string, start: number, size: number): number {
  return isHighSurrogate(text, start + size - 1) ? size + 1 : size;
}

function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit <= 0xdbff;
}
