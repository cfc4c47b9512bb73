import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { Answer, AnswerPart } from '../brain/think.ts';
import { textPieces } from '../brain/tokens.ts';
import { type Frame, frame, sse } from '../call.ts';
import { objectOf } from '../json-read.ts';
import { responsesUsage } from './usage.ts';

/** What a response object says beside its output. */
export interface ResponseFacts {
  id: string;
  created: number;
  model: string;
  /** The request, whose settings the response repeats. */
  request: JsonObject;
  newId(prefix: string, length?: number): string;
}

const ARGUMENT_PIECE = 12;
const ID_LENGTH = 48;

/** The output items of an answer, in order. Thoughts are visible only where a summary was asked for. */
export function outputItems(answer: Answer, facts: ResponseFacts): JsonObject[] {
  const reasoning = objectOf(facts.request['reasoning']);
  const showsThoughts = typeof reasoning['summary'] === 'string' || typeof reasoning['generate_summary'] === 'string';
  const include = facts.request['include'];
  const encrypts = Array.isArray(include) && include.includes('reasoning.encrypted_content');
  return (answer.candidates[0]?.parts ?? []).map((part) => outputItem(part, { facts, showsThoughts, encrypts }));
}

function outputItem(
  part: AnswerPart,
  how: { facts: ResponseFacts; showsThoughts: boolean; encrypts: boolean },
): JsonObject {
  switch (part.type) {
    case 'reasoning':
      return {
        id: how.facts.newId('rs_', ID_LENGTH),
        type: 'reasoning',
        summary: how.showsThoughts ? [{ type: 'summary_text', text: part.text }] : [],
        ...(how.encrypts ? { encrypted_content: part.signature } : {}),
      };
    case 'text':
      return {
        id: how.facts.newId('msg_', ID_LENGTH),
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: part.text, annotations: [], logprobs: [] }],
      };
    case 'tool-call':
      return {
        id: how.facts.newId('fc_', ID_LENGTH),
        type: 'function_call',
        status: 'completed',
        call_id: `call_${part.id}`,
        name: part.name,
        arguments: part.arguments,
      };
  }
}

/** The response object around `output`; `status` decides about usage and incompleteness. */
export function responseObject(
  facts: ResponseFacts,
  status: 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled',
  rest: { output?: JsonObject[]; answer?: Answer; error?: JsonObject },
): JsonObject {
  const { request } = facts;
  const echoed = (name: string, fallback: JsonValue): JsonValue => request[name] ?? fallback;
  const ended = status === 'completed' || status === 'incomplete';
  return {
    id: facts.id,
    object: 'response',
    created_at: facts.created,
    status,
    background: echoed('background', false),
    completed_at: status === 'completed' ? facts.created : null,
    error: rest.error ?? null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: echoed('instructions', null),
    max_output_tokens: echoed('max_output_tokens', null),
    max_tool_calls: echoed('max_tool_calls', null),
    model: facts.model,
    output: ended ? (rest.output ?? []) : [],
    parallel_tool_calls: echoed('parallel_tool_calls', true),
    previous_response_id: echoed('previous_response_id', null),
    prompt_cache_key: echoed('prompt_cache_key', null),
    reasoning: { effort: null, summary: null, ...objectOf(request['reasoning']) },
    safety_identifier: echoed('safety_identifier', null),
    service_tier: 'default',
    store: echoed('store', true),
    temperature: echoed('temperature', 1),
    text: { format: { type: 'text' }, verbosity: 'medium', ...objectOf(request['text']) },
    tool_choice: echoed('tool_choice', 'auto'),
    tools: echoed('tools', []),
    top_logprobs: echoed('top_logprobs', 0),
    top_p: echoed('top_p', 1),
    truncation: echoed('truncation', 'disabled'),
    usage: ended && rest.answer !== undefined ? responsesUsage(rest.answer.usage) : null,
    user: echoed('user', null),
    metadata: echoed('metadata', {}),
  };
}

