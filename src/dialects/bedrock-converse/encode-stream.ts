import type { JsonObject } from '../../json/types.ts';
import { encodeAwsEventStreamHeaders, encodeAwsEventStreamMessage } from '../../streams/aws-event-stream.ts';
import { callSignatureForClient } from '../anthropic/encode-response.ts';
import type { ResponseContext, StreamEncoder } from '../dialect.ts';
import {
  warnOfLostEvent,
  warnOfLostFinish,
  warnOfLostLogprobs,
  warnOfLostMarks,
  warnOfMoreCandidates,
} from '../neutral/answer-losses.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { writeCitations } from './citations.ts';
import { imageBlock, redactedForClient, signatureForClient } from './encode-response.ts';
import { bedrockConverseErrors } from './errors.ts';
import { encodeStopReason } from './finish-reason.ts';
import { encodeUsage } from './usage.ts';
import { asObject, BEDROCK, CONVERSE_ANSWER, EVENT_TYPES, type EventType, objectsOf, omit } from './wire.ts';

const HEADERS = Object.fromEntries(EVENT_TYPES.map((type) => [type, eventHeaders(type)])) as Record<
  EventType,
  Uint8Array
>;

function eventHeaders(type: EventType): Uint8Array {
  return encodeAwsEventStreamHeaders({
    ':event-type': type,
    ':content-type': 'application/json',
    ':message-type': 'event',
  });
}

/**
 * Makes the writer of one ConverseStream answer, as AWS event-stream messages. As with AWS, text and reasoning blocks
 * have no `contentBlockStart`; blocks are numbered in order of their first content, an empty one is left out, and
 * every one is closed before `messageStop`. `metadata` with the last usage comes at the end. Only candidate 0 is
 * written: Converse has one.
 */
