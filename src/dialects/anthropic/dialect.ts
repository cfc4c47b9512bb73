import type { Dialect } from '../dialect.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponse } from './decode-response.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { encodeRequest } from './encode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { anthropicErrors } from './errors.ts';
import { anthropicUsage } from './usage.ts';

/** Anthropic's Messages API: `POST /v1/messages`, also as Amazon and Google wrap it. */
export const anthropic: Dialect = {
  name: 'anthropic',
  family: 'generation',
  framing: 'sse',
  client: { decodeRequest, encodeResponse, createStreamEncoder },
  provider: { encodeRequest, decodeResponse, createStreamDecoder },
  usage: anthropicUsage,
  errors: anthropicErrors,
};
