import { GatewayError } from '../../errors/gateway-error.ts';
import { parseObject } from '../../json/parse-object.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { ProviderResponseContext, StreamDecoder } from '../dialect.ts';
import type { NeutralCitation } from '../neutral/citations.ts';
import { DeltaTemplate } from '../neutral/delta-template.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { readCitations } from './citations.ts';
import { type CallIds, decodeCall, decodePart } from './decode-parts.ts';
import { answerIds, blockReason, candidateExtras, createdSeconds } from './decode-response.ts';
import { decodeErrorObject } from './errors.ts';
import { decodeFinishReason } from './finish-reason.ts';
import { candidateLogprobs } from './logprobs.ts';
import { decodeUsage } from './usage.ts';
import { camelKeys, numberField, objectField, objectsField, stringField } from './wire.ts';

type Emit = (event: NeutralEvent) => void;

/** Where one candidate of the stream stands. */
interface CandidateState {
  index: number;
  /** Number of the next block. */
  next: number;
  /** The block that is being written, if any, and its number. */
  open: 'text' | 'reasoning' | undefined;
  openBlock: number;
  hasToolCalls: boolean;
  /** Google's word, once it was seen; the last one counts. */
  finishReason: string | undefined;
  /** What the answer is founded on; it goes with the text that ends next. */
  citations: NeutralCitation[];
}

/**
 * Reads `streamGenerateContent?alt=sse`: each event is a whole `GenerateContentResponse` with the next
 * parts. `finish` events are held until the bytes end, as Google may send parts, usage or a further
 * finish reason behind the first. What has no neutral event comes as `opaque`: a part (`executableCode`,
 * `inlineData` …) or fields of the candidate (`groundingMetadata`, `safetyRatings` …) as Google wrote it.
 */
export function createStreamDecoder(context: ProviderResponseContext): StreamDecoder {
  const candidates = new Map<number, CandidateState>();
  const ids = answerIds(context);
  let started = false;
  let ended = false;
  let blocked: string | undefined;
  const template = new DeltaTemplate();
  /** The candidate that the template's frames continue. */
  let templateState: CandidateState | undefined;
  /** The last `usageMetadata`, and what it says. */
  let usageText = '';
  let usage: Usage | undefined;

  /** Whether the frame says the next piece of the text at hand, which is passed on then. */
  function continues(cut: CutFrame, emit: Emit): boolean {
    const text = template.pieceOf(cut.rest);
    if (text === undefined || templateState === undefined) return false;
    if (cut.usage !== usageText) {
      const metadata = parseObject(cut.usage);
      if (metadata === undefined) return false;
      usageText = cut.usage;
      usage = decodeUsage(metadata);
    }
    emit({ type: 'text-delta', candidate: templateState.index, block: templateState.openBlock, text });
    if (usage !== undefined) emit({ type: 'usage', usage });
    return true;
  }

  function start(body: JsonObject, emit: Emit): void {
    started = true;
    const created = createdSeconds(body);
    emit({
      type: 'start',
      id: stringField(body, 'responseId') ?? '',
      model: stringField(body, 'modelVersion') ?? '',
      ...(created === undefined ? {} : { created }),
    });
  }

  function stateOf(index: number): CandidateState {
    let state = candidates.get(index);
    if (state === undefined) {
      state = {
        index,
        next: 0,
        open: undefined,
        openBlock: 0,
        hasToolCalls: false,
        finishReason: undefined,
        citations: [],
      };
      candidates.set(index, state);
    }
    return state;
  }

  return {
    push(frame, emit) {
      if (ended || frame.data === '' || frame.data === '[DONE]') return;
      const cut = cutUsage(frame.data);
      if (continues(cut, emit)) return;
      template.forget();
      const body = parseChunk(frame.data);
      const error = objectField(body, 'error');
      if (error !== undefined) {
        ended = true;
        emit({ type: 'error', error: decodeErrorObject(error, 200) });
        return;
      }
      if (!started) start(body, emit);
      const list = objectsField(body, 'candidates');
      let only: string | undefined;
      for (let position = 0; position < list.length; position++) {
        const message = camelKeys(list[position] as JsonObject);
        const state = stateOf(numberField(message, 'index') ?? position);
        const text = decodeCandidate(message, state, ids, emit);
        if (list.length > 1 || text === undefined) continue;
        only = text;
        templateState = state;
      }
      if (body['promptFeedback'] !== undefined) {
        only = undefined;
        blocked ??= blockReason(body);
      }
      const metadata = objectField(body, 'usageMetadata');
      usageText = cut.usage;
      usage = metadata === undefined ? undefined : decodeUsage(metadata);
      if (usage !== undefined) emit({ type: 'usage', usage });
      // Usage that was cut out must be the one that was read.
      const sure =
        (usage === undefined) === (usageText === '') && !cut.rest.includes(USAGE, cut.rest.indexOf(USAGE) + 1);
      if (only !== undefined && sure) template.learn(cut.rest, only);
    },

    finish(emit) {
      if (ended) return;
      ended = true;
      const states = [...candidates.values()];
      for (const state of states) {
        if (state.citations.length > 0 && state.open !== 'text') {
          emit({ type: 'text-start', candidate: state.index, block: openBlock(state, 'text', emit) });
        }
        closeBlock(state, undefined, emit);
      }
      if (states.some((state) => state.finishReason !== undefined)) {
        for (const state of states) {
          const finish = decodeFinishReason(state.finishReason ?? 'OTHER', state.hasToolCalls);
          emit({ type: 'finish', candidate: state.index, ...finish });
        }
      } else if (blocked !== undefined) {
        emit({ type: 'finish', candidate: 0, finishReason: 'content-filter', rawFinishReason: blocked });
      } else {
        const message = 'The provider’s stream ended before the answer was finished.';
        emit({ type: 'error', error: { status: 502, type: 'api_error', code: 'provider_stream_error', message } });
        return;
      }
      emit({ type: 'end' });
    },
  };
}

