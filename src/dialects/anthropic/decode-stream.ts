import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { ProviderResponseContext, StreamDecoder, StreamFrame } from '../dialect.ts';
import { DeltaTemplate } from '../neutral/delta-template.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { objectOf, textOf } from '../openai/fields.ts';
import { cutStreamError, parseFrame } from '../openai/stream-errors.ts';
import { parseToolArguments } from '../openai/tool-arguments.ts';
import { readCitations } from './citations.ts';
import { readAnthropicError, statusOfErrorType } from './errors.ts';
import { decodeStopReason } from './stop-reason.ts';
import { readAnthropicUsage, serviceTierOf } from './token-counts.ts';

type Emit = (event: NeutralEvent) => void;

/** A content block while it streams. */
type OpenBlock =
  | { kind: 'text'; block: number; citations: JsonValue[] }
  | { kind: 'reasoning'; block: number; signature: string; encrypted: string | undefined }
  /** `given` is the input of the start event, which stands when no delta follows. */
  | { kind: 'tool-call'; block: number; given: JsonObject; argued: boolean }
  /** A block only this API knows: collected and passed on whole. */
  | { kind: 'opaque'; block: number; value: JsonObject; json: string };

/** Makes the reader of a streamed message. An answer is whole once `message_stop` came. */
export function createStreamDecoder(context: ProviderResponseContext): StreamDecoder {
  const open = new Map<number, OpenBlock>();
  let nextBlock = 0;
  let started = false;
  let finished = false;
  let done = false;
  let usage: Usage | undefined;
  const template = new DeltaTemplate();
  /** The block that the template's frames continue. */
  let templateBlock = 0;

  const readUsage = (value: JsonValue | undefined, emit: Emit): void => {
    const next = readAnthropicUsage(value, usage);
    if (next === undefined || next === usage) return;
    usage = next;
    emit({ type: 'usage', usage: next });
  };

  const startMessage = (body: JsonObject, emit: Emit): void => {
    const message = objectOf(body['message']) ?? {};
    // Before `start`, so that a writer can put the input tokens into its own first event.
    readUsage(message['usage'], emit);
    const event: NeutralEvent = {
      type: 'start',
      id: textOf(message['id']) ?? '',
      model: textOf(message['model']) ?? '',
    };
    const tier = serviceTierOf(message['usage']);
    if (tier !== undefined) event.serviceTier = tier;
    started = true;
    emit(event);
  };

  const startBlock = (body: JsonObject, emit: Emit): void => {
    const index = indexOf(body);
    const value = objectOf(body['content_block']) ?? {};
    const block = nextBlock++;
    switch (value['type']) {
      case 'text': {
        open.set(index, { kind: 'text', block, citations: [] });
        emit({ type: 'text-start', candidate: 0, block });
        const text = textOf(value['text']) ?? '';
        if (text !== '') emit({ type: 'text-delta', candidate: 0, block, text });
        return;
      }
      case 'thinking': {
        open.set(index, {
          kind: 'reasoning',
          block,
          signature: textOf(value['signature']) ?? '',
          encrypted: undefined,
        });
        emit({ type: 'reasoning-start', candidate: 0, block });
        const text = textOf(value['thinking']) ?? '';
        if (text !== '') emit({ type: 'reasoning-delta', candidate: 0, block, text });
        return;
      }
      case 'redacted_thinking':
        open.set(index, { kind: 'reasoning', block, signature: '', encrypted: textOf(value['data']) ?? '' });
        emit({ type: 'reasoning-start', candidate: 0, block });
        return;
      case 'tool_use': {
        open.set(index, { kind: 'tool-call', block, given: objectOf(value['input']) ?? {}, argued: false });
        const id = textOf(value['id']) || context.newId('toolu_');
        emit({ type: 'tool-call-start', candidate: 0, block, id, name: textOf(value['name']) ?? '' });
        return;
      }
      default:
        open.set(index, { kind: 'opaque', block, value, json: '' });
    }
  };

  const readDelta = (body: JsonObject, data: string, emit: Emit): void => {
    const at = open.get(indexOf(body));
    const delta = objectOf(body['delta']);
    if (at === undefined || delta === undefined) return;
    const text = textOf(delta['text'] ?? delta['thinking'] ?? delta['partial_json'] ?? delta['signature']) ?? '';
    switch (delta['type']) {
      case 'text_delta':
        if (text === '' || at.kind !== 'text') return;
        template.learn(data, text);
        templateBlock = at.block;
        emit({ type: 'text-delta', candidate: 0, block: at.block, text });
        return;
      case 'thinking_delta':
        if (text !== '' && at.kind === 'reasoning')
          emit({ type: 'reasoning-delta', candidate: 0, block: at.block, text });
        return;
      case 'signature_delta':
        if (at.kind === 'reasoning') at.signature += text;
        return;
      case 'input_json_delta':
        if (at.kind === 'opaque') at.json += text;
        if (at.kind !== 'tool-call' || text === '') return;
        at.argued = true;
        emit({ type: 'tool-call-delta', candidate: 0, block: at.block, arguments: text });
        return;
      case 'citations_delta':
        if (at.kind === 'text' && delta['citation'] !== undefined) at.citations.push(delta['citation']);
        return;
      default:
    }
  };

  const stopBlock = (index: number, emit: Emit): void => {
    const at = open.get(index);
    if (at === undefined) return;
    open.delete(index);
    closeBlock(at, emit);
  };

  const finish = (body: JsonObject | undefined, emit: Emit): void => {
    if (finished) return;
    finished = true;
    for (const index of [...open.keys()]) stopBlock(index, emit);
    const delta = objectOf(body?.['delta']);
    const how = decodeStopReason(textOf(delta?.['stop_reason']), textOf(delta?.['stop_sequence']));
    emit({ type: 'finish', candidate: 0, ...how });
  };

  const fail = (body: JsonObject, emit: Emit): void => {
    done = true;
    const type = textOf(objectOf(body['error'])?.['type']) ?? '';
    emit({ type: 'error', error: readAnthropicError(statusOfErrorType(type), body) });
  };

  return {
    push(frame: StreamFrame, emit: Emit) {
      if (done || frame.data === '') return;
      const text = template.pieceOf(frame.data);
      if (text !== undefined) {
        emit({ type: 'text-delta', candidate: 0, block: templateBlock, text });
        return;
      }
      template.forget();
      const body = parseFrame(frame.data);
      const type = textOf(body['type']) ?? frame.event;
      if (!started && type !== 'message_start' && type !== 'ping' && type !== 'error') {
        throw new GatewayError(
          'provider_bad_response',
          'The provider sent a stream that does not begin with message_start.',
        );
      }
      switch (type) {
        case 'message_start':
          if (!started) startMessage(body, emit);
          return;
        case 'content_block_start':
          startBlock(body, emit);
          return;
        case 'content_block_delta':
          readDelta(body, frame.data, emit);
          return;
        case 'content_block_stop':
          stopBlock(indexOf(body), emit);
          return;
        case 'message_delta':
          readUsage(body['usage'], emit);
          if (typeof objectOf(body['delta'])?.['stop_reason'] === 'string') finish(body, emit);
          return;
        case 'message_stop':
          finish(undefined, emit);
          done = true;
          emit({ type: 'end' });
          return;
        case 'ping':
          emit({ type: 'ping' });
          return;
        case 'error':
          fail(body, emit);
          return;
        default:
          // Event types may be added to this API at any time; unknown ones are to be passed over.
          return;
      }
    },
    finish(emit: Emit) {
      if (done) return;
      done = true;
      emit({ type: 'error', error: cutStreamError() });
    },
  };
}

