import type { JsonObject, JsonValue } from '../../json/types.ts';
import { type Answer, type AnswerCandidate, type AnswerUsage, think } from '../brain/think.ts';
import { textPieces } from '../brain/tokens.ts';
import { type Call, type Frame, frame, jsonReply, type Reply } from '../call.ts';
import { eventMessage, eventStreamReply } from './api.ts';
import { readConverse } from './read-converse.ts';
import { checkConverse } from './strict.ts';

const ARGUMENT_PIECE = 12;
const LATENCY_MS = 42;

/** `POST /model/{id}/converse`. */
export function converse(call: Call): Reply {
  const answer = thinkConverse(call);
  const candidate = onlyCandidate(answer);
  return jsonReply(
    {
      metrics: { latencyMs: LATENCY_MS },
      output: { message: { role: 'assistant', content: candidate.parts.map(wholeBlock) } },
      stopReason: stopReason(candidate),
      usage: tokenUsage(answer.usage),
    },
    { usage: { input: answer.usage.input, output: answer.usage.output } },
  );
}

/** `POST /model/{id}/converse-stream`: binary events. */
export function converseStream(call: Call): Reply {
  const answer = thinkConverse(call);
  return eventStreamReply(frames(answer), { input: answer.usage.input, output: answer.usage.output });
}

function thinkConverse(call: Call): Answer {
  const model = call.params[0] ?? '';
  if (call.strict) checkConverse(call, model);
  return think(readConverse(call.json, model), { ...call.control, newId: () => call.newId('', 22) });
}

function* frames(answer: Answer): Generator<Frame> {
  const candidate = onlyCandidate(answer);
  // Bedrock pads every payload with a field `p` of varying length.
  let pad = 0;
  const event = (type: string, payload: JsonObject, tokens = 0): Frame => {
    pad = (pad + 7) % 26;
    return frame(eventMessage(type, { ...payload, p: 'abcdefghijklmnopqrstuvwxyz'.slice(0, pad + 1) }), tokens);
  };
  yield event('messageStart', { role: 'assistant' });
  for (const [contentBlockIndex, part] of candidate.parts.entries()) {
    const delta = (fields: JsonObject, tokens = 0): Frame =>
      event('contentBlockDelta', { contentBlockIndex, delta: fields }, tokens);
    if (part.type === 'text') {
      for (const text of textPieces(part.text)) yield delta({ text }, 1);
    } else if (part.type === 'reasoning') {
      for (const text of textPieces(part.text)) yield delta({ reasoningContent: { text } }, 1);
      yield delta({ reasoningContent: { signature: part.signature } });
    } else {
      const toolUse = { toolUseId: `tooluse_${part.id}`, name: part.name };
      yield event('contentBlockStart', { contentBlockIndex, start: { toolUse } });
      for (const input of textPieces(part.arguments, ARGUMENT_PIECE)) {
        yield delta({ toolUse: { input } }, ARGUMENT_PIECE / 4);
      }
    }
    yield event('contentBlockStop', { contentBlockIndex });
  }
  yield event('messageStop', { stopReason: stopReason(candidate) });
  yield event('metadata', { metrics: { latencyMs: LATENCY_MS }, usage: tokenUsage(answer.usage) });
}

function onlyCandidate(answer: Answer): AnswerCandidate {
  return answer.candidates[0] ?? { parts: [], finish: 'stop' };
}

function wholeBlock(part: AnswerCandidate['parts'][number]): JsonValue {
  if (part.type === 'text') return { text: part.text };
  if (part.type === 'reasoning') {
    return { reasoningContent: { reasoningText: { text: part.text, signature: part.signature } } };
  }
  const input = JSON.parse(part.arguments) as JsonValue;
  return { toolUse: { toolUseId: `tooluse_${part.id}`, name: part.name, input } };
}

function stopReason(candidate: AnswerCandidate): string {
  switch (candidate.finish) {
    case 'tool-calls':
      return 'tool_use';
    case 'length':
      return 'max_tokens';
    case 'stop-sequence':
      return 'stop_sequence';
    case 'stop':
      return 'end_turn';
  }
}

function tokenUsage(usage: AnswerUsage): JsonObject {
  return {
    inputTokens: usage.input - usage.cached,
    outputTokens: usage.output,
    totalTokens: usage.input + usage.output,
    cacheReadInputTokens: usage.cached,
    cacheWriteInputTokens: 0,
  };
}
