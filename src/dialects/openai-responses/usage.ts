import { parseObject } from '../../json/parse-object.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { ObservedAnswer, StreamObserver, UsageDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { emptyUsage, type Usage } from '../neutral/usage.ts';
import { objectOf, textOf } from '../openai/fields.ts';
import { readAnswerError } from './errors.ts';
import { readResponsesUsage } from './token-counts.ts';

/** How events begin that are all OpenAI sends. */
const TYPE_FIRST = '{"type":"';

/** The types of events that are looked into. */
const LAST_TYPES = ['response.completed', 'response.incomplete', 'response.failed', 'error'] as const;

/** The same with quotes: how they stand in an event whose type is not its first field. */
const LAST_MARKS: readonly string[] = LAST_TYPES.map((type) => `"${type}"`);

function isLast(type: string): boolean {
  return (LAST_TYPES as readonly string[]).includes(type);
}

/** Whether the frame may end the answer: by its name, by the type it begins with, else by a search. */
function mayBeLast(event: string, data: string): boolean {
  if (event !== '') return isLast(event);
  if (data.startsWith(TYPE_FIRST)) return isLast(data.slice(TYPE_FIRST.length, data.indexOf('"', TYPE_FIRST.length)));
  return LAST_MARKS.some((mark) => data.includes(mark)) || data.includes('"error":{');
}

/** The model in the first event, found without parsing it: the event repeats the request's tools and may be large. */
function findModel(data: string): string | undefined {
  const found = data.indexOf('"model":');
  if (found < 0) return undefined;
  const start = data.indexOf('"', found + 8);
  const end = start < 0 ? -1 : data.indexOf('"', start + 1);
  // Only white space may stand between the colon and the value.
  if (end < 0 || data.slice(found + 8, start).trim() !== '') return undefined;
  const name = data.slice(start + 1, end);
  return name === '' || name.includes('\\') ? undefined : name;
}

/** The types of events that only open an answer. */
const FIRST_TYPES: readonly string[] = ['response.created', 'response.in_progress', 'response.queued'];

function isPreamble(event: string, data: string): boolean {
  if (event !== '') return FIRST_TYPES.includes(event);
  const type = textOf(parseObject(data)?.['type']);
  return type !== undefined && FIRST_TYPES.includes(type);
}

/** Watches a stream of a response: only its last event is parsed. */
class ResponseStreamObserver implements StreamObserver {
  usage: Usage | undefined;
  model: string | undefined;
  complete = false;
  error: ProviderError | undefined;
  serviceTier: string | undefined;
  #first = true;

  frame(event: string, data: string): void {
    if (this.#first) {
      this.#first = false;
      this.model = findModel(data);
    }
    if (!mayBeLast(event, data)) return;
    const body = parseObject(data);
    if (body === undefined) return;
    const type = textOf(body['type']) ?? event;
    const response = objectOf(body['response']);
    if (response !== undefined) {
      this.usage = readResponsesUsage(response['usage']) ?? this.usage;
      this.model = textOf(response['model']) ?? this.model;
      this.serviceTier = textOf(response['service_tier']) ?? this.serviceTier;
    }
    if (type === 'response.completed' || type === 'response.incomplete') {
      this.complete = this.error === undefined;
    } else if (type === 'response.failed') {
      this.error ??= readAnswerError(objectOf(response?.['error']) ?? { message: 'The response failed.' });
    } else if (type === 'error' || isObject(body['error'])) {
      this.error ??= readAnswerError(body);
    }
  }
}

/** Statuses after which a response is worked on no more. */
const ENDED: readonly unknown[] = ['completed', 'incomplete', 'failed', 'cancelled'];

function read(fields: JsonObject): ObservedAnswer {
  const background = fields['background'] === true;
  const ended = ENDED.includes(fields['status']);
  const usage = readResponsesUsage(fields['usage']);
  return {
    // What is still worked on counts when it has ended, and is no answer whose tokens would have to be guessed.
    usage: background && !ended ? (usage ?? emptyUsage()) : usage,
    model: textOf(fields['model']),
    serviceTier: textOf(fields['service_tier']),
    workId: background && ended ? textOf(fields['id']) : undefined,
  };
}

/** Usage of responses that pass through. */
export const responsesUsage: UsageDialect = {
  fields: ['usage', 'model', 'service_tier', 'id', 'status', 'background'],
  read,
  createStreamObserver: () => new ResponseStreamObserver(),
  isPreamble,
};
