import type { Dialect } from '../dialect.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponse } from './decode-response.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { encodeRequest } from './encode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { bedrockConverseErrors } from './errors.ts';
import { bedrockConverseUsage } from './usage.ts';

/** Amazon Bedrock's Converse and ConverseStream, from both sides. */
export const bedrockConverse: Dialect = {
  name: 'bedrock-converse',
  family: 'generation',
  framing: 'aws-event-stream',
  client: { decodeRequest, encodeResponse, createStreamEncoder },
  provider: { encodeRequest, decodeResponse, createStreamDecoder },
  usage: bedrockConverseUsage,
  errors: bedrockConverseErrors,
};