/** A frame's JSON with its `usageMetadata`, which changes from frame to frame, apart: its object, or empty. */
interface CutFrame {
  rest: string;
  usage: string;
}

const USAGE = '"usageMetadata":';

/** Takes usage out. Quotes in texts are escaped, so the name is a field's wherever it stands. */
function cutUsage(data: string): CutFrame {
  const at = data.indexOf(USAGE);
  const start = at === -1 ? -1 : data.indexOf('{', at);
  if (start === -1) return { rest: data, usage: '' };
  let depth = 0;
  for (let index = start; index < data.length; index++) {
    const code = data.charCodeAt(index);
    if (code === OPENING) depth++;
    else if (code === CLOSING && --depth === 0) {
      return { rest: data.slice(0, start) + data.slice(index + 1), usage: data.slice(start, index + 1) };
    }
  }
  return { rest: data, usage: '' };
}

const OPENING = 0x7b;
const CLOSING = 0x7d;

function parseChunk(data: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw new GatewayError('provider_bad_response', 'The provider sent a stream event that is not JSON.', { cause });
  }
  const chunk: unknown = Array.isArray(value) ? value[0] : value;
  if (isObject(chunk)) return camelKeys(chunk);
  throw new GatewayError('provider_bad_response', 'The provider sent a stream event that is no Gemini answer.');
}

/** Gives the text of a candidate that says nothing else; undefined for all others. */
function decodeCandidate(message: JsonObject, state: CandidateState, ids: CallIds, emit: Emit): string | undefined {
  const content = objectField(message, 'content');
  const givenLogprobs = candidateLogprobs(message);
  let logprobs = givenLogprobs;
  let only: string | undefined;
  const parts = content === undefined ? [] : objectsField(content, 'parts');
  for (const raw of parts) {
    const part = camelKeys(raw);
    const text = stringField(part, 'text');
    if (text === undefined) {
      decodeOtherPart(part, raw, { state, ids, emit });
      continue;
    }
    const signature = stringField(part, 'thoughtSignature');
    if (part['thought'] === true) decodeThought(text, signature, state, emit);
    else {
      if (decodeText(text, signature, { state, emit, logprobs })) logprobs = undefined;
      if (signature === undefined) only = text;
    }
  }
  const extras = candidateExtras(message);
  const plain = extras === undefined;
  if (extras !== undefined) {
    state.citations.push(...readCitations(extras));
    // Safety ratings come with every chunk: the open block goes on.
    emit({ type: 'opaque', dialect: 'gemini', candidate: state.index, block: state.next, value: extras });
    state.next += 1;
  }
  const finishReason = stringField(message, 'finishReason');
  if (finishReason !== undefined) state.finishReason = finishReason;
  return plain && parts.length === 1 && givenLogprobs === undefined && finishReason === undefined ? only : undefined;
}

