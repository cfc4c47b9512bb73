import type { ProviderCall } from '../../support/raw-provider.ts';
import { asksForStream, type ScriptedApi, scriptedApi } from './scripted-apis.ts';

/** One way for a provider to fail. */
export interface StormFault {
  name: string;
  /** Whether the client may have seen content when it comes. */
  commits: boolean;
  only?: 'stream' | 'whole';
  /** How often it comes, relative to the others. */
  weight: number;
  play(call: ProviderCall, api: ScriptedApi): void;
}

const JSON_TYPE = { 'content-type': 'application/json' };
/** Long enough for the gateway to have passed on what came before. */
const SEEN_MS = 10;

function refuse(status: number, headers: Record<string, string> = {}): StormFault['play'] {
  return (call) =>
    call.reply(status, { ...JSON_TYPE, ...headers }, '{"error":{"message":"Not now.","type":"server_error"}}');
}

function begin(call: ProviderCall, api: ScriptedApi, frames: number): void {
  call.head(200, { 'content-type': api.streamType });
  if (frames > 0) call.chunk(Buffer.concat(api.frames.slice(0, frames)));
}

function later(act: () => void): void {
  setTimeout(act, SEEN_MS);
}

/** Answers as a provider that is well does. */
export function answerWell(call: ProviderCall, headers: Record<string, string> = {}): void {
  const api = scriptedApi(call.path);
  if (!asksForStream(call.path, call.body)) {
    call.reply(200, { ...JSON_TYPE, ...headers }, api.json);
    return;
  }
  call.head(200, { 'content-type': api.streamType, ...headers });
  call.chunk(Buffer.concat(api.frames));
  call.end();
}

/** What providers do; that nobody listens is done by an address. */
export const STORM_FAULTS: readonly StormFault[] = [
  { name: 'reset', commits: false, weight: 8, play: (call) => void call.socket.resetAndDestroy() },
  { name: 'close', commits: false, weight: 8, play: (call) => void call.socket.end() },
  { name: 'silence', commits: false, weight: 1, play: () => undefined },
  { name: '429', commits: false, weight: 8, play: refuse(429, { 'retry-after-ms': '20' }) },
  { name: '429 that names a second', commits: false, weight: 1, play: refuse(429, { 'retry-after': '1' }) },
  { name: '500', commits: false, weight: 8, play: refuse(500) },
  { name: '503', commits: false, weight: 8, play: refuse(503, { 'retry-after': '1' }) },
  { name: '529', commits: false, weight: 8, play: refuse(529) },
  {
    name: 'no HTTP',
    commits: false,
    weight: 6,
    play: (call) => void call.socket.write('220 mail.example ready\r\n\r\n'),
  },
  {
    name: 'page of HTML',
    commits: false,
    weight: 6,
    play: (call) => call.reply(200, { 'content-type': 'text/html' }, '<html>Sign in</html>'),
  },
  {
    name: 'head and no more',
    commits: false,
    weight: 1,
    only: 'stream',
    play: (call, api) => begin(call, api, 0),
  },
  {
    name: 'preamble and no more',
    commits: false,
    weight: 1,
    only: 'stream',
    play: (call, api) => begin(call, api, api.preamble),
  },
  {
    name: 'reset behind the preamble',
    commits: false,
    weight: 8,
    only: 'stream',
    play(call, api) {
      begin(call, api, api.preamble);
      later(() => call.socket.resetAndDestroy());
    },
  },
  {
    name: 'error event first',
    commits: false,
    weight: 8,
    only: 'stream',
    play(call, api) {
      begin(call, api, 0);
      call.chunk(api.errorFrame);
      call.end();
    },
  },
  {
    name: 'error event behind the preamble',
    commits: false,
    weight: 8,
    only: 'stream',
    play(call, api) {
      begin(call, api, api.preamble);
      later(() => {
        call.chunk(api.errorFrame);
        call.end();
      });
    },
  },
  {
    name: 'empty stream',
    commits: false,
    weight: 8,
    only: 'stream',
    play(call, api) {
      begin(call, api, 0);
      call.end();
    },
  },
  {
    name: 'end behind the preamble',
    commits: false,
    weight: 8,
    only: 'stream',
    play(call, api) {
      begin(call, api, api.preamble);
      call.end();
    },
  },
  {
    name: 'content and an error in one piece',
    commits: false,
    weight: 8,
    only: 'stream',
    play(call, api) {
      call.head(200, { 'content-type': api.streamType });
      call.chunk(Buffer.concat([...api.frames.slice(0, api.cutAfter), api.errorFrame]));
      call.end();
    },
  },
  {
    name: 'error event after content',
    commits: true,
    weight: 8,
    only: 'stream',
    play(call, api) {
      begin(call, api, api.cutAfter);
      later(() => {
        call.chunk(api.errorFrame);
        call.end();
      });
    },
  },
  {
    name: 'end after content',
    commits: true,
    weight: 8,
    only: 'stream',
    play(call, api) {
      begin(call, api, api.cutAfter);
      later(() => call.end());
    },
  },
  {
    name: 'reset after content',
    commits: true,
    weight: 8,
    only: 'stream',
    play(call, api) {
      begin(call, api, api.cutAfter);
      later(() => call.socket.resetAndDestroy());
    },
  },
  {
    name: 'silence after content',
    commits: true,
    weight: 1,
    only: 'stream',
    play: (call, api) => begin(call, api, api.cutAfter),
  },
  {
    name: 'JSON cut in the middle',
    commits: false,
    weight: 8,
    only: 'whole',
    play: (call, api) => call.reply(200, JSON_TYPE, api.json.slice(0, -9)),
  },
  { name: 'nothing as JSON', commits: false, weight: 8, only: 'whole', play: (call) => call.reply(200, JSON_TYPE, '') },
  {
    name: 'connection cut inside the body',
    commits: false,
    weight: 8,
    only: 'whole',
    play(call, api) {
      call.socket.end(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${api.json.length + 10}\r\n\r\n${api.json}`,
      );
    },
  },
];
