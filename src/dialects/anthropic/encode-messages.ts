import type { JsonObject } from '../../json/types.ts';
import type { NeutralMessage } from '../neutral/request.ts';
import { type EncodeState, encodeBlocks, isProvenThought } from './encode-blocks.ts';

/** One turn of the wire's conversation. */
interface Turn {
  role: 'user' | 'assistant' | 'system';
  content: JsonObject[];
}

/** Where instructions go, and the conversation itself. */
export interface EncodedMessages {
  system: JsonObject[];
  messages: JsonObject[];
}

/** Results come first in a user turn: the API wants them right after the calls they answer. */
function resultsFirst(content: JsonObject[]): JsonObject[] {
  if (!content.some((block) => block['type'] === 'tool_result')) return content;
  const results = content.filter((block) => block['type'] === 'tool_result');
  if (results.length === content.length) return content;
  return [...results, ...content.filter((block) => block['type'] !== 'tool_result')];
}

/** An answer to continue may not end in white space. */
function trimPrefill(turn: Turn | undefined): void {
  const last = turn?.role === 'assistant' ? turn.content.at(-1) : undefined;
  if (last?.['type'] === 'text' && typeof last['text'] === 'string') last['text'] = last['text'].trimEnd();
}

/**
 * Writes the conversation. Instructions go to `system`, wherever they stand, unless the request was
 * written in this API (`sameDialect`), whose later `system` turns stay in place. Turns of one role
 * that follow each other are merged: roles alternate here.
 */
export function encodeMessages(
  source: NeutralMessage[],
  state: EncodeState,
  options: { sameDialect: boolean },
): EncodedMessages {
  const system: JsonObject[] = [];
  const turns: Turn[] = [];
  for (const message of source) {
    const content = encodeBlocks(message.content, state);
    if (message.name !== undefined) state.warn("Participants' names were left out: the Messages API has none.");
    const instruction = message.role === 'system' || message.role === 'developer';
    if (instruction && (turns.length === 0 || !options.sameDialect)) {
      if (turns.length > 0) {
        state.warn('Instructions from the middle of the conversation were moved to the system prompt.');
      }
      system.push(...content);
      continue;
    }
    if (content.length === 0) {
      if (message.content.length > 0)
        state.warn('A message without content was left out: the Messages API refuses it.');
      continue;
    }
    const role = instruction ? 'system' : message.role === 'assistant' ? 'assistant' : 'user';
    const last = turns.at(-1);
    if (last?.role === role && role !== 'system') last.content.push(...content);
    else turns.push({ role, content });
  }
  trimPrefill(turns.at(-1));
  const messages = turns.map((turn): JsonObject => {
    return { role: turn.role, content: turn.role === 'user' ? resultsFirst(turn.content) : turn.content };
  });
  return { system, messages };
}

/**
 * Whether the conversation stands in the middle of a tool loop whose calls were made without
 * thoughts that Anthropic can prove: a model with a thinking budget refuses to go on from there.
 */
export function lacksThinkingInToolLoop(source: NeutralMessage[]): boolean {
  if (source.at(-1)?.role !== 'tool') return false;
  const asking = source.findLast((message) => message.role === 'assistant');
  if (asking === undefined || !asking.content.some((part) => part.type === 'tool-call')) return false;
  return !asking.content.some(isProvenThought);
}
