import { openaiErrors } from '../../dialects/openai/errors.ts';
import { GatewayError } from '../../errors/gateway-error.ts';

function errorFor(code: string): GatewayError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new GatewayError('headers_too_large', 'The request headers are larger than limits.max_header allows.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError('request_timeout', 'The request did not arrive in time.');
    default:
      return new GatewayError('malformed_request', 'The request is not valid HTTP.');
  }
}

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/**
 * The whole answer to a request that was not understood as HTTP: there is no path yet, so it is in OpenAI's
 * form. `code` is Node's parser or server error code.
 */
export function rawErrorAnswer(code: string): string {
  const error = errorFor(code);
  const body = JSON.stringify(
    openaiErrors.encode({
      status: error.status,
      type: error.type,
      code: error.code,
      message: error.publicMessage,
      source: 'gateway',
    }),
  );
  const head = `HTTP/1.1 ${error.status} ${REASONS[error.status] ?? ''}\r\ncontent-type: application/json\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}
