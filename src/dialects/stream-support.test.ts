import { createJsonLinesFramer } from '../streams/json-lines-framer.ts';
import { createSseFramer } from '../streams/sse-framer.ts';
import { createUtf8Decoder } from '../streams/utf8-decoder.ts';
import type { Dialect } from './dialect.ts';
import type { NeutralEvent } from './neutral/response.ts';
import type { Usage } from './neutral/usage.ts';
import { providerContext } from './openai/support.test.ts';

/** What the stream tests of several dialects share. Holds no tests. */

/** The events in the bytes of a stream that arrive in these pieces. */
export function eventsOf(dialect: Dialect, pieces: readonly Uint8Array[]): NeutralEvent[] {
  const events: NeutralEvent[] = [];
  const emit = (event: NeutralEvent): void => void events.push(event);
  const decoder = dialect.provider?.createStreamDecoder(providerContext());
  const utf8 = createUtf8Decoder();
  const deliver = (event: string, data: string): void => decoder?.push({ event, data }, emit);
  const framer =
    dialect.framing === 'json-lines' ? createJsonLinesFramer((line) => deliver('', line)) : createSseFramer(deliver);
  for (const piece of pieces) framer.push(utf8.decode(piece));
  framer.push(utf8.end());
  framer.end();
  decoder?.finish(emit);
  return events;
}

/** The text cut into two pieces at every byte, and into single bytes. */
export function everyCut(text: string): Uint8Array[][] {
  const bytes = Buffer.from(text);
  const cuts: Uint8Array[][] = [[...bytes].map((byte) => Uint8Array.of(byte))];
  for (let at = 0; at <= bytes.length; at++) cuts.push([bytes.subarray(0, at), bytes.subarray(at)]);
  return cuts;
}

/** What a client puts together of a stream. */
export interface Answer {
  text: string;
  thought: string;
  calls: { id: string; name: string; arguments: string }[];
  finishReason: string | undefined;
  usage: Usage | undefined;
  last: string | undefined;
}

/** Puts events together; throws where they break the order of blocks. */
export function answerOf(events: readonly NeutralEvent[]): Answer {
  const answer: Answer = {
    text: '',
    thought: '',
    calls: [],
    finishReason: undefined,
    usage: undefined,
    last: events.at(-1)?.type,
  };
  const open = new Map<number, string>();
  const calls = new Map<number, Answer['calls'][number]>();
  const expectOpen = (block: number, kind: string): void => {
    if (open.get(block) !== kind) throw new Error(`block ${block} is ${open.get(block)}, not ${kind}`);
  };
  for (const event of events) {
    switch (event.type) {
      case 'text-start':
      case 'reasoning-start':
      case 'tool-call-start':
        if (open.has(event.block)) throw new Error(`block ${event.block} began twice`);
        open.set(event.block, event.type.replace('-start', ''));
        if (event.type === 'tool-call-start') {
          const call = { id: event.id, name: event.name, arguments: '' };
          calls.set(event.block, call);
          answer.calls.push(call);
        }
        break;
      case 'text-delta':
        expectOpen(event.block, 'text');
        answer.text += event.text;
        break;
      case 'reasoning-delta':
        expectOpen(event.block, 'reasoning');
        answer.thought += event.text;
        break;
      case 'tool-call-delta': {
        expectOpen(event.block, 'tool-call');
        const call = calls.get(event.block);
        if (call !== undefined) call.arguments += event.arguments;
        break;
      }
      case 'text-end':
      case 'reasoning-end':
      case 'tool-call-end':
        expectOpen(event.block, event.type.replace('-end', ''));
        open.set(event.block, 'ended');
        break;
      case 'finish':
        answer.finishReason = event.finishReason;
        break;
      case 'usage':
        answer.usage = event.usage;
        break;
      default:
        break;
    }
  }
  for (const [block, state] of open) if (state !== 'ended') throw new Error(`block ${block} never ended`);
  return answer;
}
