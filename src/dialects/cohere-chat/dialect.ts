import { cohereErrors } from '../cohere/errors.ts';
import type { Dialect } from '../dialect.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponse } from './decode-response.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { encodeRequest } from './encode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { chatUsage } from './usage.ts';

/** Cohere's chat: `POST /v2/chat` (https://docs.cohere.com/reference/chat), from both sides. */
export const cohereChat: Dialect = {
  name: 'cohere-chat',
  family: 'generation',
  framing: 'sse',
  client: { decodeRequest, encodeResponse, createStreamEncoder },
  provider: { encodeRequest, decodeResponse, createStreamDecoder },
  usage: chatUsage,
  errors: cohereErrors,
};
