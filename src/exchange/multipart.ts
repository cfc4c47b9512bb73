import { GatewayError } from '../errors/gateway-error.ts';

/** What routing needs of a multipart/form-data body (RFC 7578), found without copying it. */
export interface MultipartBody {
  /** The `model` part's value; undefined when there is none. */
  model: string | undefined;
  /** Span of that value in the body; undefined when there is none. */
  modelSpan: { start: number; end: number } | undefined;
  /** Whether a `stream` part says `true`. */
  stream: boolean;
}

const CRLF2 = Buffer.from('\r\n\r\n');
const MAX_PARTS = 1000;
const MAX_PART_HEADER = 8192;
const MAX_VALUE = 1024;

/** The boundary of a `multipart/form-data` content type; undefined when it is another type. */
export function multipartBoundary(contentType: string): string | undefined {
  if (!/^multipart\/form-data\s*;/i.test(contentType)) return undefined;
  const match = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType);
  return match?.[1] ?? match?.[2];
}

function partName(header: string): string | undefined {
  const match = /content-disposition:[^\r\n]*[;\s]name=(?:"([^"\r\n]*)"|([^;\s]+))/i.exec(header);
  return match?.[1] ?? match?.[2];
}

/**
 * Finds the `model` and `stream` parts. Throws GatewayError `malformed_request` when the body is not
 * multipart with this boundary, or names the model twice.
 */
export function readMultipart(body: Uint8Array, boundary: string): MultipartBody {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`--${boundary}`);
  const result: MultipartBody = { model: undefined, modelSpan: undefined, stream: false };
  let at = bytes.indexOf(delimiter);
  if (at === -1) throw new GatewayError('malformed_request', 'The multipart body does not contain its boundary.');
  for (let parts = 0; ; parts++) {
    if (parts > MAX_PARTS)
      throw new GatewayError('malformed_request', `The multipart body has more than ${MAX_PARTS} parts.`);
    const headerStart = at + delimiter.length;
    if (bytes[headerStart] === 0x2d && bytes[headerStart + 1] === 0x2d) return result;
    const headerEnd = bytes.indexOf(CRLF2, headerStart);
    const next = bytes.indexOf(delimiter, headerStart);
    if (next === -1)
      throw new GatewayError('malformed_request', 'The multipart body ends before its closing boundary.');
    if (headerEnd === -1 || headerEnd > next || headerEnd - headerStart > MAX_PART_HEADER) {
      throw new GatewayError('malformed_request', 'A part of the multipart body has no proper header.');
    }
    const name = partName(bytes.toString('latin1', headerStart, headerEnd));
    // The line break before a delimiter belongs to the delimiter.
    const span = { start: headerEnd + CRLF2.length, end: next - 2 };
    if ((name === 'model' || name === 'stream') && span.end - span.start <= MAX_VALUE) {
      const value = bytes.toString('utf8', span.start, span.end);
      if (name === 'stream') result.stream = value === 'true';
      else if (result.model !== undefined) {
        throw new GatewayError('malformed_request', 'The form field "model" is there twice; send it once.', {
          param: 'model',
        });
      } else {
        result.model = value;
        result.modelSpan = span;
      }
    }
    at = next;
  }
}