export function createStreamEncoder(context: ResponseContext): StreamEncoder {
  const encoder = new TextEncoder();
  /** Converse's index by neutral block number, of blocks now open. */
  const open = new Map<number, number>();
  let out: Uint8Array[] = [];
  let nextIndex = 0;
  let started = false;
  let stopped = false;
  let ended = false;
  let usage: Usage | undefined;
  let stopFields: JsonObject = {};
  let metadata: JsonObject = {};

  function write(type: EventType, payload: JsonObject): void {
    if (!started && type !== 'messageStart') start();
    out.push(encodeAwsEventStreamMessage(HEADERS[type], encoder.encode(JSON.stringify(payload))));
  }

  function start(): void {
    if (started) return;
    started = true;
    write('messageStart', { role: 'assistant' });
  }

  function indexOf(block: number): number {
    const index = open.get(block) ?? nextIndex++;
    open.set(block, index);
    return index;
  }

  function delta(block: number, payload: JsonObject): void {
    write('contentBlockDelta', { contentBlockIndex: indexOf(block), delta: payload });
  }

  function close(block: number): void {
    const index = open.get(block);
    if (index === undefined) return;
    open.delete(block);
    write('contentBlockStop', { contentBlockIndex: index });
  }

  function stop(reason: string): void {
    if (stopped) return;
    stopped = true;
    for (const block of [...open.keys()]) close(block);
    write('messageStop', { stopReason: reason, ...stopFields });
  }

  function opaque(block: number, value: JsonObject): void {
    const stopEvent = asObject(value['messageStop']);
    const metadataEvent = asObject(value['metadata']);
    if (stopEvent !== undefined) stopFields = stopEvent;
    else if (metadataEvent !== undefined) metadata = metadataEvent;
    else writeOwnBlock(block, value);
  }

  /** A block that only Bedrock understands, such as a tool it ran itself. */
  function writeOwnBlock(block: number, value: JsonObject): void {
    const toolUse = asObject(value['toolUse']);
    const toolResult = asObject(value['toolResult']);
    const image = asObject(value['image']);
    const startOf = (start: JsonObject): void =>
      write('contentBlockStart', { start, contentBlockIndex: indexOf(block) });
    if (toolUse !== undefined) {
      startOf({ toolUse: omit(toolUse, ['input']) });
      delta(block, { toolUse: { input: JSON.stringify(toolUse['input'] ?? {}) } });
    } else if (toolResult !== undefined) {
      startOf({ toolResult: omit(toolResult, ['content']) });
      delta(block, { toolResult: objectsOf(toolResult['content']) });
    } else if (image !== undefined) {
      startOf({ image: omit(image, ['source']) });
      delta(block, { image: { source: image['source'] } });
    }
    close(block);
  }

  /** What only another API knows: a picture is shown, for the rest there are no words. */
  function foreign(event: NeutralEvent & { type: 'opaque' }): void {
    const image = event.part?.type === 'image' ? imageBlock(event.part) : undefined;
    if (image === undefined) warnOfLostEvent(event, CONVERSE_ANSWER, context.warn);
    else writeOwnBlock(event.block, { image });
  }

  function endThought({ block, signature, encrypted }: NeutralEvent & { type: 'reasoning-end' }): void {
    if (signature !== undefined || open.has(block)) {
      const token = signatureForClient(signature, context);
      if (token !== '') delta(block, { reasoningContent: { signature: token } });
    }
    if (encrypted !== undefined) {
      // A block holds a thought or a redacted one, not both.
      if (open.has(block)) close(block);
      delta(block, { reasoningContent: { redactedContent: redactedForClient(encrypted, context) } });
    }
    close(block);
  }

  function take(event: NeutralEvent): void {
    switch (event.type) {
      case 'start':
        start();
        return;
      case 'text-start':
      case 'reasoning-start':
      case 'ping':
        return;
      case 'text-delta':
        warnOfLostLogprobs(event.logprobs, CONVERSE_ANSWER, context.warn);
        if (event.text !== '') delta(event.block, { text: event.text });
        return;
      case 'refusal-delta':
        if (event.text !== '') delta(event.block, { text: event.text });
        return;
      case 'text-end':
        if (event.origin?.dialect === BEDROCK) {
          for (const citation of objectsOf(asObject(event.origin.value['citationsContent'])?.['citations'])) {
            delta(event.block, { citation });
          }
        } else {
          warnOfLostMarks(event, { api: CONVERSE_ANSWER, shown: true }, context.warn);
          for (const citation of writeCitations(event.citations)) delta(event.block, { citation });
        }
        close(event.block);
        return;
      case 'reasoning-delta':
        if (event.text !== '') delta(event.block, { reasoningContent: { text: event.text } });
        return;
      case 'reasoning-end':
        endThought(event);
        return;
      case 'tool-call-start': {
        const signature = callSignatureForClient(event.signature, context);
        if (signature !== undefined) {
          delta(event.block, { reasoningContent: { text: '' } });
          delta(event.block, { reasoningContent: { signature } });
          close(event.block);
        }
        const toolUse = { toolUseId: event.id, name: event.name };
        write('contentBlockStart', { start: { toolUse }, contentBlockIndex: indexOf(event.block) });
        return;
      }
      case 'tool-call-delta':
        if (event.arguments !== '') delta(event.block, { toolUse: { input: event.arguments } });
        return;
      case 'tool-call-end':
        close(event.block);
        return;
      case 'opaque':
        if (event.dialect === BEDROCK) opaque(event.block, event.value);
        else foreign(event);
        return;
      case 'finish': {
        const reason = encodeStopReason(event.finishReason, event.rawFinishReason);
        warnOfLostFinish(event, reason, context.warn);
        stop(reason);
        return;
      }
      case 'usage':
        usage = event.usage;
        return;
      case 'error':
        ended = true;
        out.push(encodeError(event.error));
        return;
      case 'end':
        stop('end_turn');
        ended = true;
        write('metadata', { metrics: { latencyMs: 0 }, ...metadata, usage: encodeUsage(usage) });
        return;
    }
  }

  return {
    push(event) {
      if (ended) return '';
      if ('candidate' in event && event.candidate !== 0) {
        warnOfMoreCandidates(CONVERSE_ANSWER, context.warn);
        return '';
      }
      take(event);
      const messages = out;
      out = [];
      return joined(messages);
    },
  };
}

function encodeError(error: Extract<NeutralEvent, { type: 'error' }>['error']): Uint8Array {
  const { status, type, message } = error;
  const bytes = bedrockConverseErrors.encodeInStream({
    status,
    type,
    code: error.code ?? type,
    message,
    source: 'provider',
  });
  return typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
}

function joined(messages: readonly Uint8Array[]): Uint8Array | '' {
  const first = messages[0];
  if (first === undefined) return '';
  if (messages.length === 1) return first;
  const bytes = new Uint8Array(messages.reduce((length, message) => length + message.length, 0));
  let at = 0;
  for (const message of messages) {
    bytes.set(message, at);
    at += message.length;
  }
  return bytes;
}
