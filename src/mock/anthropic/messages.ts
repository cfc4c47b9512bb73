import type { JsonObject } from '../../json/types.ts';
import { type Answer, think } from '../brain/think.ts';
import { type Call, type Frame, frame, jsonReply, type Reply, sse, sseReply } from '../call.ts';
import { objectOf, stringOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';
import { anthropicError } from './api.ts';
import { readMessagesBody } from './read-messages.ts';
import { messageEvents, wholeMessage } from './render-messages.ts';
import { checkCountTokens, checkMessages } from './strict.ts';

/** `POST /messages`. */
export function createMessage(call: Call): Reply {
  if (call.strict) checkMessages(call.json);
  const model = stringOf(call.json['model']);
  if (call.onlyListedModels && !call.models.includes(model)) {
    throw new Refusal({ status: 404, message: `model: ${model}` });
  }
  return answerMessage(call, { model, body: call.json, stream: call.json['stream'] === true });
}

/** Answers a messages body, as JSON or as server-sent events; also for Claude on Vertex. */
export function answerMessage(call: Call, what: { model: string; body: JsonObject; stream: boolean }): Reply {
  const { answer, about } = thinkMessage(call, what);
  const usage = { input: answer.usage.input, output: answer.usage.output };
  if (!what.stream) return jsonReply(wholeMessage(answer, about), { usage });
  return sseReply(sseFrames(answer, about), {
    usage,
    errorFrames: (details) => [sse(anthropicError(details), 'error')],
  });
}

/** The answer to a messages body and what its rendering needs. */
export function thinkMessage(
  call: Call,
  what: { model: string; body: JsonObject },
): { answer: Answer; about: { id: string; model: string; thoughts: string } } {
  const ask = readMessagesBody(what.body, what.model);
  const answer = think(ask, { ...call.control, newId: () => call.newId('') });
  const thoughts = stringOf(objectOf(what.body['thinking'])['display']);
  return { answer, about: { id: call.newId('msg_'), model: what.model, thoughts } };
}

/** `POST /messages/count_tokens`. */
export function countMessageTokens(call: Call): Reply {
  if (call.strict) checkCountTokens(call.json);
  return jsonReply({ input_tokens: readMessagesBody(call.json, stringOf(call.json['model'])).inputTokens });
}

/** `GET /models` for a caller that sends `anthropic-version`. */
export function listAnthropicModels(call: Call): Reply {
  const data = call.models.map(modelInfo);
  const first = call.models[0] ?? null;
  return jsonReply({ data, has_more: false, first_id: first, last_id: call.models.at(-1) ?? null });
}

/** `GET /models/{id}` for a caller that sends `anthropic-version`. */
export function getAnthropicModel(call: Call): Reply {
  const id = call.params[0] ?? '';
  if (call.models.includes(id)) return jsonReply(modelInfo(id));
  throw new Refusal({ status: 404, message: `model: ${id}` });
}

function modelInfo(id: string): JsonObject {
  return { type: 'model', id, display_name: id, created_at: '2024-01-01T00:00:00Z' };
}

function* sseFrames(answer: Answer, about: { id: string; model: string; thoughts: string }): Generator<Frame> {
  for (const { data, tokens } of messageEvents(answer, about)) yield frame(sse(data, data.type), tokens);
}
