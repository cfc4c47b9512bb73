import type { Dialect, DialectFamily } from '../dialect.ts';
import type { DialectName } from '../names.ts';
import { openaiErrors } from '../openai/errors.ts';
import { readOpenAiUsage } from '../openai/usage.ts';
import { OpenAiStreamObserver } from './observer.ts';

/** APIs that the gateway carries between clients and providers without reading more than usage and errors. */
interface PassThroughApi {
  name: DialectName;
  family: DialectFamily;
  /** Event types that end a whole stream. */
  finalTypes?: readonly string[];
}

function passThrough(api: PassThroughApi): Dialect {
  const finalTypes = api.finalTypes ?? [];
  return {
    name: api.name,
    family: api.family,
    framing: 'sse',
    errors: openaiErrors,
    usage: {
      fields: ['usage', 'model'],
      read(fields) {
        const model = fields['model'];
        return { usage: readOpenAiUsage(fields['usage']), model: typeof model === 'string' ? model : undefined };
      },
      createStreamObserver: () => new OpenAiStreamObserver(finalTypes),
    },
  };
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
  passThrough({ name: 'openai-transcription', family: 'transcription', finalTypes: ['transcript.text.done'] }),
  passThrough({ name: 'openai-moderations', family: 'moderations' }),
  passThrough({ name: 'openai-files', family: 'files' }),
];
