import { anthropicErrors } from '../anthropic/errors.ts';
import type { Dialect, DialectFamily, ErrorDialect } from '../dialect.ts';
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
  errors?: ErrorDialect;
}

function passThrough(api: PassThroughApi): Dialect {
  const finalTypes = api.finalTypes ?? [];
  return {
    name: api.name,
    family: api.family,
    framing: 'sse',
    errors: api.errors ?? openaiErrors,
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

/** OpenAI's APIs beside chat, vLLM's tokenizer, Anthropic's token counter and Cohere's rerank. */
export const PASS_THROUGH_DIALECTS: readonly Dialect[] = [
  passThrough({ name: 'openai-completions', family: 'completions' }),
  passThrough({ name: 'openai-input-tokens', family: 'tokenize' }),
  passThrough({ name: 'openai-embeddings', family: 'embeddings' }),
  passThrough({
    name: 'openai-images',
    family: 'images',
    finalTypes: ['image_generation.completed', 'image_edit.completed'],
  }),
  passThrough({ name: 'openai-speech', family: 'speech', finalTypes: ['speech.audio.done'] }),
  passThrough({ name: 'openai-transcription', family: 'transcription', finalTypes: ['transcript.text.done'] }),
  passThrough({ name: 'openai-moderations', family: 'moderations' }),
  passThrough({ name: 'openai-files', family: 'files' }),
  passThrough({ name: 'vllm-tokenize', family: 'tokenize' }),
  passThrough({ name: 'anthropic-count-tokens', family: 'tokenize', errors: anthropicErrors }),
  passThrough({ name: 'cohere-rerank', family: 'rerank' }),
];
