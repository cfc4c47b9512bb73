import type { Dialect } from '../dialect.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponse } from './decode-response.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { encodeRequest } from './encode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { responsesErrors } from './errors.ts';
import { responsesUsage } from './usage.ts';

/** OpenAI's Responses API: `POST /v1/responses`, of OpenAI, Azure and every server that speaks it. */
export const openaiResponses: Dialect = {
  name: 'openai-responses',
  family: 'generation',
  framing: 'sse',
  client: { decodeRequest, encodeResponse, createStreamEncoder },
  provider: { encodeRequest, decodeResponse, createStreamDecoder },
  usage: responsesUsage,
  errors: responsesErrors,
};
