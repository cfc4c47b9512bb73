import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { Answer, AnswerCandidate, AnswerUsage } from '../brain/think.ts';
import { textPieces } from '../brain/tokens.ts';

/** One event of a messages stream: its name is the data's `type`. */
export interface MessageEvent {
  data: JsonObject & { type: string };
  tokens: number;
}

const ARGUMENT_PIECE = 12;

/** The whole message. `thoughts: 'omitted'` leaves thinking text empty, the signature stays. */
export function wholeMessage(answer: Answer, about: { id: string; model: string; thoughts: string }): JsonObject {
  const candidate = onlyCandidate(answer);
  return {
    id: about.id,
    type: 'message',
    role: 'assistant',
    model: about.model,
    content: candidate.parts.map((part): JsonValue => {
      if (part.type === 'text') return { type: 'text', text: part.text };
      if (part.type === 'reasoning') {
        return { type: 'thinking', thinking: about.thoughts === 'omitted' ? '' : part.text, signature: part.signature };
      }
      return {
        type: 'tool_use',
        id: `toolu_${part.id}`,
        name: part.name,
        input: JSON.parse(part.arguments) as JsonValue,
      };
    }),
    stop_reason: stopReason(candidate),
    stop_sequence: candidate.stopSequence ?? null,
    usage: wholeUsage(answer.usage, answer.usage.output),
  };
}

/** The events of a streamed message, in order (docs.anthropic.com/en/docs/build-with-claude/streaming). */
export function* messageEvents(
  answer: Answer,
  about: { id: string; model: string; thoughts: string },
): Generator<MessageEvent> {
  const candidate = onlyCandidate(answer);
  yield event({
    type: 'message_start',
    message: {
      id: about.id,
      type: 'message',
      role: 'assistant',
      model: about.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: wholeUsage(answer.usage, 1),
    },
  });
  for (const [index, part] of candidate.parts.entries()) {
    const delta = (fields: JsonObject, tokens = 0): MessageEvent =>
      event({ type: 'content_block_delta', index, delta: fields }, tokens);
    yield event({ type: 'content_block_start', index, content_block: emptyBlock(part) });
    if (index === 0) yield event({ type: 'ping' });
    if (part.type === 'text') {
      for (const text of textPieces(part.text)) yield delta({ type: 'text_delta', text }, 1);
    } else if (part.type === 'reasoning') {
      if (about.thoughts !== 'omitted') {
        for (const thinking of textPieces(part.text)) yield delta({ type: 'thinking_delta', thinking }, 1);
      }
      yield delta({ type: 'signature_delta', signature: part.signature });
    } else {
      yield delta({ type: 'input_json_delta', partial_json: '' });
      for (const piece of textPieces(part.arguments, ARGUMENT_PIECE)) {
        yield delta({ type: 'input_json_delta', partial_json: piece }, ARGUMENT_PIECE / 4);
      }
    }
    yield event({ type: 'content_block_stop', index });
  }
  yield event({
    type: 'message_delta',
    delta: { stop_reason: stopReason(candidate), stop_sequence: candidate.stopSequence ?? null },
    usage: {
      input_tokens: answer.usage.input - answer.usage.cached,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: answer.usage.cached,
      output_tokens: answer.usage.output,
    },
  });
  yield event({ type: 'message_stop' });
}

function event(data: MessageEvent['data'], tokens = 0): MessageEvent {
  return { data, tokens };
}

function onlyCandidate(answer: Answer): AnswerCandidate {
  return answer.candidates[0] ?? { parts: [], finish: 'stop' };
}

function emptyBlock(part: AnswerCandidate['parts'][number]): JsonObject {
  if (part.type === 'text') return { type: 'text', text: '' };
  if (part.type === 'reasoning') return { type: 'thinking', thinking: '', signature: '' };
  return { type: 'tool_use', id: `toolu_${part.id}`, name: part.name, input: {} };
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

/** Anthropic counts cached tokens apart from `input_tokens`. */
function wholeUsage(usage: AnswerUsage, output: number): JsonObject {
  return {
    input_tokens: usage.input - usage.cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cached,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    service_tier: 'standard',
  };
}
