import type { Dialect } from '../dialect.ts';
import { openaiErrors } from '../openai/errors.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponse } from './decode-response.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { encodeRequest } from './encode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { chatUsage } from './usage.ts';

/** OpenAI chat completions: `POST /v1/chat/completions`, of OpenAI and of every server that speaks it. */
export const openaiChat: Dialect = {
  name: 'openai-chat',
  family: 'generation',
  framing: 'sse',
  client: { decodeRequest, encodeResponse, createStreamEncoder },
  provider: { encodeRequest, decodeResponse, createStreamDecoder },
  usage: chatUsage,
  errors: openaiErrors,
};
