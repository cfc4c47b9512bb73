import { GatewayError } from '../errors/gateway-error.ts';

/** The longest event a framer holds by default, in characters: 16 Mi. */
export const DEFAULT_MAX_FRAME_CHARS = 16 * 1024 * 1024;

/** What a text framer may be told. */
export interface TextFramerOptions {
  /** The longest frame in characters; default 16 Mi. */
  maxFrameChars?: number;
}

/** Takes the text of one stream, chunk by chunk. */
export interface TextFramer {
  /** Takes a chunk; frames that it completes are delivered before it returns. */
  push(text: string): void;
  /** The stream ended: delivers a last frame whose end marker is missing. */
  end(): void;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
/** How much longer than its value a line may be: `event: ` and a line end. */
const FIELD_NAME_CHARS = 8;
/** A byte order mark, as decoded from UTF-8 and as Latin-1. */
const BYTE_ORDER_MARKS = ['\ufeff', '\u00ef\u00bb\u00bf'];

/**
 * Cuts server-sent events (WHATWG HTML §9.2.6) out of text that arrives in any pieces. Lines end with
 * LF, CR or CRLF; comments and `id`, `retry` fields are skipped; several `data` lines are joined by LF; an
 * event without data is dropped. Unlike browsers, `end()` delivers an event whose final blank line is
 * missing: many servers leave it out.
 *
 * Works on Latin-1 text as well, where only ASCII counts. Throws GatewayError `provider_bad_response` over the limit.
 */
export function createSseFramer(
  onFrame: (event: string, data: string) => void,
  options: TextFramerOptions = {},
): TextFramer {
  const maxChars = options.maxFrameChars ?? DEFAULT_MAX_FRAME_CHARS;
  /** The line begun but not ended. Only appended to, so that it stays a rope until the line is whole. */
  let tail = '';
  let event = '';
  let data: string | undefined;
  let skipLineFeed = false;
  let atStart = true;

  function refuseOver(chars: number): void {
    if (chars > maxChars) {
      throw new GatewayError(
        'provider_bad_response',
        `The provider sent a stream event of more than ${maxChars} characters.`,
      );
    }
  }

  function dispatch(): void {
    const name = event;
    const value = data;
    event = '';
    data = undefined;
    if (value !== undefined) onFrame(name, value);
  }

  function takeLine(raw: string): void {
    let line = raw;
    if (atStart) {
      atStart = false;
      for (const mark of BYTE_ORDER_MARKS) if (line.startsWith(mark)) line = line.slice(mark.length);
    }
    if (line === '') {
      dispatch();
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    if (field === 'data') {
      const value = colon === -1 ? '' : fieldValue(line, colon + 1, line.length);
      refuseOver(event.length + value.length + (data === undefined ? 0 : data.length + 1));
      data = data === undefined ? value : `${data}\n${value}`;
    } else if (field === 'event') {
      event = colon === -1 ? '' : fieldValue(line, colon + 1, line.length);
      refuseOver(event.length + (data?.length ?? 0));
    }
  }

  function takeLines(text: string, start: number): void {
    let from = start;
    let lineFeed = text.indexOf('\n', from);
    let carriageReturn = text.indexOf('\r', from);
    for (;;) {
      if (lineFeed !== -1 && lineFeed < from) lineFeed = text.indexOf('\n', from);
      if (carriageReturn !== -1 && carriageReturn < from) carriageReturn = text.indexOf('\r', from);
      const byReturn = carriageReturn !== -1 && (lineFeed === -1 || carriageReturn < lineFeed);
      const end = byReturn ? carriageReturn : lineFeed;
      if (end === -1) break;
      const line = tail + text.slice(from, end);
      tail = '';
      from = end + 1;
      if (byReturn) {
        if (from === text.length) skipLineFeed = true;
        else if (text.charCodeAt(from) === LINE_FEED) from++;
      }
      takeLine(line);
    }
    if (from < text.length) {
      tail += text.slice(from);
      refuseOver(tail.length - FIELD_NAME_CHARS + event.length + (data?.length ?? 0));
    }
  }

  /**
   * The common shape, `data: …` or `event: …` and `data: …` and a blank line, lines ended by LF or CRLF, with nothing held
   * from before: two or three searches and one slice an event. Returns where it stopped.
   */
  function takeWholeEvents(text: string, start: number): number {
    let at = start;
    /** The next CR; a line that has one before its end is not of this shape. */
    let carriageReturn = text.indexOf('\r', at);
    for (;;) {
      let name = '';
      let dataAt = at;
      if (text.startsWith('event:', at)) {
        const nameFeed = text.indexOf('\n', at + 6);
        if (nameFeed === -1) return at;
        const nameEnd = text.charCodeAt(nameFeed - 1) === CARRIAGE_RETURN ? nameFeed - 1 : nameFeed;
        if (carriageReturn !== -1 && carriageReturn < nameEnd) return at;
        name = fieldValue(text, at + 6, nameEnd);
        dataAt = nameFeed + 1;
        if (carriageReturn !== -1 && carriageReturn < dataAt) carriageReturn = text.indexOf('\r', dataAt);
      }
      if (!text.startsWith('data:', dataAt)) return at;
      const feed = text.indexOf('\n', dataAt + 5);
      if (feed === -1) return at;
      const end = text.charCodeAt(feed - 1) === CARRIAGE_RETURN ? feed - 1 : feed;
      if (carriageReturn !== -1 && carriageReturn < end) return at;
      let behind = feed + 1;
      if (text.charCodeAt(behind) === CARRIAGE_RETURN) behind++;
      if (text.charCodeAt(behind) !== LINE_FEED) return at;
      const value = fieldValue(text, dataAt + 5, end);
      refuseOver(name.length + value.length);
      atStart = false;
      at = behind + 1;
      if (carriageReturn !== -1 && carriageReturn < at) carriageReturn = text.indexOf('\r', at);
      onFrame(name, value);
    }
  }

  return {
    push(text) {
      if (text === '') return;
      let at = 0;
      if (skipLineFeed) {
        skipLineFeed = false;
        if (text.charCodeAt(0) === LINE_FEED) at = 1;
      }
      if (tail === '' && data === undefined && event === '') at = takeWholeEvents(text, at);
      if (at < text.length) takeLines(text, at);
    },
    end() {
      if (tail !== '') {
        const line = tail;
        tail = '';
        takeLine(line);
      }
      dispatch();
    },
  };
}

function fieldValue(text: string, start: number, end: number): string {
  return text.slice(text.charCodeAt(start) === SPACE ? start + 1 : start, end);
}
