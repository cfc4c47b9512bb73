import type { JsonObject } from '../../json/types.ts';
import type { ResponseContext, StreamEncoder } from '../dialect.ts';
import { warnOfLostEvent, warnOfLostFinish, warnOfLostMarks } from '../neutral/answer-losses.ts';
import type { NeutralCitation } from '../neutral/citations.ts';
import type { NeutralEvent, ProviderError } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { writeGrounding } from './citations.ts';
import { brokenCall, encodeAnswerCall, encodeAnswerPart, encodeAnswerThought } from './encode-response.ts';
import { errors } from './errors.ts';
import { encodeFinishReason } from './finish-reason.ts';
import { encodeLogprobs } from './logprobs.ts';
import { encodeUsage } from './usage.ts';
import { GEMINI_ANSWER } from './wire.ts';

type Finish = Extract<NeutralEvent, { type: 'finish' }>;

type ThoughtDelta = Extract<NeutralEvent, { type: 'reasoning-delta' }>;

interface OpenCall {
  id: string;
  name: string;
  arguments: string;
  signature?: string;
}

/** Fields of a part; an opaque value with one of them is a part, any other holds fields of the candidate. */
const PART_FIELDS: readonly string[] = [
  'executableCode',
  'codeExecutionResult',
  'inlineData',
  'fileData',
  'functionResponse',
  'toolCall',
  'toolResponse',
  'executable_code',
  'code_execution_result',
  'inline_data',
  'file_data',
  'tool_call',
  'tool_response',
  'thoughtSignature',
];

/**
 * Writes a stream of `GenerateContentResponse` as server-sent events. Text goes out as it comes, a
 * call when it is whole, as Google sends no pieces of calls; a piece of a thought waits for the next event, since some SDKs
 * pass over a signature without text; finish reasons and usage stand in the last
 * chunk, which is written on `end`.
 */
