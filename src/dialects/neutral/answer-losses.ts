import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { DialectName } from '../names.ts';
import { type NeutralCitation, webCitations } from './citations.ts';
import type { NeutralOrigin, NeutralPart } from './request.ts';
import type { NeutralCandidate, NeutralEvent, NeutralResponse } from './response.ts';

/** What tells of a loss; saying the same twice counts once. */
type Warn = (warning: string) => void;

/** A client's API in sentences about what it cannot show. */
export interface AnswerApi {
  readonly dialect: DialectName;
  /** Its name, such as `the Messages API`. */
  readonly title: string;
}

/**
 * Fields of answers that measure or label the answer, repeat the request, or that the decoders have read into neutral
 * fields: a client of another API does not miss them, and they come with every answer.
 */
const BOOKKEEPING: Partial<Record<DialectName, ReadonlySet<string>>> = {
  'openai-chat': new Set([
    'system_fingerprint',
    'prompt_filter_results',
    'obfuscation',
    'provider',
    'timings',
    'time_info',
    'x_groq',
    'request_id',
    'weight_version',
    'matched_stop',
    'mm_hashes',
  ]),
  'openai-responses': new Set([
    'background',
    'billing',
    'conversation',
    'content_filters',
    'frequency_penalty',
    'instructions',
    'max_output_tokens',
    'max_tool_calls',
    'metadata',
    'moderation',
    'parallel_tool_calls',
    'presence_penalty',
    'previous_response_id',
    'prompt',
    'prompt_cache_key',
    'prompt_cache_options',
    'prompt_cache_retention',
    'reasoning',
    'safety_identifier',
    'store',
    'temperature',
    'text',
    'tool_choice',
    'tools',
    'top_logprobs',
    'top_p',
    'truncation',
    'user',
  ]),
  'bedrock-converse': new Set(['metrics', 'performanceConfig', 'serviceTier', 'stop_sequence']),
  gemini: new Set([
    'avgLogprobs',
    'citationMetadata',
    'groundingMetadata',
    'modelStatus',
    'promptFeedback',
    'safetyRatings',
    'tokenCount',
  ]),
  'cohere-chat': new Set(['meta', 'prompt']),
};

const MOST_NAMED = 5;

/** Words of a provider as they may stand in a header. */
function printable(words: string): string {
  return words.slice(0, 48).replace(/[^!-~]/g, '?');
}

function missing(dialect: DialectName, fields: JsonObject): string[] {
  const known = BOOKKEEPING[dialect];
  return Object.keys(fields).filter((name) => known?.has(name) !== true);
}

function lostFields(dialect: DialectName, fields: JsonObject, api: AnswerApi): string | undefined {
  const names = missing(dialect, fields);
  if (names.length === 0) return undefined;
  const shown = names.slice(0, MOST_NAMED).map(printable).join("', '");
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `What only the ${dialect} API answers ('${shown}'${more}) was left out: ${api.title} cannot show it.`;
}

/** The name of a block that only one API knows: its `type`, or the field that holds it. */
function blockName(value: JsonValue): string {
  if (!isObject(value)) return 'block';
  return printable(typeof value['type'] === 'string' ? value['type'] : (Object.keys(value)[0] ?? 'block'));
}

/** Fields of a message or candidate that travel in a block, with what holds them taken away; undefined for a block. */
function loneFields(dialect: DialectName, value: JsonObject): JsonObject | undefined {
  if (dialect === 'openai-chat') return isObject(value['message_fields']) ? value['message_fields'] : undefined;
  if (dialect === 'bedrock-converse') {
    if (isObject(value['metadata'])) return value['metadata'];
    const stop = isObject(value['messageStop']) ? value['messageStop']['additionalModelResponseFields'] : undefined;
    return isObject(stop) ? stop : undefined;
  }
  if (dialect !== 'gemini') return undefined;
  return GEMINI_PARTS.some((name) => value[name] !== undefined) ? undefined : value;
}

/** What a part of Gemini's may hold; other objects in its streams are fields of the candidate. */
const GEMINI_PARTS = [
  'text',
  'executableCode',
  'executable_code',
  'codeExecutionResult',
  'code_execution_result',
  'inlineData',
  'inline_data',
  'fileData',
  'file_data',
  'functionResponse',
  'toolCall',
  'tool_call',
  'toolResponse',
  'tool_response',
  'thoughtSignature',
];

const PART_NAMES: Readonly<Record<Exclude<NeutralPart['type'], 'opaque'>, string>> = {
  text: 'A text',
  refusal: 'A refusal',
  image: 'An image',
  audio: 'An audio',
  video: 'A video',
  document: 'A document',
  reasoning: 'A thought',
  'tool-call': 'A tool call',
  'tool-result': 'A tool result',
};

