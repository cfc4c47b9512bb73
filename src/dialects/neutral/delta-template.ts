import { isPlainJson } from '../../json/write-json.ts';

/**
 * Knows again the frames of a stream that say the next piece of a text. Providers write thousands of frames that differ
 * in that piece alone: once one was parsed, a comparison of what stands before and behind the piece tells all about
 * the next, for a fraction of what parsing costs.
 */
export class DeltaTemplate {
  /** What stands before the piece, its opening quote included; empty while nothing is known. */
  #before = '';
  /** What stands behind the piece, its closing quote included, without the object's last brace. */
  #behind = '';

  /** Learns from a frame: `data` is a JSON object whose only field `text` is `piece`. */
  learn(data: string, piece: string): void {
    this.#before = '';
    if (piece === '' || !isPlainJson(piece) || !data.endsWith('}')) return;
    const literal = `"${piece}"`;
    const at = data.indexOf(literal);
    // What stands in two places cannot be told apart, nor what is written with escapes.
    if (at === -1 || data.indexOf(literal, at + 1) !== -1 || !NAMED.test(data.slice(0, at))) return;
    this.#before = data.slice(0, at + 1);
    this.#behind = withoutBrace(data, at + 1 + piece.length);
  }

  /** Forgets what was learned: the next frames mean something else. */
  forget(): void {
    this.#before = '';
  }

  /**
   * The piece in a frame that is the learned one with another piece; undefined for all others, and for pieces that are
   * empty or written with escapes. Spaces before the last brace, which some providers add, say nothing.
   */
  pieceOf(data: string): string | undefined {
    const before = this.#before;
    if (before === '' || !data.startsWith(before)) return undefined;
    const end = data.indexOf('"', before.length);
    const behind = this.#behind;
    if (end <= before.length || !data.startsWith(behind, end)) return undefined;
    let last = end + behind.length;
    while (data.charCodeAt(last) === SPACE) last++;
    if (last !== data.length - 1 || data.charCodeAt(last) !== BRACE) return undefined;
    const piece = data.slice(before.length, end);
    return isPlainJson(piece) ? piece : undefined;
  }
}

const SPACE = 0x20;
const BRACE = 0x7d;
const NAMED = /"text":\s*$/;

function withoutBrace(data: string, from: number): string {
  let end = data.length - 1;
  while (data.charCodeAt(end - 1) === SPACE) end--;
  return data.slice(from, end);
}