export function createStreamEncoder(context: ResponseContext): StreamEncoder {
  const calls = new Map<string, OpenCall>();
  const finishes: Finish[] = [];
  const broken = new Map<number, string>();
  /** Pages that the texts cite, by candidate. */
  const cited = new Map<number, NeutralCitation[]>();
  let thought: ThoughtDelta | undefined;
  let tail = '';
  let usage: Usage | undefined;

  function setIdentity(id: string, model: string): void {
    const modelVersion = JSON.stringify(model || context.requestModel);
    tail = `"modelVersion":${modelVersion},"responseId":${JSON.stringify(id || context.newId('resp_'))}}\r\n\r\n`;
  }

  function chunk(head: string): string {
    if (tail === '') setIdentity('', '');
    return `data: {${head},${tail}`;
  }

  function candidate(index: number, part: JsonObject, more?: JsonObject): string {
    return chunk(`"candidates":${JSON.stringify([{ content: { parts: [part], role: 'model' }, index, ...more }])}`);
  }

  /** The most frequent chunk, written without building objects. */
  function text(index: number, value: string): string {
    const part = `{"text":${JSON.stringify(value)}}`;
    return chunk(`"candidates":[{"content":{"parts":[${part}],"role":"model"},"index":${index}}]`);
  }

  /** Writes the piece of a thought that waits, unless `event` is its end with a token: the two become one part. */
  function waitingThought(event: NeutralEvent): string {
    if (thought === undefined) return '';
    const { candidate: index, block, text: value } = thought;
    const ends = event.type === 'reasoning-end' && event.candidate === index && event.block === block;
    if (ends && (event.signature !== undefined || event.encrypted !== undefined)) return '';
    thought = undefined;
    return candidate(index, { text: value, thought: true });
  }

  function last(): string {
    const candidates = finishes.map((finish) => {
      const message = broken.get(finish.candidate);
      const reason = encodeFinishReason(finish);
      const grounding = writeGrounding(cited.get(finish.candidate));
      return {
        content: { parts: [{ text: '' }], role: 'model' },
        finishReason: message !== undefined && reason === 'STOP' ? 'MALFORMED_FUNCTION_CALL' : reason,
        index: finish.candidate,
        ...(message === undefined ? {} : { finishMessage: message }),
        ...(grounding === undefined ? {} : { groundingMetadata: grounding }),
      };
    });
    const metadata = usage === undefined ? '' : `,"usageMetadata":${JSON.stringify(encodeUsage(usage))}`;
    return chunk(`"candidates":${JSON.stringify(candidates)}${metadata}`);
  }

  function endCall(index: number, block: number): string {
    const key = `${index}/${block}`;
    const call = calls.get(key);
    if (call === undefined) return '';
    calls.delete(key);
    const part = encodeAnswerCall(call);
    if (part !== undefined) return candidate(index, part);
    broken.set(index, brokenCall(call.name, call.arguments));
    return '';
  }

  /** What only another API knows: pictures and sound are shown, for the rest there are no words. */
  function foreign(event: NeutralEvent & { type: 'opaque' }): string {
    const part = event.part === undefined ? undefined : encodeAnswerPart(event.part, context.providerDialect);
    if (part !== undefined) return candidate(event.candidate, part);
    warnOfLostEvent(event, GEMINI_ANSWER, context.warn);
    return '';
  }

  function write(event: NeutralEvent): string | Uint8Array {
    switch (event.type) {
      case 'start':
        setIdentity(event.id, event.model);
        return '';
      case 'text-delta': {
        const logprobs = event.logprobs === undefined ? undefined : encodeLogprobs(event.logprobs);
        if (logprobs === undefined) return text(event.candidate, event.text);
        return candidate(event.candidate, { text: event.text }, { logprobsResult: logprobs });
      }
      case 'refusal-delta':
        return text(event.candidate, event.text);
      case 'text-end': {
        warnOfLostMarks(event, { api: GEMINI_ANSWER, shown: true }, context.warn);
        if (event.citations !== undefined) {
          cited.set(event.candidate, [...(cited.get(event.candidate) ?? []), ...event.citations]);
        }
        const signature = event.origin?.dialect === 'gemini' ? event.origin.value['thoughtSignature'] : undefined;
        return signature === undefined ? '' : candidate(event.candidate, { text: '', thoughtSignature: signature });
      }
      case 'reasoning-delta':
        thought = event;
        return '';
      case 'reasoning-end': {
        if (event.signature === undefined && event.encrypted === undefined) return '';
        const value = thought?.text ?? '';
        thought = undefined;
        return candidate(event.candidate, encodeAnswerThought(value, event, context.providerDialect));
      }
      case 'tool-call-start': {
        const call: OpenCall = { id: event.id, name: event.name, arguments: '' };
        if (event.signature !== undefined) call.signature = event.signature;
        calls.set(`${event.candidate}/${event.block}`, call);
        return '';
      }
      case 'tool-call-delta': {
        const call = calls.get(`${event.candidate}/${event.block}`);
        if (call !== undefined) call.arguments += event.arguments;
        return '';
      }
      case 'tool-call-end':
        return endCall(event.candidate, event.block);
      case 'opaque':
        if (event.dialect !== 'gemini') return foreign(event);
        if (PART_FIELDS.some((name) => event.value[name] !== undefined)) {
          return candidate(event.candidate, event.value);
        }
        return candidate(event.candidate, { text: '' }, event.value);
      case 'usage':
        usage = event.usage;
        return '';
      case 'finish':
        warnOfLostFinish(event, encodeFinishReason(event), context.warn);
        finishes.push(event);
        return '';
      case 'end':
        return last();
      case 'error':
        return encodeError(event.error);
      case 'text-start':
      case 'reasoning-start':
      case 'ping':
        return '';
      default:
        return event satisfies never;
    }
  }

  return {
    push(event) {
      const waiting = waitingThought(event);
      const written = write(event);
      if (waiting === '') return written;
      return waiting + (typeof written === 'string' ? written : new TextDecoder().decode(written));
    },
  };
}

function encodeError(error: ProviderError): string | Uint8Array {
  return errors.encodeInStream({
    status: error.status,
    type: error.type,
    code: error.code ?? String(error.status),
    message: error.message,
    param: error.param,
    source: 'provider',
  });
}
