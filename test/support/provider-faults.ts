import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { ProviderApi } from './providers.ts';
import type { ProviderCall } from './raw-provider.ts';

/** What a client must see of a fault that nothing else makes up for. */
export type FaultOutcome =
  /** An error answer: nothing had been sent yet, so another target could have answered instead. */
  | { kind: 'refused'; status: number; error: string | null }
  /** The whole answer, as if nothing had been. */
  | { kind: 'whole' }
  /** A stream that began and ends with an error of the client's dialect. */
  | { kind: 'broken-stream'; error: string }
  /** A body that began and whose connection is cut. */
  | { kind: 'cut'; error: string };

/** One way for a provider to fail, or to be unusual. */
export interface Fault {
  name: string;
  outcome: FaultOutcome;
  /** Set where the route's short time limits must end it. */
  hasty?: true;
  /** Set where only the limit of the whole exchange ends it, which leaves no time for another target. */
  lasting?: true;
  /** Whether the gateway has to give up the connection. */
  closes?: true;
  /** Whether it applies where the provider's bytes pass untranslated (`same`), or are translated; both unless set. */
  only?: 'same' | 'translated';
  /** Set where it takes so long that one pair of APIs must do for all. */
  costly?: true;
  /** Does it. `seen` resolves when the client has the text before the cut. */
  play(call: ProviderCall, api: ProviderApi, seen: () => Promise<void>): void | Promise<void>;
}

const UNREACHABLE: FaultOutcome = { kind: 'refused', status: 502, error: 'provider_unreachable' };
const BAD_RESPONSE: FaultOutcome = { kind: 'refused', status: 502, error: 'provider_bad_response' };
const STREAM_ERROR: FaultOutcome = { kind: 'refused', status: 502, error: 'provider_stream_error' };
const TIMEOUT: FaultOutcome = { kind: 'refused', status: 504, error: 'provider_timeout' };
const WHOLE: FaultOutcome = { kind: 'whole' };

function jsonHead(call: ProviderCall, length: number): void {
  call.socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`);
}

function encoded(coding: string, compress: (bytes: Uint8Array) => Uint8Array): Fault['play'] {
  return (call, api) =>
    call.reply(
      200,
      { 'content-type': 'application/json', 'content-encoding': coding },
      compress(Buffer.from(api.json)),
    );
}

function startStream(call: ProviderCall, api: ProviderApi, headers: Record<string, string> = {}): void {
  call.head(200, { 'content-type': api.streamType, ...headers });
}

function wholeStream(api: ProviderApi): Buffer {
  return Buffer.concat(api.frames);
}

/** Sends the frames before the cut and waits until the client has them. */
async function halfStream(call: ProviderCall, api: ProviderApi, seen: () => Promise<void>): Promise<void> {
  startStream(call, api);
  for (const frame of api.frames.slice(0, api.cutAfter)) call.chunk(frame);
  await seen();
}

function trickle(call: ProviderCall, bytes: Uint8Array, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => {
    if (call.socket.destroyed || at >= bytes.length) {
      clearInterval(timer);
      return;
    }
    call.socket.write(bytes.subarray(at, at + 1));
    at++;
  }, everyMs);
}

/** Faults before there is any answer: they are the same for streams and whole answers. */
export const FAULTS_BEFORE_HEAD: readonly Fault[] = [
  { name: 'reset before the head', outcome: UNREACHABLE, play: (call) => void call.socket.resetAndDestroy() },
  { name: 'close before the head', outcome: UNREACHABLE, play: (call) => void call.socket.end() },
  {
    name: 'reset inside the head',
    outcome: UNREACHABLE,
    play: (call) => void call.socket.write('HTTP/1.1 200 OK\r\ncontent-ty', () => call.socket.resetAndDestroy()),
  },
  { name: 'silence', outcome: TIMEOUT, hasty: true, closes: true, play: () => undefined },
  {
    name: 'no HTTP',
    outcome: BAD_RESPONSE,
    closes: true,
    play: (call) => void call.socket.write('220 mail.example ESMTP ready\r\n\r\n'),
  },
  {
    name: 'endless headers',
    outcome: BAD_RESPONSE,
    closes: true,
    play(call) {
      call.socket.write('HTTP/1.1 200 OK\r\n');
      const line = `x-more: ${'a'.repeat(8000)}\r\n`;
      const more = () => {
        while (!call.socket.destroyed && call.socket.write(line));
      };
      call.socket.on('drain', more);
      more();
    },
  },
  {
    name: 'control character in a header',
    outcome: BAD_RESPONSE,
    play: (call, api) =>
      void call.socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-odd: a\u0001b\r\ncontent-length: ${api.json.length}\r\n\r\n${api.json}`,
      ),
  },
  {
    name: 'length and another length',
    outcome: BAD_RESPONSE,
    closes: true,
    play: (call) => void call.socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'),
  },
  {
    name: 'coding that was not asked for',
    outcome: BAD_RESPONSE,
    closes: true,
    play: (call) => call.reply(200, { 'content-type': 'application/json', 'content-encoding': 'zstd' }, '(\u00b5/'),
  },
  {
    name: 'coding named like a property of every object',
    outcome: BAD_RESPONSE,
    closes: true,
    play: (call, api) =>
      call.reply(200, { 'content-type': 'application/json', 'content-encoding': 'constructor' }, api.json),
  },
  {
    name: 'page of HTML with status 200',
    outcome: BAD_RESPONSE,
    play: (call) => call.reply(200, { 'content-type': 'text/html' }, '<html><body>Sign in first</body></html>'),
  },
  {
    name: 'page of HTML with status 503',
    outcome: { kind: 'refused', status: 503, error: null },
    play: (call) => call.reply(503, { 'content-type': 'text/html', 'retry-after': '7' }, '<h1>Back soon</h1>'),
  },
  {
    name: 'reset inside an error answer',
    outcome: { kind: 'refused', status: 500, error: null },
    play: (call) =>
      void call.socket.write('HTTP/1.1 500 Oops\r\ncontent-length: 100\r\n\r\n{"error"', () => call.socket.end()),
  },
];

