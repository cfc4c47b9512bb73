import type { Ask, AskTool } from './ask.ts';
import { exampleOf } from './schema-example.ts';
import { signText } from './signature.ts';
import { countTokens, firstTokens } from './tokens.ts';

/** What the brain answers: every API renders it in its own shape. */
export interface Answer {
  candidates: AnswerCandidate[];
  usage: AnswerUsage;
}

/** One of the answers. */
export interface AnswerCandidate {
  parts: AnswerPart[];
  finish: 'stop' | 'length' | 'tool-calls' | 'stop-sequence';
  /** The stop sequence that ended the text. */
  stopSequence?: string;
}

/** A piece of an answer. `arguments` is JSON text; `id` has no prefix, each API puts its own. */
export type AnswerPart =
  | { type: 'reasoning'; text: string; signature: string }
  | { type: 'text'; text: string }
  | { type: 'tool-call'; id: string; name: string; arguments: string; signature: string };

/** Tokens by the mock's count. `cached` is a part of `input`, `reasoning` a part of `output`. */
export interface AnswerUsage {
  input: number;
  cached: number;
  output: number;
  reasoning: number;
}

/** What the server and the request's control headers say about the answer. */
export interface ThinkOptions {
  /** Exact length of text answers in tokens. */
  tokens?: number | undefined;
  /** Tools to call whatever the request says; `*` means all offered ones. */
  forcedTools?: readonly string[] | undefined;
  /** How many input tokens to report as read from a prompt cache. */
  cachedTokens?: number | undefined;
  /** A fresh id without prefix. */
  newId(): string;
}

const ECHO_LENGTH = 200;
const ABOUT =
  'This is the demo model of aigw: it answers offline and without a key, so that you can try the gateway before you connect a provider.';
const ONE_TOOL = /\bcall (?:the|a) tool\b/i;
const ALL_TOOLS = /\bcall (?:the|all|all the|both) tools\b/i;

/** Makes up the answer to a request: always the same one for the same request, ids apart. */
export function think(ask: Ask, options: ThinkOptions): Answer {
  const candidates: AnswerCandidate[] = [];
  let output = 0;
  let reasoning = 0;
  for (let index = 0; index < ask.candidates; index += 1) {
    const candidate = thinkOne(ask, options, index);
    for (const part of candidate.parts) {
      const tokens = part.type === 'tool-call' ? countTokens(part.name + part.arguments) : countTokens(part.text);
      output += tokens;
      if (part.type === 'reasoning') reasoning += tokens;
    }
    candidates.push(candidate);
  }
  const cached = Math.min(options.cachedTokens ?? 0, ask.inputTokens);
  return { candidates, usage: { input: ask.inputTokens, cached, output, reasoning } };
}

function thinkOne(ask: Ask, options: ThinkOptions, index: number): AnswerCandidate {
  const parts: AnswerPart[] = [];
  let left = ask.maxTokens === undefined || ask.maxTokens <= 0 ? Number.POSITIVE_INFINITY : ask.maxTokens;
  if (ask.reasoning) {
    const text = firstTokens(`The user says: ${echo(ask.userText)} A short and friendly answer will do.`, left);
    parts.push({ type: 'reasoning', text, signature: signText(text) });
    left -= countTokens(text);
    if (left <= 0) return { parts, finish: 'length' };
  }
  const tools = toolsToCall(ask, options.forcedTools ?? []);
  if (tools.length > 0) {
    for (const tool of tools) {
      const args = JSON.stringify(exampleOf(tool.schema));
      parts.push({
        type: 'tool-call',
        id: options.newId(),
        name: tool.name,
        arguments: args,
        signature: signText(tool.name + args),
      });
    }
    return { parts, finish: 'tool-calls' };
  }
  const full = sized(answerText(ask, index), options.tokens, ask.format.type === 'text');
  const stop = firstStop(full, ask.stop);
  const cut = firstTokens(stop === undefined ? full : full.slice(0, stop.index), left);
  parts.push({ type: 'text', text: cut });
  if (stop !== undefined && cut.length === stop.index) {
    return { parts, finish: 'stop-sequence', stopSequence: stop.sequence };
  }
  return { parts, finish: cut.length < full.length ? 'length' : 'stop' };
}

function toolsToCall(ask: Ask, forced: readonly string[]): AskTool[] {
  if (forced.length > 0) {
    if (forced.includes('*')) return ask.tools;
    return forced.map((name) => ask.tools.find((tool) => tool.name === name) ?? { name, schema: { type: 'object' } });
  }
  const choice = ask.toolChoice;
  if (choice.type === 'tool') {
    return [ask.tools.find((tool) => tool.name === choice.name) ?? { name: choice.name, schema: { type: 'object' } }];
  }
  if (choice.type === 'none' || ask.tools.length === 0) return [];
  const wantsAll = ALL_TOOLS.test(ask.userText) && ask.parallelTools;
  if (choice.type === 'required') return wantsAll ? ask.tools : ask.tools.slice(0, 1);
  if (ask.toolResults.length > 0) return [];
  if (wantsAll) return ask.tools;
  const named = ask.tools.filter((tool) => ask.userText.includes(tool.name));
  if (named.length > 0) return ask.parallelTools ? named : named.slice(0, 1);
  return ONE_TOOL.test(ask.userText) || ALL_TOOLS.test(ask.userText) ? ask.tools.slice(0, 1) : [];
}

function answerText(ask: Ask, index: number): string {
  if (ask.format.type === 'json-schema') return JSON.stringify(exampleOf(ask.format.schema));
  if (ask.format.type === 'json')
    return JSON.stringify({ answer: `You said: ${echo(ask.userText)}`, model: ask.model });
  const sentences: string[] = [];
  if (index > 0) sentences.push(`Answer ${index + 1}.`);
  if (ask.toolResults.length > 0) {
    for (const result of ask.toolResults) sentences.push(`The tool ${result.name} answered: ${echo(result.text)}`);
  } else {
    sentences.push(ask.userText === '' ? 'Hello!' : `You said: ${echo(ask.userText)}`);
    if (ask.attachments.length > 0) sentences.push(`I received ${listed(ask.attachments)}.`);
  }
  sentences.push(ABOUT);
  return sentences.join(' ');
}

/** `text` repeated and cut to the wanted number of tokens; JSON is left whole. */
function sized(text: string, tokens: number | undefined, mayGrow: boolean): string {
  if (tokens === undefined || !mayGrow) return text;
  let long = text;
  for (let number = 1; long.length < tokens * 4; number += 1) long += ` This is sentence ${number} of a longer answer.`;
  return firstTokens(long, tokens);
}

function firstStop(text: string, sequences: readonly string[]): { index: number; sequence: string } | undefined {
  let first: { index: number; sequence: string } | undefined;
  for (const sequence of sequences) {
    const index = sequence === '' ? -1 : text.indexOf(sequence);
    if (index >= 0 && (first === undefined || index < first.index)) first = { index, sequence };
  }
  return first;
}

function echo(text: string): string {
  const clean = text.trim();
  const short = clean.length > ECHO_LENGTH ? `${firstTokens(clean, ECHO_LENGTH / 4)}...` : clean;
  return /[.!?]$/.test(short) || short === '' ? short : `${short}.`;
}

function listed(things: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const thing of things) counts.set(thing, (counts.get(thing) ?? 0) + 1);
  return [...counts].map(([thing, count]) => `${count} ${thing}${count === 1 ? '' : 's'}`).join(' and ');
}