/** Tells of a part of an answer that the client's API has no form for. */
export function warnOfLostPart(part: NeutralPart, api: AnswerApi, warn: Warn): void {
  if (part.type === 'opaque') {
    const fields = isObject(part.value) ? loneFields(part.dialect, part.value) : undefined;
    const lost = fields === undefined ? undefined : lostFields(part.dialect, fields, api);
    if (lost !== undefined) warn(lost);
    if (fields !== undefined) return;
    const name = blockName(part.value);
    warn(`A part of the answer that only the ${part.dialect} API knows (${name}) was left out.`);
    return;
  }
  warn(`${PART_NAMES[part.type]} in the answer was left out: ${api.title} cannot show it.`);
}

/** Tells of an event of a stream that the client's API has no form for. */
export function warnOfLostEvent(event: NeutralEvent & { type: 'opaque' }, api: AnswerApi, warn: Warn): void {
  warnOfLostPart(event.part ?? { type: 'opaque', dialect: event.dialect, value: event.value }, api, warn);
}

/**
 * Tells what stands beside a text of another API and is lost: citations (`shown`: whether the client's API shows those
 * of web pages), and the signature that Gemini puts on texts.
 */
export function warnOfLostMarks(
  text: { origin?: NeutralOrigin; citations?: readonly NeutralCitation[] },
  to: { api: AnswerApi; shown: boolean },
  warn: Warn,
): void {
  const { origin, citations } = text;
  if (origin?.dialect === to.api.dialect) return;
  if (origin?.dialect === 'gemini' && origin.value['thoughtSignature'] !== undefined) warnOfLostToken(to.api, warn);
  if (citations === undefined || citations.length === 0) return;
  if (!to.shown) warn(`Citations in the answer were left out: ${to.api.title} cannot show them.`);
  else if (webCitations(citations).length < citations.length) {
    warn(`Citations of other sources than web pages were left out: ${to.api.title} cannot show them.`);
  }
}

/** Tells that a thought or a call loses the token, if it has one, by which the provider would know it again. */
export function warnOfLostTokens(of: { signature?: string; encrypted?: string }, api: AnswerApi, warn: Warn): void {
  if (of.signature !== undefined || of.encrypted !== undefined) warnOfLostToken(api, warn);
}

function warnOfLostToken(api: AnswerApi, warn: Warn): void {
  warn(`The provider's token for its thoughts was left out: ${api.title} has no place for it.`);
}

/** How APIs say that a model had no more to say: some have no other word for an answer that a filter ended. */
const GOOD_ENDS: ReadonlySet<string> = new Set(['stop', 'eos_token']);

/** Tells that an answer ended in a way the client's API has no word for; `sent` is the word it gets. */
export function warnOfLostFinish(
  finish: Pick<NeutralCandidate, 'finishReason' | 'rawFinishReason'>,
  sent: string,
  warn: Warn,
): void {
  const { finishReason } = finish;
  const filtered = finishReason === 'content-filter' && GOOD_ENDS.has(sent);
  if (finishReason !== 'pause' && finishReason !== 'other' && !filtered) return;
  const said = printable(finish.rawFinishReason ?? finish.finishReason);
  if (said.toLowerCase() !== sent.toLowerCase()) warn(`The finish reason '${said}' was sent as '${sent}'.`);
}

/** Tells of log probabilities. */
export function warnOfLostLogprobs(logprobs: JsonObject | undefined, api: AnswerApi, warn: Warn): void {
  if (logprobs !== undefined) warn(`The log probabilities were left out: ${api.title} cannot show them.`);
}

/** Tells of answers beyond the first, for APIs that have one. */
export function warnOfMoreCandidates(api: AnswerApi, warn: Warn): void {
  warn(`Only the first of several answers was passed on: ${api.title} has one.`);
}

/** Tells what of a whole answer's own fields only another API has. */
export function warnOfLostFields(response: NeutralResponse, api: AnswerApi, warn: Warn): void {
  const { extensions } = response;
  if (extensions === undefined) return;
  for (const [name, fields] of Object.entries(extensions)) {
    const dialect = name as DialectName;
    if (dialect === api.dialect || fields === undefined) continue;
    const { candidates, additionalModelResponseFields, ...own } = fields;
    // Gemini's candidates and Bedrock's models have fields of their own.
    const inner: JsonObject[] = [own];
    if (Array.isArray(candidates)) inner.push(...candidates.filter(isObject));
    if (isObject(additionalModelResponseFields)) inner.push(additionalModelResponseFields);
    for (const one of inner) {
      const lost = lostFields(dialect, one, api);
      if (lost !== undefined) warn(lost);
    }
  }
}
