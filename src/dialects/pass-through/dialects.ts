import { isObject, type JsonObject } from '../../json/types.ts';
import type { Dialect, DialectFamily, ObservedAnswer } from '../dialect.ts';
import type { DialectName } from '../names.ts';
import { openaiErrors } from '../openai/errors.ts';
import { countOf, textOf } from '../openai/fields.ts';
import { readOpenAiUsage } from '../openai/usage.ts';
import { OpenAiStreamObserver } from './observer.ts';

/** APIs that the gateway carries between clients and providers without reading more than usage and errors. */
interface PassThroughApi {
  name: DialectName;
  family: DialectFamily;
  /** Event types that end a whole stream. */
  finalTypes?: readonly string[];
  /** Top-level fields beside `usage` and `model` that `also` wants. */
  fields?: readonly string[];
  /** What an answer says beside its usage and its model. */
  also?(fields: JsonObject): ObservedAnswer;
}

function passThrough(api: PassThroughApi): Dialect {
  const finalTypes = api.finalTypes ?? [];
  return {
    name: api.name,
    family: api.family,
    framing: 'sse',
    errors: openaiErrors,
    usage: {
      fields: ['usage', 'model', ...(api.fields ?? [])],
      read: (fields) => ({
        usage: readOpenAiUsage(fields['usage']),
        model: textOf(fields['model']),
        ...api.also?.(fields),
      }),
      createStreamObserver: () => new OpenAiStreamObserver(finalTypes),
    },
  };
}

/**
 * Sound is billed by its length where the answer counts that instead of tokens: in `usage` of type `duration`, or as the
 * `duration` of a verbose answer.
 */
function readSeconds(fields: JsonObject): ObservedAnswer {
  const { usage } = fields;
  const told = isObject(usage) ? countOf(usage['seconds']) : 0;
  const seconds = told > 0 ? told : countOf(Number(fields['duration'] ?? 0));
  return seconds > 0 ? { units: { audioSeconds: seconds } } : {};
}

/** Statuses of a batch that is worked on no more. */
const ENDED_BATCH: readonly unknown[] = ['completed', 'expired', 'cancelled', 'failed'];

/** A batch tells its usage each time it is looked at. */
function readBatch(fields: JsonObject): ObservedAnswer {
  const { object, status, id } = fields;
  return object === 'batch' && ENDED_BATCH.includes(status) ? { workId: textOf(id) } : {};
}

/** OpenAI's APIs that have no counterpart elsewhere. */
export const PASS_THROUGH_DIALECTS: readonly Dialect[] = [
  passThrough({ name: 'openai-completions', family: 'completions' }),
  passThrough({
    name: 'openai-images',
    family: 'images',
    finalTypes: ['image_generation.completed', 'image_edit.completed'],
  }),
  passThrough({ name: 'openai-speech', family: 'speech', finalTypes: ['speech.audio.done'] }),
  passThrough({
    name: 'openai-transcription',
    family: 'transcription',
    finalTypes: ['transcript.text.done'],
    fields: ['duration'],
    also: readSeconds,
  }),
  passThrough({ name: 'openai-moderations', family: 'moderations' }),
  passThrough({ name: 'openai-files', family: 'files', fields: ['id', 'object', 'status'], also: readBatch }),
];
