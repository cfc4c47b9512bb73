import { GatewayError } from '../errors/gateway-error.ts';
import { DEFAULT_MAX_FRAME_CHARS, type TextFramer, type TextFramerOptions } from './sse-framer.ts';

/**
 * Cuts lines out of text that arrives in any pieces: one JSON value a line (NDJSON), ended by LF or CRLF.
 * Blank lines are skipped; `end()` delivers a last line without an end. The lines are not parsed.
 * Throws GatewayError `provider_bad_response` over the limit.
 */
export function createJsonLinesFramer(onLine: (line: string) => void, options: TextFramerOptions = {}): TextFramer {
  const maxChars = options.maxFrameChars ?? DEFAULT_MAX_FRAME_CHARS;
  let tail = '';

  function takeLine(line: string): void {
    if (line.length > maxChars) {
      throw new GatewayError('provider_bad_response', `The provider sent a line of more than ${maxChars} characters.`);
    }
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text.trim() !== '') onLine(text);
  }

  return {
    push(text) {
      let from = 0;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
        const line = tail + text.slice(from, end);
        tail = '';
        from = end + 1;
        takeLine(line);
      }
      if (from === text.length) return;
      tail += text.slice(from);
      if (tail.length > maxChars) takeLine(tail);
    },
    end() {
      const line = tail;
      tail = '';
      takeLine(line);
    },
  };
}