/** Faults of whole answers. */
export const WHOLE_FAULTS: readonly Fault[] = [
  ...FAULTS_BEFORE_HEAD,
  {
    name: 'reset behind the head',
    outcome: UNREACHABLE,
    play: (call) =>
      void call.socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n', () =>
        call.socket.resetAndDestroy(),
      ),
  },
  {
    name: 'body shorter than its length',
    outcome: UNREACHABLE,
    play(call, api) {
      jsonHead(call, api.json.length + 10);
      call.socket.end(api.json);
    },
  },
  {
    name: 'body without the end of its last chunk',
    outcome: UNREACHABLE,
    play(call, api) {
      call.head(200, { 'content-type': 'application/json' });
      call.chunk(api.json);
      call.socket.end();
    },
  },
  {
    name: 'silence behind the head',
    outcome: TIMEOUT,
    hasty: true,
    closes: true,
    play: (call) => jsonHead(call, 10),
  },
  {
    name: 'body that trickles for longer than the request may take',
    outcome: TIMEOUT,
    hasty: true,
    lasting: true,
    closes: true,
    play(call, api) {
      jsonHead(call, api.json.length);
      trickle(call, Buffer.from(api.json), 20);
    },
  },
  {
    name: 'body that trickles',
    outcome: WHOLE,
    play(call, api) {
      jsonHead(call, api.json.length);
      trickle(call, Buffer.from(api.json), 0);
    },
  },
  {
    name: 'text as JSON',
    outcome: BAD_RESPONSE,
    play: (call) => call.reply(200, { 'content-type': 'application/json' }, 'upstream connect error'),
  },
  {
    name: 'JSON cut in the middle',
    outcome: BAD_RESPONSE,
    play: (call, api) => call.reply(200, { 'content-type': 'application/json' }, api.json.slice(0, -9)),
  },
  {
    name: 'nothing as JSON',
    outcome: BAD_RESPONSE,
    play: (call) => call.reply(200, { 'content-type': 'application/json' }, ''),
  },
  { name: 'gzip', outcome: WHOLE, play: encoded('gzip', gzipSync) },
  { name: 'gzip in capitals', outcome: WHOLE, play: encoded('GZIP', gzipSync) },
  { name: 'br', outcome: WHOLE, play: encoded('br', brotliCompressSync) },
  { name: 'deflate', outcome: WHOLE, play: encoded('deflate', deflateSync) },
  {
    name: 'deflate without a header, as some servers send it',
    outcome: WHOLE,
    play: encoded('deflate', deflateRawSync),
  },
  { name: 'gzip that is none', outcome: BAD_RESPONSE, play: encoded('gzip', (bytes) => bytes) },
  {
    name: 'gzip cut in the middle',
    outcome: BAD_RESPONSE,
    play: encoded('gzip', (bytes) => gzipSync(bytes).subarray(0, 60)),
  },
  {
    name: 'gzip that unpacks to 70 MB of nothing',
    outcome: BAD_RESPONSE,
    only: 'translated',
    costly: true,
    play: encoded('gzip', () => gzipSync(Buffer.alloc(70_000_000, ' '))),
  },
  ...[102, 103].map(
    (status): Fault => ({
      name: `interim answer ${status}`,
      outcome: WHOLE,
      play(call, api) {
        call.socket.write(`HTTP/1.1 ${status} Wait\r\n${status === 103 ? 'link: </a>\r\n' : ''}\r\n`);
        call.reply(200, { 'content-type': 'application/json' }, api.json);
      },
    }),
  ),
  {
    name: 'answer of 70 MB',
    outcome: BAD_RESPONSE,
    only: 'translated',
    costly: true,
    closes: true,
    play(call) {
      jsonHead(call, 70_000_000);
      const piece = Buffer.alloc(1_000_000, ' ');
      for (let count = 0; count < 70; count++) call.socket.write(piece);
    },
  },
  {
    name: 'large answer that breaks off',
    outcome: { kind: 'cut', error: 'provider_unreachable' },
    only: 'same',
    play(call, api) {
      jsonHead(call, 4_000_000);
      call.socket.end(api.json + ' '.repeat(3_000_000));
    },
  },
];

