import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralMessage, NeutralOrigin, NeutralPart, NeutralToolResult } from '../neutral/request.ts';
import {
  encodePart,
  encodeReasoning,
  encodeToolCall,
  encodeToolResult,
  type PartState,
  partSignature,
} from './encode-parts.ts';
import { GEMINI_3, isAtLeast } from './model-version.ts';
import { SKIP_SIGNATURE } from './wire.ts';

/** The conversation as Gemini wants it. */
export interface EncodedContents {
  contents: JsonObject[];
  systemInstruction?: JsonObject;
}

interface Turn {
  role: 'user' | 'model';
  /** Function responses, which Gemini matches to calls by their order. */
  results: { order: number; parts: JsonObject[] }[];
  parts: JsonObject[];
}

interface KnownCall {
  name: string;
  order: number;
}

/**
 * Writes messages as turns of `user` and `model` that alternate. System and developer messages become
 * the system instruction, tool messages function responses of a user turn in the order of the calls.
 * Throws GatewayError where a message holds what Gemini cannot take.
 */
export function encodeContents(messages: readonly NeutralMessage[], state: PartState): EncodedContents {
  const turns: Turn[] = [];
  const system: JsonObject[] = [];
  const calls = new Map<string, KnownCall>();
  for (const [index, message] of messages.entries()) {
    const where = `messages[${index}]`;
    if (message.name !== undefined) state.warn('names of participants are left out: Gemini has no such field');
    switch (message.role) {
      case 'system':
      case 'developer':
        if (turns.length > 0) state.warn(`${where}: the ${message.role} message is moved before the conversation`);
        system.push(...encodeSystem(message, where, state));
        break;
      case 'user':
        encodeUser(message, where, { state, calls, turn: turnOf(turns, 'user') });
        break;
      case 'tool':
        encodeUser(message, where, { state, calls, turn: turnOf(turns, 'user') });
        break;
      case 'assistant':
        turnOf(turns, 'model').parts.push(...encodeModel(message, where, state, calls));
        break;
      default:
        message.role satisfies never;
    }
  }
  const contents = joinTurns(turns);
  return system.length === 0 ? { contents } : { contents, systemInstruction: { parts: system } };
}

function turnOf(turns: Turn[], role: Turn['role']): Turn {
  const last = turns.at(-1);
  if (last?.role === role) return last;
  const turn: Turn = { role, results: [], parts: [] };
  turns.push(turn);
  return turn;
}

/** Turns without parts are refused by Gemini; where one falls away its neighbours join. */
function joinTurns(turns: readonly Turn[]): JsonObject[] {
  const contents: { role: string; parts: JsonObject[] }[] = [];
  for (const turn of turns) {
    turn.results.sort((a, b) => a.order - b.order);
    const parts = [...turn.results.flatMap((result) => result.parts), ...turn.parts];
    if (parts.length === 0) continue;
    const last = contents.at(-1);
    if (last?.role === turn.role) last.parts.push(...parts);
    else contents.push({ role: turn.role, parts });
  }
  return contents;
}

function encodeSystem(message: NeutralMessage, where: string, state: PartState): JsonObject[] {
  return message.content.flatMap((part, position) => {
    if (part.type !== 'text') {
      throw new GatewayError(
        'unsupported_parameter',
        `${where}.content[${position}]: Gemini takes only text as system instruction; move the ${part.type} to a user message.`,
        { param: `${where}.content[${position}]` },
      );
    }
    return encodePart(part, `${where}.content[${position}]`, state);
  });
}

function encodeUser(
  message: NeutralMessage,
  where: string,
  to: { state: PartState; calls: ReadonlyMap<string, KnownCall>; turn: Turn },
): void {
  for (const [position, part] of message.content.entries()) {
    const place = `${where}.content[${position}]`;
    if (part.type === 'tool-result') to.turn.results.push(encodeResult(part, place, to.state, to.calls));
    else to.turn.parts.push(...encodePart(part, place, to.state));
  }
}

function encodeResult(
  part: NeutralToolResult & NeutralPart,
  where: string,
  state: PartState,
  calls: ReadonlyMap<string, KnownCall>,
): Turn['results'][number] {
  const call = calls.get(part.callId);
  const order = call?.order ?? Number.MAX_SAFE_INTEGER;
  if (part.cache !== undefined) state.warn('cache marks are left out: Gemini caches prompts on its own');
  if (part.origin?.dialect === 'gemini') return { order, parts: [part.origin.value] };
  const name = part.name ?? call?.name;
  if (name === undefined) {
    throw new GatewayError(
      'invalid_request',
      `${where}: the tool result answers "${part.callId}", but no earlier message makes a call of that id.`,
      { param: where },
    );
  }
  return { order, parts: encodeToolResult(part, name, where, state) };
}

function encodeModel(
  message: NeutralMessage,
  where: string,
  state: PartState,
  calls: Map<string, KnownCall>,
): JsonObject[] {
  const lent = lendsSignature(message);
  const parts: JsonObject[] = [];
  let firstCall: JsonObject | undefined;
  let thoughtSignature: string | undefined;
  for (const [position, part] of message.content.entries()) {
    const place = `${where}.content[${position}]`;
    if (part.type === 'tool-call') {
      calls.set(part.id, { name: part.name, order: calls.size });
      if (part.cache !== undefined) state.warn('cache marks are left out: Gemini caches prompts on its own');
      const call = encodeToolCall(part, place);
      firstCall ??= call;
      parts.push(call);
    } else if (part.type === 'reasoning' && part.signature !== undefined && isForeign(part.origin)) {
      state.warn(`a thought signature of ${part.origin?.dialect} is left out: Gemini cannot verify it`);
      const { signature: _, ...unsigned } = part;
      parts.push(...encodeReasoning(unsigned, state));
    } else if (part.type === 'reasoning' && lent && part.signature !== undefined && part.origin?.dialect !== 'gemini') {
      thoughtSignature ??= part.signature;
      const { signature: _, ...unsigned } = part;
      parts.push(...encodeReasoning(unsigned, state));
    } else if (
      part.type === 'reasoning' &&
      part.origin?.dialect === 'gemini' &&
      part.origin.value['thought'] === true
    ) {
      parts.push({ ...part.origin.value, text: part.text });
    } else {
      parts.push(...encodePart(part, place, state));
    }
  }
  if (firstCall !== undefined && partSignature(firstCall) === undefined) {
    const signature = thoughtSignature ?? (isAtLeast(state.model, GEMINI_3) ? SKIP_SIGNATURE : undefined);
    if (signature !== undefined) firstCall['thoughtSignature'] = signature;
  }
  return parts;
}

function isForeign(origin: NeutralOrigin | undefined): boolean {
  return origin !== undefined && origin.dialect !== 'gemini';
}

/**
 * Whether the first call of a turn takes the signature of the turn's thought. Gemini signs the call;
 * other APIs have a place for the signature on the thought only, so it comes back there.
 */
function lendsSignature(message: NeutralMessage): boolean {
  const call = message.content.find((part) => part.type === 'tool-call');
  if (call === undefined || call.signature !== undefined) return false;
  return call.origin?.dialect !== 'gemini' || partSignature(call.origin.value) === undefined;
}