/** The events of a streamed response (platform.openai.com/docs/api-reference/responses-streaming), numbered from 0. */
export function* responseFrames(facts: ResponseFacts, answer: Answer, output: JsonObject[]): Generator<Frame> {
  let sequence = 0;
  const event = (type: string, fields: JsonObject, tokens = 0): Frame => {
    const body = { type, sequence_number: sequence, ...fields };
    sequence += 1;
    return frame(sse(body, type), tokens);
  };
  const started = responseObject(facts, 'in_progress', {});
  yield event('response.created', { response: started });
  yield event('response.in_progress', { response: started });
  for (const [index, item] of output.entries()) {
    if (item['type'] === 'reasoning') yield* reasoningEvents(event, item, index);
    else if (item['type'] === 'message') yield* messageEvents(event, item, index);
    else yield* callEvents(event, item, index);
  }
  const status = answer.candidates[0]?.finish === 'length' ? 'incomplete' : 'completed';
  yield event(`response.${status}`, { response: responseObject(facts, status, { output, answer }) });
}

/** The frames that end a stream with an error: `error`, then `response.failed`. */
export function responseErrorFrames(facts: ResponseFacts, message: string): string[] {
  const failed = responseObject(facts, 'failed', { error: { code: 'server_error', message } });
  return [
    sse({ type: 'error', sequence_number: 1000, code: 'server_error', message, param: null }, 'error'),
    sse({ type: 'response.failed', sequence_number: 1001, response: failed }, 'response.failed'),
  ];
}

type MakeEvent = (type: string, fields: JsonObject, tokens?: number) => Frame;

function* messageEvents(event: MakeEvent, item: JsonObject, index: number): Generator<Frame> {
  const content = Array.isArray(item['content']) ? objectOf(item['content'][0]) : {};
  const text = String(content['text'] ?? '');
  const at = { item_id: item['id'] ?? '', output_index: index, content_index: 0 };
  yield event('response.output_item.added', {
    output_index: index,
    item: { ...item, status: 'in_progress', content: [] },
  });
  yield event('response.content_part.added', { ...at, part: { ...content, text: '' } });
  for (const delta of textPieces(text)) yield event('response.output_text.delta', { ...at, delta, logprobs: [] }, 1);
  yield event('response.output_text.done', { ...at, text, logprobs: [] });
  yield event('response.content_part.done', { ...at, part: content });
  yield event('response.output_item.done', { output_index: index, item });
}

function* callEvents(event: MakeEvent, item: JsonObject, index: number): Generator<Frame> {
  const text = String(item['arguments'] ?? '');
  const at = { item_id: item['id'] ?? '', output_index: index };
  yield event('response.output_item.added', {
    output_index: index,
    item: { ...item, status: 'in_progress', arguments: '' },
  });
  for (const delta of textPieces(text, ARGUMENT_PIECE)) {
    yield event('response.function_call_arguments.delta', { ...at, delta }, ARGUMENT_PIECE / 4);
  }
  yield event('response.function_call_arguments.done', { ...at, name: item['name'] ?? '', arguments: text });
  yield event('response.output_item.done', { output_index: index, item });
}

function* reasoningEvents(event: MakeEvent, item: JsonObject, index: number): Generator<Frame> {
  const parts = Array.isArray(item['summary']) ? item['summary'] : [];
  yield event('response.output_item.added', { output_index: index, item: { ...item, summary: [] } });
  for (const [summaryIndex, part] of parts.entries()) {
    const text = String(objectOf(part)['text'] ?? '');
    const at = { item_id: item['id'] ?? '', output_index: index, summary_index: summaryIndex };
    yield event('response.reasoning_summary_part.added', { ...at, part: { type: 'summary_text', text: '' } });
    for (const delta of textPieces(text)) yield event('response.reasoning_summary_text.delta', { ...at, delta }, 1);
    yield event('response.reasoning_summary_text.done', { ...at, text });
    yield event('response.reasoning_summary_part.done', { ...at, part: { type: 'summary_text', text } });
  }
  yield event('response.output_item.done', { output_index: index, item });
}
