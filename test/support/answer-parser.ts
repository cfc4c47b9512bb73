/** One HTTP/1.1 answer as it stood on the wire. */
export interface RawAnswer {
  status: number;
  /** By lower-case name; several of one name are joined by a comma. */
  headers: Record<string, string>;
  body: Buffer;
  /** Whether its own framing says that it is whole. An answer that ends with its connection is whole at the end. */
  complete: boolean;
}

/** Reads the answers on one client connection, strictly by their framing (RFC 9112 section 6). */
export interface AnswerParser {
  push(chunk: Buffer): void;
  /** The connection ended. */
  end(): void;
  /** Final answers in order; the last may not be complete yet. */
  readonly answers: readonly RawAnswer[];
  /** Statuses of interim answers. */
  readonly interim: readonly number[];
  /** What stood where an answer should begin. */
  readonly garbage: string;
}

const HEAD_END = Buffer.from('\r\n\r\n');

interface OpenAnswer extends RawAnswer {
  framing: 'length' | 'chunked' | 'close';
  missing: number;
  pieces: Buffer[];
}

function parseHead(text: string): OpenAnswer | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) return undefined;
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  const chunked = headers['transfer-encoding']?.toLowerCase() === 'chunked';
  const length = headers['content-length'];
  const empty = status === '204' || status === '304';
  return {
    status: Number(status),
    headers,
    body: Buffer.alloc(0),
    complete: false,
    framing: empty || (length !== undefined && !chunked) ? 'length' : chunked ? 'chunked' : 'close',
    missing: empty ? 0 : Number(length ?? 0),
    pieces: [],
  };
}

/** Makes a parser. `headOnly` is for answers to HEAD requests. */
export function createAnswerParser(options: { headOnly?: boolean } = {}): AnswerParser {
  const answers: RawAnswer[] = [];
  const interim: number[] = [];
  let rest: Buffer = Buffer.alloc(0);
  let open: OpenAnswer | undefined;
  let garbage = '';

  function finish(answer: OpenAnswer): void {
    answer.complete = true;
    open = undefined;
  }

  function takeBytes(answer: OpenAnswer, count: number): void {
    const piece = rest.subarray(0, count);
    rest = rest.subarray(piece.length);
    answer.pieces.push(piece);
  }

  function takeHead(): boolean {
    const end = rest.indexOf(HEAD_END);
    if (end === -1) return false;
    const answer = parseHead(rest.toString('latin1', 0, end));
    if (answer === undefined) {
      garbage += rest.toString('latin1');
      rest = Buffer.alloc(0);
      return false;
    }
    rest = rest.subarray(end + HEAD_END.length);
    if (answer.status < 200) {
      interim.push(answer.status);
      return true;
    }
    if (options.headOnly === true) {
      answer.framing = 'length';
      answer.missing = 0;
    }
    answers.push(answer);
    open = answer;
    Object.defineProperty(answer, 'body', { get: () => Buffer.concat(answer.pieces), enumerable: true });
    return true;
  }

  /** Returns false when more bytes are needed. */
  function takeChunk(answer: OpenAnswer): boolean {
    if (answer.missing > 2) {
      const count = Math.min(answer.missing - 2, rest.length);
      takeBytes(answer, count);
      answer.missing -= count;
      if (answer.missing > 2) return false;
    }
    if (answer.missing > 0) {
      if (rest.length < answer.missing) return false;
      rest = rest.subarray(answer.missing);
      answer.missing = 0;
    }
    const lineEnd = rest.indexOf('\r\n');
    if (lineEnd === -1) return false;
    const size = Number.parseInt(rest.toString('latin1', 0, lineEnd), 16);
    if (size > 0) {
      rest = rest.subarray(lineEnd + 2);
      answer.missing = size + 2;
      return true;
    }
    if (rest.length < lineEnd + 4) return false;
    rest = rest.subarray(lineEnd + 4);
    finish(answer);
    return true;
  }

  function takeBody(answer: OpenAnswer): boolean {
    if (answer.framing === 'chunked') return takeChunk(answer);
    if (answer.framing === 'close') {
      takeBytes(answer, rest.length);
      return false;
    }
    const count = Math.min(answer.missing, rest.length);
    takeBytes(answer, count);
    answer.missing -= count;
    if (answer.missing > 0) return false;
    finish(answer);
    return true;
  }

  return {
    answers,
    interim,
    get garbage() {
      return garbage + rest.toString('latin1');
    },
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let more = true;
      while (more) {
        if (open !== undefined) more = takeBody(open);
        else more = rest.length > 0 && takeHead();
      }
    },
    end() {
      if (open?.framing === 'close') finish(open);
    },
  };
}
