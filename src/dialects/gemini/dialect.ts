import type { Dialect } from '../dialect.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponse } from './decode-response.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { encodeRequest } from './encode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { errors } from './errors.ts';
import { usage } from './usage.ts';

/** Google's generateContent and streamGenerateContent, as AI Studio and Vertex AI serve them. */
export const gemini: Dialect = {
  name: 'gemini',
  family: 'generation',
  framing: 'sse',
  client: { decodeRequest, encodeResponse, createStreamEncoder },
  provider: { encodeRequest, decodeResponse, createStreamDecoder },
  usage,
  errors,
};
