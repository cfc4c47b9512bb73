import type { ServerResponse } from 'node:http';
import type { Frame, Reply, StreamReply, WholeReply } from './call.ts';
import type { FaultKind } from './faults.ts';
import type { Outcome } from './recorder.ts';

/** How fast an answer goes out. */
export interface Pace {
  /** Milliseconds before the first byte. */
  latencyMs: number;
  /** Milliseconds a token takes; 0: none. */
  msPerToken: number;
  /** Whether a whole answer waits for its tokens too. */
  whole: boolean;
}

/** One answer under way. Ends its timers when the client leaves or the server closes. */
export interface Exchange {
  /** Calls back after `ms`, at once when that is 0; never after the connection closed. */
  later(ms: number, action: () => void): void;
  send(reply: Reply, how: { pace: Pace; fault?: FaultKind | undefined }): void;
  /** Never answers. */
  stall(): void;
  /** Ends the connection with a TCP reset. */
  reset(): void;
}

const GARBAGE = '<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>';
const TRICKLE_BYTES = 7;
const TRICKLE_MS = 1;
const FAULT_STATUS = 500;
/** A model fails some time after what it said, which has reached its reader by then. */
const ERROR_GAP_MS = 20;

/** Wraps a response; `onEnd` is called once, with how the exchange ended. */
export function createExchange(response: ServerResponse, onEnd: (outcome: Outcome) => void): Exchange {
  let timer: NodeJS.Timeout | undefined;
  let faulted = false;
  response.on('close', () => {
    clearTimeout(timer);
    onEnd(faulted ? 'faulted' : response.writableFinished ? 'answered' : 'client-gone');
  });

  function later(ms: number, action: () => void): void {
    if (response.destroyed) return;
    if (ms <= 0) action();
    else timer = setTimeout(action, ms);
  }

  /** Ends the connection once what was written is out: the cut must not overtake its data. */
  function cutOff(): void {
    response.write('', () => response.destroy());
  }

  function writeHead(status: number, headers: Record<string, string>): void {
    response.writeHead(status, headers);
  }

  function sendWhole(reply: WholeReply, fault: FaultKind | undefined): void {
    const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : Buffer.from(reply.body);
    const headers = { ...reply.headers, 'content-length': String(body.length) };
    if (fault === 'cut') {
      faulted = true;
      writeHead(reply.status, headers);
      response.write(body.subarray(0, body.length >> 1), () => response.destroy());
    } else if (fault === 'trickle') {
      writeHead(reply.status, headers);
      pump(trickled([{ data: body, tokens: 0 }]), TRICKLE_MS);
    } else {
      writeHead(reply.status, headers);
      response.end(body);
    }
  }

  function sendStream(reply: StreamReply, pace: Pace, fault: FaultKind | undefined): void {
    writeHead(200, reply.headers);
    if (fault === 'cut') {
      faulted = true;
      const frames = [...reply.frames];
      pump(frames.slice(0, Math.max(1, frames.length >> 1)), pace.msPerToken, cutOff);
    } else if (fault === 'error-event' || fault === 'error-first') {
      faulted = true;
      const frames = fault === 'error-first' ? [] : [...reply.frames];
      const kept = frames.slice(0, frames.length >> 1);
      const message = 'The model failed (injected by the mock).';
      const errors = reply.errorFrames({ status: FAULT_STATUS, message, first: kept.length === 0 });
      const fail = () =>
        pump(
          errors.map((data) => ({ data, tokens: 0 })),
          0,
        );
      if (kept.length === 0) fail();
      // A reader in this very process must have had its turn, too.
      else pump(kept, pace.msPerToken, () => later(ERROR_GAP_MS, () => setImmediate(fail)));
    } else {
      if (fault === 'trickle') pump(trickled(reply.frames), TRICKLE_MS);
      else pump(reply.frames, pace.msPerToken);
    }
  }

  /** Writes frames at the set pace and no faster than the client reads. */
  function pump(frames: Iterable<Frame>, msPerToken: number, finish = (): void => void response.end()): void {
    const iterator = frames[Symbol.iterator]();
    const start = performance.now();
    let tokens = 0;
    const step = (): void => {
      for (;;) {
        if (response.destroyed) return;
        const next = iterator.next();
        if (next.done === true) {
          finish();
          return;
        }
        const { data } = next.value;
        tokens += next.value.tokens;
        const wait = msPerToken === 0 ? 0 : start + tokens * msPerToken - performance.now();
        if (wait > 0.5) {
          later(wait, () => {
            if (write(data)) step();
          });
          return;
        }
        if (!write(data)) return;
      }
    };
    /** Whether the next frame may follow at once; else `step` goes on when the client has read. */
    const write = (data: string | Uint8Array): boolean => {
      if (response.destroyed) return false;
      if (response.write(data)) return true;
      response.once('drain', step);
      return false;
    };
    step();
  }

  return {
    later,
    send(reply, { pace, fault }) {
      const generation = reply.kind === 'whole' && pace.whole ? (reply.usage?.output ?? 0) * pace.msPerToken : 0;
      later(pace.latencyMs + generation, () => {
        if (fault === 'garbage' || fault === 'empty') {
          faulted = true;
          writeHead(200, reply.headers);
          response.end(fault === 'garbage' ? GARBAGE : '');
        } else if (reply.kind === 'whole') {
          sendWhole(reply, fault);
        } else {
          sendStream(reply, pace, fault);
        }
      });
    },
    stall() {
      faulted = true;
    },
    reset() {
      faulted = true;
      const { socket } = response;
      if (socket === null) response.destroy();
      else socket.resetAndDestroy();
    },
  };
}

/** The same bytes in pieces of a few bytes, cutting through lines and characters; each counts as a token. */
function* trickled(frames: Iterable<Frame>): Generator<Frame> {
  for (const frame of frames) {
    const bytes = typeof frame.data === 'string' ? Buffer.from(frame.data) : frame.data;
    for (let at = 0; at < bytes.length; at += TRICKLE_BYTES) {
      yield { data: bytes.subarray(at, at + TRICKLE_BYTES), tokens: 1 };
    }
  }
}
