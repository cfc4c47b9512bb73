import type { JsonObject, JsonValue } from '../../json/types.ts';
import { type Ask, addText, createAsk } from '../brain/ask.ts';
import { type Answer, think } from '../brain/think.ts';
import { textPieces } from '../brain/tokens.ts';
import { type Call, type Frame, frame, jsonReply, type Reply, sse, sseReply } from '../call.ts';
import { listOf, numberOf, objectOf, stringOf, stringsOf } from '../json-read.ts';
import { openAiError } from './api.ts';
import { chatFinishReason } from './chat.ts';
import { acceptModel } from './models.ts';
import { chatUsage } from './usage.ts';

/** OpenAI's default for `max_tokens` on this endpoint. */
const DEFAULT_MAX_TOKENS = 16;

/** Makes `POST /completions`; `check` refuses what strict mode does not accept. */
export function completionsEndpoint(check: (call: Call) => void): (call: Call) => Reply {
  return (call) => {
    if (call.strict) check(call);
    const { json } = call;
    const model = stringOf(json['model']) || (call.params[0] ?? '');
    acceptModel(call, model);
    const prompts = promptsOf(json['prompt']);
    const count = Math.max(1, numberOf(json['n']) ?? 1);
    const choices: Choice[] = [];
    const usage = { input: 0, cached: 0, output: 0, reasoning: 0 };
    for (const prompt of prompts) {
      const ask = askOf(json, { model, prompt, count });
      const answer = think(ask, { ...call.control, newId: () => call.newId('') });
      choices.push(...choicesOf(answer, json['echo'] === true ? prompt : ''));
      usage.input += ask.inputTokens;
      usage.output += answer.usage.output;
      usage.cached += answer.usage.cached;
    }
    const base = { id: call.newId('cmpl-', 29), created: Math.floor(call.now() / 1000), model };
    const total = { input: usage.input, output: usage.output };
    if (json['stream'] !== true) {
      const whole: JsonValue[] = choices.map((choice, index) => ({
        text: choice.text,
        index,
        logprobs: null,
        finish_reason: choice.finish,
      }));
      return jsonReply(
        { ...base, object: 'text_completion', choices: whole, usage: chatUsage(usage), system_fingerprint: 'fp_aigw' },
        { usage: total },
      );
    }
    const lastUsage = objectOf(json['stream_options'])['include_usage'] === true ? chatUsage(usage) : undefined;
    return sseReply(frames(choices, base, lastUsage), {
      usage: total,
      errorFrames: (details) => [sse(openAiError(details))],
    });
  };
}

interface Choice {
  text: string;
  finish: string;
}

function choicesOf(answer: Answer, echo: string): Choice[] {
  return answer.candidates.map((candidate) => ({
    text: echo + candidate.parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    finish: chatFinishReason(candidate),
  }));
}

function* frames(choices: readonly Choice[], base: JsonObject, usage: JsonObject | undefined): Generator<Frame> {
  const chunk = (list: JsonValue[], last?: JsonObject): string => {
    const body: JsonObject = { ...base, object: 'text_completion', choices: list, system_fingerprint: 'fp_aigw' };
    if (usage !== undefined) body['usage'] = last ?? null;
    return sse(body);
  };
  for (const [index, choice] of choices.entries()) {
    for (const text of textPieces(choice.text)) {
      yield frame(chunk([{ text, index, logprobs: null, finish_reason: null }]), 1);
    }
    yield frame(chunk([{ text: '', index, logprobs: null, finish_reason: choice.finish }]));
  }
  if (usage !== undefined) yield frame(chunk([], usage));
  yield frame('data: [DONE]\n\n');
}

function askOf(body: JsonObject, about: { model: string; prompt: string; count: number }): Ask {
  const ask = createAsk(about.model);
  addText(ask, about.prompt, 'user');
  ask.maxTokens = numberOf(body['max_tokens']) ?? DEFAULT_MAX_TOKENS;
  ask.stop = stringsOf(body['stop']);
  ask.candidates = about.count;
  return ask;
}

/** A string, several strings, token ids, or several lists of token ids (shown by their numbers). */
function promptsOf(prompt: JsonValue | undefined): string[] {
  if (typeof prompt === 'string') return [prompt];
  const list = listOf(prompt);
  if (list.every((one) => typeof one === 'string')) return list.length === 0 ? [''] : list;
  if (list.every((one) => typeof one === 'number')) return [tokenIdsText(list)];
  return list.map((one) => (typeof one === 'string' ? one : tokenIdsText(listOf(one))));
}

/** Four characters a token id, so that the count comes out as the number of ids. */
export function tokenIdsText(ids: readonly JsonValue[]): string {
  return ids.map((id) => String(id).slice(0, 3).padEnd(4)).join('');
}
