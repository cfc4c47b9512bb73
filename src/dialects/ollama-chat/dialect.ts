import type { Dialect } from '../dialect.ts';
import { createRequestDecoder } from './decode-request.ts';
import { decodeResponse } from './decode-response.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { encodeRequest } from './encode-request.ts';
import { createResponseEncoder } from './encode-response.ts';
import { createStreamEncoderOf } from './encode-stream.ts';
import { ollamaErrors } from './errors.ts';
import { ollamaUsage } from './usage.ts';

/** Ollama's `POST /api/chat` (https://docs.ollama.com/api/chat), from both sides. */
export const ollamaChat: Dialect = {
  name: 'ollama-chat',
  family: 'generation',
  framing: 'json-lines',
  client: {
    decodeRequest: createRequestDecoder('chat'),
    encodeResponse: createResponseEncoder('chat'),
    createStreamEncoder: createStreamEncoderOf('chat'),
  },
  provider: { encodeRequest, decodeResponse, createStreamDecoder },
  usage: ollamaUsage,
  errors: ollamaErrors,
};

/** Ollama's `POST /api/generate` (https://docs.ollama.com/api/generate) as applications speak it; providers are sent chats. */
export const ollamaGenerate: Dialect = {
  name: 'ollama-generate',
  family: 'generation',
  framing: 'json-lines',
  client: {
    decodeRequest: createRequestDecoder('generate'),
    encodeResponse: createResponseEncoder('generate'),
    createStreamEncoder: createStreamEncoderOf('generate'),
  },
  usage: ollamaUsage,
  errors: ollamaErrors,
};