function indexOf(body: JsonObject): number {
  return typeof body['index'] === 'number' ? body['index'] : 0;
}

function closeBlock(at: OpenBlock, emit: Emit): void {
  const { block } = at;
  switch (at.kind) {
    case 'text': {
      const event: NeutralEvent & { type: 'text-end' } = { type: 'text-end', candidate: 0, block };
      if (at.citations.length > 0) {
        event.origin = { dialect: 'anthropic', value: { citations: at.citations } };
        event.citations = readCitations(at.citations);
      }
      emit(event);
      return;
    }
    case 'reasoning': {
      const event: NeutralEvent & { type: 'reasoning-end' } = { type: 'reasoning-end', candidate: 0, block };
      if (at.signature !== '') event.signature = at.signature;
      if (at.encrypted !== undefined) event.encrypted = at.encrypted;
      emit(event);
      return;
    }
    case 'tool-call':
      if (!at.argued) emit({ type: 'tool-call-delta', candidate: 0, block, arguments: JSON.stringify(at.given) });
      emit({ type: 'tool-call-end', candidate: 0, block });
      return;
    case 'opaque': {
      const value = at.json === '' ? at.value : { ...at.value, input: parseToolArguments(at.json).input };
      emit({ type: 'opaque', dialect: 'anthropic', candidate: 0, block, value });
      return;
    }
    default:
      at satisfies never;
  }
}
