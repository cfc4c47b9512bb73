import type { Dialect } from '../dialect.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponse } from './decode-response.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { encodeRequest } from './encode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { tgiErrors } from './errors.ts';
import { tgiUsage } from './usage.ts';

/** Hugging Face Text Generation Inference's own API: `POST /generate` and `/generate_stream`, from both sides. */
export const tgi: Dialect = {
  name: 'tgi',
  family: 'generation',
  framing: 'sse',
  client: { decodeRequest, encodeResponse, createStreamEncoder },
  provider: { encodeRequest, decodeResponse, createStreamDecoder },
  usage: tgiUsage,
  errors: tgiErrors,
};
