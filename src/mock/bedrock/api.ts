import type { JsonValue } from '../../json/types.ts';
import { encodeAwsEventStreamMessage } from '../../streams/aws-event-stream.ts';
import type { ApiFamily, Frame, ReplyUsage, StreamReply } from '../call.ts';
import { Refusal } from '../refusal.ts';

const CREDENTIAL_SCOPE = /Credential=[^/]+\/\d{8}\/[a-z0-9-]+\/bedrock\/aws4_request/;
const AMZ_DATE = /^\d{8}T\d{6}Z$/;
/** Bedrock's own API keys, which go as bearer tokens in place of a signature. */
const API_KEY = /^Bearer (?:bedrock-api-key-|ABSK)\S+/;

/** Amazon Bedrock's runtime: SigV4, `{"message": ...}` with the type in `x-amzn-errortype`. */
export const bedrockApi: ApiFamily = {
  name: 'bedrock',
  headers: (call) => ({ 'x-amzn-requestid': call.newUuid() }),
  error: (details) => ({
    headers: {
      'x-amzn-errortype': `${details.type ?? exceptionName(details.status)}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
    },
    body: { message: details.message },
  }),
  authorize(call) {
    checkSignature(call.headers);
    if (call.headers['content-length'] === undefined) {
      throw new Refusal({
        status: 411,
        message: 'The Content-Length header is required.',
        type: 'MissingContentLength',
      });
    }
  },
};

/** The names of Bedrock's exceptions by status (docs.aws.amazon.com/bedrock/latest/APIReference, CommonErrors). */
export function exceptionName(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return 'AccessDeniedException';
    case 404:
      return 'ResourceNotFoundException';
    case 408:
      return 'ModelTimeoutException';
    case 424:
      return 'ModelErrorException';
    case 429:
      return 'ThrottlingException';
    case 503:
      return 'ServiceUnavailableException';
    default:
      return status >= 500 ? 'InternalServerException' : 'ValidationException';
  }
}

/** One event as a binary message with its CRCs. */
export function eventMessage(type: string, payload: JsonValue): Uint8Array {
  return encodeAwsEventStreamMessage(
    { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' },
    Buffer.from(JSON.stringify(payload)),
  );
}

/** A reply of binary events. Errors inside it are exceptions of the model. */
export function eventStreamReply(frames: Iterable<Frame>, usage: ReplyUsage): StreamReply {
  return {
    kind: 'stream',
    headers: { 'content-type': 'application/vnd.amazon.eventstream' },
    frames,
    usage,
    errorFrames: ({ message }) => [
      encodeAwsEventStreamMessage(
        {
          ':exception-type': 'modelStreamErrorException',
          ':content-type': 'application/json',
          ':message-type': 'exception',
        },
        Buffer.from(JSON.stringify({ message })),
      ),
    ],
  };
}

function checkSignature(headers: Readonly<Record<string, string>>): void {
  const authorization = headers['authorization'] ?? '';
  if (API_KEY.test(authorization)) return;
  if (authorization === '') deny('Missing Authentication Token', 'MissingAuthenticationTokenException');
  if (!authorization.startsWith('AWS4-HMAC-SHA256 ')) {
    deny('The Authorization header is not an AWS Signature Version 4.', 'IncompleteSignatureException');
  }
  if (!AMZ_DATE.test(headers['x-amz-date'] ?? '')) {
    deny(
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
      'IncompleteSignatureException',
    );
  }
  if (!CREDENTIAL_SCOPE.test(authorization)) {
    deny("Credential should be scoped to correct service: 'bedrock'.", 'InvalidSignatureException');
  }
  const signed = /SignedHeaders=([^,\s]+)/.exec(authorization)?.[1]?.split(';') ?? [];
  if (!signed.includes('host') || !signed.includes('x-amz-date') || !/Signature=[0-9a-f]{64}/.test(authorization)) {
    deny('The request signature we calculated does not match the signature you provided.', 'InvalidSignatureException');
  }
}

function deny(message: string, type: string): never {
  throw new Refusal({ status: 403, message, type });
}