/** Faults of streams. */
export const STREAM_FAULTS: readonly Fault[] = [
  ...FAULTS_BEFORE_HEAD,
  {
    name: 'reset behind the head',
    outcome: UNREACHABLE,
    play(call, api) {
      startStream(call, api);
      setImmediate(() => call.socket.resetAndDestroy());
    },
  },
  ...(['same', 'translated'] as const).map(
    (only): Fault => ({
      name: 'end without an event',
      // Only a reader of the events knows that it is one of them that is missing.
      outcome: only === 'same' ? BAD_RESPONSE : STREAM_ERROR,
      only,
      play(call, api) {
        startStream(call, api);
        call.end();
      },
    }),
  ),
  {
    name: 'silence behind the head',
    outcome: TIMEOUT,
    hasty: true,
    closes: true,
    play: (call, api) => startStream(call, api),
  },
  {
    name: 'error as first event',
    outcome: STREAM_ERROR,
    play(call, api) {
      startStream(call, api);
      call.chunk(api.errorFrame);
      call.end();
    },
  },
  {
    name: 'error as first event, in two pieces',
    outcome: STREAM_ERROR,
    play(call, api) {
      startStream(call, api);
      call.chunk(api.errorFrame.subarray(0, 12));
      setTimeout(() => {
        call.chunk(api.errorFrame.subarray(12));
        call.end();
      }, 20);
    },
  },
  {
    name: 'error event in the middle',
    outcome: { kind: 'broken-stream', error: 'provider_stream_error' },
    async play(call, api, seen) {
      await halfStream(call, api, seen);
      call.chunk(api.errorFrame);
      call.end();
    },
  },
  {
    name: 'end in the middle',
    outcome: { kind: 'broken-stream', error: 'provider_stream_error' },
    async play(call, api, seen) {
      await halfStream(call, api, seen);
      call.end();
    },
  },
  {
    name: 'reset in the middle',
    outcome: { kind: 'broken-stream', error: 'provider_unreachable' },
    async play(call, api, seen) {
      await halfStream(call, api, seen);
      call.socket.resetAndDestroy();
    },
  },
  {
    name: 'cut inside an event',
    outcome: { kind: 'broken-stream', error: 'provider_unreachable' },
    async play(call, api, seen) {
      await halfStream(call, api, seen);
      call.chunk((api.frames[api.cutAfter] as Uint8Array).subarray(0, 20));
      call.socket.end();
    },
  },
  {
    name: 'silence in the middle',
    outcome: { kind: 'broken-stream', error: 'provider_timeout' },
    hasty: true,
    closes: true,
    play: halfStream,
  },
  {
    name: 'nonsense in the middle',
    outcome: { kind: 'broken-stream', error: 'provider_bad_response' },
    only: 'translated',
    closes: true,
    async play(call, api, seen) {
      await halfStream(call, api, seen);
      call.chunk('data: {"broken\n\n\n\n');
    },
  },
  {
    name: 'one byte at a time',
    outcome: WHOLE,
    play(call, api) {
      call.socket.write(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: ${api.streamType}\r\n\r\n`);
      const bytes = wholeStream(api);
      let at = 0;
      const next = () => {
        if (at === bytes.length) call.socket.end();
        else call.socket.write(bytes.subarray(at, ++at), () => setImmediate(next));
      };
      next();
    },
  },
  ...(
    [
      ['gzip', gzipSync],
      ['br', brotliCompressSync],
      ['deflate', deflateSync],
    ] as const
  ).map(
    ([coding, compress]): Fault => ({
      name: `stream in ${coding}`,
      outcome: WHOLE,
      play(call, api) {
        startStream(call, api, { 'content-encoding': coding });
        call.chunk(compress(wholeStream(api)));
        call.end();
      },
    }),
  ),
  {
    name: 'stream in gzip that is none',
    outcome: BAD_RESPONSE,
    play(call, api) {
      startStream(call, api, { 'content-encoding': 'gzip' });
      call.chunk(wholeStream(api));
      call.end();
    },
  },
  {
    name: 'interim answer before a stream',
    outcome: WHOLE,
    play(call, api) {
      call.socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n');
      startStream(call, api);
      call.chunk(wholeStream(api));
      call.end();
    },
  },
  {
    name: 'reset behind the last event',
    outcome: WHOLE,
    play(call, api) {
      startStream(call, api);
      call.chunk(wholeStream(api));
      // Both as one segment or two: whatever befalls the connection now, the answer is whole.
      setTimeout(() => call.socket.resetAndDestroy(), 20);
    },
  },
];
