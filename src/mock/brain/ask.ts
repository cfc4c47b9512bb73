import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { countTokens, MEDIA_TOKENS } from './tokens.ts';

/** What a request asks, whichever API it came in: what the brain needs to make up an answer. */
export interface Ask {
  model: string;
  /** Text of the last user turn; empty when there is none. */
  userText: string;
  /** Things in the last user turn that are not text, such as `image`. */
  attachments: string[];
  /** Results of tools, when they are the last turn. */
  toolResults: { name: string; text: string }[];
  tools: AskTool[];
  toolChoice: { type: 'auto' | 'none' | 'required' } | { type: 'tool'; name: string };
  parallelTools: boolean;
  format: { type: 'text' } | { type: 'json' } | { type: 'json-schema'; schema: JsonObject };
  /** Whether thinking is asked for. */
  reasoning: boolean;
  maxTokens?: number;
  stop: string[];
  /** How many answers. */
  candidates: number;
  /** Tokens of everything in the request, by the mock's count. */
  inputTokens: number;
}

/** A function the request offers. */
export interface AskTool {
  name: string;
  schema: JsonObject;
}

/** An ask with nothing in it. */
export function createAsk(model: string): Ask {
  return {
    model,
    userText: '',
    attachments: [],
    toolResults: [],
    tools: [],
    toolChoice: { type: 'auto' },
    parallelTools: true,
    format: { type: 'text' },
    reasoning: false,
    stop: [],
    candidates: 1,
    inputTokens: 0,
  };
}

/** Starts the user's turn: what stood in an earlier one no longer counts as the last. */
export function startTurn(ask: Ask, role: 'user' | 'assistant' | 'tool'): void {
  if (role === 'assistant') return;
  ask.toolResults = [];
  if (role === 'user') {
    ask.userText = '';
    ask.attachments = [];
  }
}

/** Adds text; `user` text also becomes what the answer speaks of. */
export function addText(ask: Ask, text: string, role: 'user' | 'other' = 'other'): void {
  ask.inputTokens += countTokens(text);
  if (role === 'user') ask.userText = ask.userText === '' ? text : `${ask.userText}\n${text}`;
}

/** Adds an image, document, sound or video. */
export function addMedia(ask: Ask, kind: string, role: 'user' | 'other' = 'user'): void {
  ask.inputTokens += MEDIA_TOKENS;
  if (role === 'user') ask.attachments.push(kind);
}

/** Adds a tool's result to the last turn. */
export function addToolResult(ask: Ask, name: string, text: string): void {
  ask.inputTokens += countTokens(text);
  ask.toolResults.push({ name, text });
}

/** Adds an offered tool; its JSON counts as input. */
export function addTool(ask: Ask, name: string, schema: JsonValue | undefined): void {
  const parameters = isObject(schema) ? schema : { type: 'object', properties: {} };
  ask.inputTokens += countTokens(name) + countTokens(JSON.stringify(parameters));
  ask.tools.push({ name, schema: parameters });
}
