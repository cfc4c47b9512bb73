import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { ProviderResponseContext, StreamDecoder, StreamFrame } from '../dialect.ts';
import { DeltaTemplate } from '../neutral/delta-template.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { decodeStopSequence } from './decode-response.ts';
import { decodeStreamException, isExceptionEvent } from './errors.ts';
import { decodeStopReason } from './finish-reason.ts';
import { type BlockKind, createStreamBlock, kindOfDelta, kindOfStart, type StreamBlock } from './stream-block.ts';
import { decodeUsage } from './usage.ts';
import { asNumber, asObject, asString, BEDROCK, omit } from './wire.ts';

type Emit = (event: NeutralEvent) => void;

/**
 * Makes the reader of one ConverseStream answer (API_runtime_ConverseStreamOutput). A frame's event is its
 * `:event-type`; an exception frame's is its `:exception-type`, told by the ending `Exception`. Frames of unknown type
 * are skipped unread, for AWS adds some.
 *
 * Text and reasoning come without `contentBlockStart`: their first delta opens them. A delta of another kind at the
 * same index closes the block and opens the next. An absent index means the block at hand, for a start the next one.
 */
export function createStreamDecoder(context: ProviderResponseContext): StreamDecoder {
  const open = new Map<number, StreamBlock>();
  let nextBlock = 0;
  let lastIndex = -1;
  let started = false;
  let calledTool = false;
  let stopped = false;
  let over = false;
  const template = new DeltaTemplate();
  /** The block that the template's frames continue. */
  let templateBlock: StreamBlock | undefined;

  function start(emit: Emit): void {
    if (started) return;
    started = true;
    emit({ type: 'start', id: context.header('x-amzn-requestid') ?? '', model: '' });
  }

  function openBlock(index: number, kind: BlockKind, emit: Emit): StreamBlock {
    close(index, emit);
    start(emit);
    const block = createStreamBlock(kind, nextBlock++);
    open.set(index, block);
    if (kind === 'tool') calledTool = true;
    return block;
  }

  function close(index: number, emit: Emit): void {
    const block = open.get(index);
    open.delete(index);
    block?.end(emit);
  }

  function indexOf(body: JsonObject, absent: number): number {
    const index = asNumber(body['contentBlockIndex']) ?? absent;
    lastIndex = Math.max(lastIndex, index);
    return index;
  }

  function blockDelta(frame: StreamFrame, emit: Emit): void {
    const data = withoutPadding(frame.data);
    const text = template.pieceOf(data);
    if (text !== undefined) {
      templateBlock?.delta({ text }, emit);
      return;
    }
    template.forget();
    const body = parse(frame);
    const delta = asObject(body['delta']) ?? {};
    const kind = kindOfDelta(delta);
    const index = indexOf(body, Math.max(lastIndex, 0));
    if (kind === undefined) return;
    let block = open.get(index);
    if (block === undefined || !block.takes(kind)) {
      if (kind === 'tool') {
        throw new GatewayError('provider_bad_response', 'The Bedrock stream continues a tool call it did not begin.');
      }
      block = openBlock(index, kind, emit);
    }
    block.delta(delta, emit);
    if (typeof delta['text'] !== 'string' || delta['citation'] !== undefined) return;
    template.learn(data, delta['text']);
    templateBlock = block;
  }

  function messageStop(body: JsonObject, emit: Emit): void {
    start(emit);
    for (const index of [...open.keys()]) close(index, emit);
    stopped = true;
    const additional = asObject(body['additionalModelResponseFields']);
    if (additional !== undefined) {
      opaque({ messageStop: { additionalModelResponseFields: additional } }, emit);
    }
    const stopSequence = decodeStopSequence(additional);
    emit({
      type: 'finish',
      candidate: 0,
      ...decodeStopReason(asString(body['stopReason']), calledTool),
      ...(stopSequence === undefined ? {} : { stopSequence }),
    });
  }

  function metadata(body: JsonObject, emit: Emit): void {
    start(emit);
    const usage = asObject(body['usage']);
    if (usage !== undefined) emit({ type: 'usage', usage: decodeUsage(usage) });
    const rest = omit(body, ['usage', 'p']);
    if (Object.keys(rest).length > 0) opaque({ metadata: rest }, emit);
  }

  function opaque(value: JsonObject, emit: Emit): void {
    emit({ type: 'opaque', dialect: BEDROCK, candidate: 0, block: nextBlock++, value });
  }

  function fail(emit: Emit, error: Extract<NeutralEvent, { type: 'error' }>['error']): void {
    over = true;
    emit({ type: 'error', error });
  }

  return {
    push(frame, emit) {
      if (over) return;
      if (frame.event === 'contentBlockDelta') {
        blockDelta(frame, emit);
        return;
      }
      template.forget();
      switch (frame.event) {
        case 'messageStart':
          parse(frame);
          start(emit);
          break;
        case 'contentBlockStart': {
          const body = parse(frame);
          const index = indexOf(body, lastIndex + 1);
          const kind = kindOfStart(body);
          if (kind !== undefined) openBlock(index, kind, emit).start(asObject(body['start']) ?? {}, emit);
          break;
        }
        case 'contentBlockStop':
          close(indexOf(parse(frame), Math.max(lastIndex, 0)), emit);
          break;
        case 'messageStop':
          messageStop(parse(frame), emit);
          break;
        case 'metadata':
          metadata(parse(frame), emit);
          break;
        default:
          if (isExceptionEvent(frame.event)) fail(emit, decodeStreamException(frame.event, read(frame), frame.data));
      }
    },
    finish(emit) {
      if (over) return;
      over = true;
      if (stopped) {
        emit({ type: 'end' });
        return;
      }
      emit({
        type: 'error',
        error: {
          status: 502,
          type: 'incomplete_stream',
          message: 'The Bedrock stream ended before its messageStop event.',
        },
      });
    },
  };
}

/** Bedrock's padding, which hides how long a frame's text is: a last field `p`. */
const PADDING = /^,"p":"\w*"\}$/;

/** The JSON of an event without its padding. Quotes in texts are escaped, so the mark is a field's name wherever it stands. */
function withoutPadding(data: string): string {
  const at = data.lastIndexOf(',"p":"');
  return at !== -1 && PADDING.test(data.slice(at)) ? `${data.slice(0, at)}}` : data;
}

function parse(frame: StreamFrame): JsonObject {
  const body = read(frame);
  if (body !== undefined) return body;
  throw new GatewayError('provider_bad_response', `The Bedrock stream holds a ${frame.event} event that is not JSON.`);
}

function read(frame: StreamFrame): JsonObject | undefined {
  try {
    const body: unknown = JSON.parse(frame.data);
    return isObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}