/** A signature ends the block it stands on, so that it comes back on the same stretch of text. */
function decodeText(
  text: string,
  signature: string | undefined,
  to: { state: CandidateState; emit: Emit; logprobs: JsonObject | undefined },
): boolean {
  const { state, emit, logprobs } = to;
  if (text === '' && signature === undefined && logprobs === undefined) return false;
  if (state.open !== 'text') {
    emit({ type: 'text-start', candidate: state.index, block: openBlock(state, 'text', emit) });
  }
  const given = text !== '' || logprobs !== undefined;
  if (given) {
    const delta = { type: 'text-delta', candidate: state.index, block: state.openBlock, text } as const;
    emit(logprobs === undefined ? delta : { ...delta, logprobs });
  }
  if (signature !== undefined) closeBlock(state, signature, emit);
  return given;
}

function decodeThought(text: string, signature: string | undefined, state: CandidateState, emit: Emit): void {
  if (text === '' && signature === undefined) return;
  if (state.open !== 'reasoning') {
    emit({ type: 'reasoning-start', candidate: state.index, block: openBlock(state, 'reasoning', emit) });
  }
  if (text !== '') emit({ type: 'reasoning-delta', candidate: state.index, block: state.openBlock, text });
  if (signature !== undefined) closeBlock(state, signature, emit);
}

function decodeOtherPart(
  part: JsonObject,
  raw: JsonObject,
  to: { state: CandidateState; ids: CallIds; emit: Emit },
): void {
  const { state, emit } = to;
  closeBlock(state, undefined, emit);
  const at = { candidate: state.index, block: state.next };
  state.next += 1;
  const call = objectField(part, 'functionCall');
  if (call === undefined) {
    const neutral = decodePart(raw, to.ids);
    const media = neutral.type === 'opaque' || neutral.type === 'tool-result' ? {} : { part: neutral };
    emit({ type: 'opaque', dialect: 'gemini', ...at, value: raw, ...media });
    return;
  }
  const message = camelKeys(call);
  if (message['partialArgs'] !== undefined || message['willContinue'] === true) {
    throw new GatewayError(
      'provider_bad_response',
      'The provider streams the arguments of a call in pieces, which cannot be translated; unset streamFunctionCallArguments.',
    );
  }
  const { id, name, arguments: text, signature } = decodeCall(message, stringField(part, 'thoughtSignature'), to.ids);
  emit({ type: 'tool-call-start', ...at, id, name, ...(signature === undefined ? {} : { signature }) });
  emit({ type: 'tool-call-delta', ...at, arguments: text });
  emit({ type: 'tool-call-end', ...at });
  state.hasToolCalls = true;
}

/** Ends the open block, if any, and opens the next; its number. */
function openBlock(state: CandidateState, kind: 'text' | 'reasoning', emit: Emit): number {
  closeBlock(state, undefined, emit);
  state.open = kind;
  state.openBlock = state.next;
  state.next += 1;
  return state.openBlock;
}

function closeBlock(state: CandidateState, signature: string | undefined, emit: Emit): void {
  const at = { candidate: state.index, block: state.openBlock };
  if (state.open === 'text') {
    const origin = { dialect: 'gemini', value: { thoughtSignature: signature } } as const;
    const { citations } = state;
    state.citations = [];
    emit({
      type: 'text-end',
      ...at,
      ...(signature === undefined ? {} : { origin }),
      ...(citations.length === 0 ? {} : { citations }),
    });
  } else if (state.open === 'reasoning') {
    emit({ type: 'reasoning-end', ...at, ...(signature === undefined ? {} : { signature }) });
  }
  state.open = undefined;
}
