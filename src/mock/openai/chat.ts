import type { JsonObject, JsonValue } from '../../json/types.ts';
import { type Answer, type AnswerCandidate, think } from '../brain/think.ts';
import { textPieces } from '../brain/tokens.ts';
import { type Call, type Frame, frame, jsonReply, type Reply, sse, sseReply } from '../call.ts';
import { objectOf, stringOf } from '../json-read.ts';
import { openAiError } from './api.ts';
import { acceptModel } from './models.ts';
import { readChat } from './read-chat.ts';
import { chatUsage } from './usage.ts';

/** Makes `POST /chat/completions`; `check` refuses what strict mode does not accept. */
export function chatEndpoint(check: (call: Call) => void): (call: Call) => Reply {
  return (call) => {
    if (call.strict) check(call);
    const model = stringOf(call.json['model']) || (call.params[0] ?? '');
    acceptModel(call, model);
    const ask = readChat(call.json, model);
    const answer = think(ask, { ...call.control, newId: () => call.newId('') });
    const rendering: Rendering = {
      id: call.newId('chatcmpl-', 29),
      created: Math.floor(call.now() / 1000),
      model,
      azure: call.api.name === 'azure',
      showThoughts: !HIDES_THOUGHTS.test(model),
    };
    const usage = { input: answer.usage.input, output: answer.usage.output };
    if (call.json['stream'] !== true) return jsonReply(wholeChat(answer, rendering), { usage });
    const includeUsage = objectOf(call.json['stream_options'])['include_usage'] === true;
    return sseReply(chatFrames(answer, { ...rendering, includeUsage }), {
      usage,
      errorFrames: (details) => [sse(openAiError(details))],
    });
  };
}

interface Rendering {
  id: string;
  created: number;
  model: string;
  azure: boolean;
  /** Whether thoughts are sent as `reasoning_content`, as DeepSeek and vLLM do; OpenAI keeps its own to itself. */
  showThoughts: boolean;
}

const HIDES_THOUGHTS = /^(?:gpt|chatgpt|o\d)/;
const ARGUMENT_PIECE = 12;

/** The `finish_reason` of an answer. */
export function chatFinishReason(candidate: AnswerCandidate): string {
  if (candidate.finish === 'tool-calls') return 'tool_calls';
  return candidate.finish === 'length' ? 'length' : 'stop';
}

function wholeChat(answer: Answer, rendering: Rendering): JsonObject {
  const body: JsonObject = {
    id: rendering.id,
    object: 'chat.completion',
    created: rendering.created,
    model: rendering.model,
    choices: answer.candidates.map((candidate, index) => ({
      index,
      message: wholeMessage(candidate, rendering.showThoughts),
      logprobs: null,
      finish_reason: chatFinishReason(candidate),
      ...(rendering.azure ? { content_filter_results: harmless() } : {}),
    })),
    usage: chatUsage(answer.usage),
    service_tier: 'default',
    system_fingerprint: 'fp_aigw',
  };
  if (rendering.azure) body['prompt_filter_results'] = promptFilter();
  return body;
}

function wholeMessage(candidate: AnswerCandidate, showThoughts: boolean): JsonObject {
  const message: JsonObject = { role: 'assistant', content: null, refusal: null, annotations: [] };
  const calls: JsonValue[] = [];
  for (const part of candidate.parts) {
    if (part.type === 'text') message['content'] = part.text;
    else if (part.type === 'reasoning' && showThoughts) message['reasoning_content'] = part.text;
    else if (part.type === 'tool-call') {
      calls.push({
        id: `call_${part.id}`,
        type: 'function',
        function: { name: part.name, arguments: part.arguments },
      });
    }
  }
  if (calls.length > 0) message['tool_calls'] = calls;
  return message;
}

function* chatFrames(answer: Answer, rendering: Rendering & { includeUsage: boolean }): Generator<Frame> {
  const { id, created, model, azure, includeUsage } = rendering;
  const chunk = (choices: JsonValue[], usage: JsonValue = null): string => {
    const body: JsonObject = {
      id,
      object: 'chat.completion.chunk',
      created,
      model,
      service_tier: 'default',
      system_fingerprint: 'fp_aigw',
      choices,
    };
    if (includeUsage) body['usage'] = usage;
    return sse(body);
  };
  const choice = (index: number, delta: JsonObject, finish: string | null = null): JsonValue => ({
    index,
    delta,
    logprobs: null,
    finish_reason: finish,
    ...(azure && finish === null && delta['content'] !== undefined ? { content_filter_results: harmless() } : {}),
  });
  // Azure's first chunk has no choice, only the verdict on the prompt.
  if (azure) {
    yield frame(sse({ choices: [], created: 0, id: '', model: '', object: '', prompt_filter_results: promptFilter() }));
  }
  const steps = answer.candidates.map((candidate) => deltas(candidate, rendering.showThoughts));
  // Answers of one request interleave, as several sequences of one batch do.
  for (let open = steps.length; open > 0; ) {
    open = 0;
    for (const [index, candidate] of steps.entries()) {
      const next = candidate.next();
      if (next.done === true) continue;
      open += 1;
      yield frame(chunk([choice(index, next.value.delta, next.value.finish)]), next.value.tokens);
    }
  }
  if (includeUsage) yield frame(chunk([], chatUsage(answer.usage)));
  yield frame('data: [DONE]\n\n');
}

interface DeltaStep {
  delta: JsonObject;
  tokens: number;
  finish: string | null;
}

function* deltas(candidate: AnswerCandidate, showThoughts: boolean): Generator<DeltaStep, undefined> {
  const isCall = candidate.finish === 'tool-calls';
  yield { delta: { role: 'assistant', content: isCall ? null : '', refusal: null }, tokens: 0, finish: null };
  let toolIndex = 0;
  for (const part of candidate.parts) {
    if (part.type === 'tool-call') {
      const start = {
        index: toolIndex,
        id: `call_${part.id}`,
        type: 'function',
        function: { name: part.name, arguments: '' },
      };
      yield { delta: { tool_calls: [start] }, tokens: 1, finish: null };
      for (const piece of textPieces(part.arguments, ARGUMENT_PIECE)) {
        const delta = { tool_calls: [{ index: toolIndex, function: { arguments: piece } }] };
        yield { delta, tokens: ARGUMENT_PIECE / 4, finish: null };
      }
      toolIndex += 1;
    } else if (part.type === 'text' || showThoughts) {
      const field = part.type === 'text' ? 'content' : 'reasoning_content';
      for (const piece of textPieces(part.text)) yield { delta: { [field]: piece }, tokens: 1, finish: null };
    }
  }
  yield { delta: {}, tokens: 0, finish: chatFinishReason(candidate) };
  return undefined;
}

/** Azure's content filter finding nothing. */
function harmless(): JsonObject {
  const safe = { filtered: false, severity: 'safe' };
  return { hate: safe, self_harm: safe, sexual: safe, violence: safe };
}

function promptFilter(): JsonValue[] {
  return [{ prompt_index: 0, content_filter_results: harmless() }];
}
