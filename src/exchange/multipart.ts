import { GatewayError } from '../errors/gateway-error.ts';

/** What routing needs of a multipart/form-data body (RFC 7578), found without copying it. */
export interface MultipartBody {
  /** The `model` part's value; undefined when there is none. */
  model: string | undefined;
  /** Span of that value in the body; undefined when there is none. */
  modelSpan: { start: number; end: number } | undefined;
  /** Whether a `stream` part says `true`. */
  stream: boolean;
  /** Short fields that prices and default models go by, by name. */
  fields: Readonly<Record<string, string>>;
}

/** Fields of forms that say what a picture costs, or that only some models have. */
const KEPT_FIELDS: ReadonlySet<string> = new Set([
  'n',
  'size',
  'quality',
  'background',
  'input_fidelity',
  'output_compression',
  'output_format',
  'partial_images',
]);
const MAX_KEPT = 32;

const CRLF2 = Buffer.from('\r\n\r\n');
const MAX_PARTS = 1000;
const MAX_PART_HEADER = 8192;
const MAX_VALUE = 1024;
/** RFC 2046 §5.1.1, in quotes or as a token. */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;
/** One parameter of a header value: a token, or a quoted string with escapes. */
const PARAMETER = /;\s*([^=;\s"]+)\s*=\s*(?:"((?:[^"\\\r\n]|\\.)*)"|([^;"\s]*))\s*/y;

function refuse(message: string, param?: string): GatewayError {
  return new GatewayError('malformed_request', message, param === undefined ? {} : { param });
}

/** The parameters of a header value in order, from the first semicolon on; undefined when they are not well formed. */
function readParameters(value: string): [name: string, value: string][] | undefined {
  const parameters: [string, string][] = [];
  let at = value.indexOf(';');
  if (at === -1) return parameters;
  while (at < value.length) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(value);
    if (match === null) return value.slice(at).trim() === ';' ? parameters : undefined;
    parameters.push([(match[1] as string).toLowerCase(), match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '']);
    at = PARAMETER.lastIndex;
  }
  return parameters;
}

/** The one value of a parameter; undefined when it is absent. Throws when it is there twice, for readers differ in which they take. */
function single(parameters: readonly [string, string][], name: string, what: string): string | undefined {
  const found = parameters.filter(([key]) => key === name || key === `${name}*`);
  if (found.length > 1 || found[0]?.[0] === `${name}*`)
    throw refuse(`The ${what} names "${name}" in more than one way.`);
  return found[0]?.[1];
}

/**
 * The boundary of a `multipart/form-data` content type; undefined when it is another type. Throws `unsupported_media_type` when
 * the type is multipart but its boundary is missing or not one, `malformed_request` when there are two.
 */
export function multipartBoundary(contentType: string): string | undefined {
  if (!/^\s*multipart\/form-data\s*(?:;|$)/i.test(contentType)) return undefined;
  const parameters = readParameters(contentType);
  const boundary = parameters === undefined ? undefined : single(parameters, 'boundary', 'content-type');
  if (boundary === undefined || !BOUNDARY.test(boundary)) {
    throw new GatewayError(
      'unsupported_media_type',
      'The content-type multipart/form-data needs one boundary of up to 70 characters.',
    );
  }
  return boundary;
}

/** The name of a part, from its header lines. */
function partName(header: string): string | undefined {
  let disposition: string | undefined;
  for (const line of header.split('\r\n')) {
    const colon = line.indexOf(':');
    if (line.slice(0, colon).trim().toLowerCase() !== 'content-disposition') continue;
    if (disposition !== undefined) throw refuse('A part of the multipart body has two content-disposition headers.');
    disposition = line.slice(colon + 1);
  }
  if (disposition === undefined) return undefined;
  const parameters = readParameters(disposition);
  if (parameters === undefined)
    throw refuse('A part of the multipart body has a content-disposition that cannot be read.');
  return single(parameters, 'name', 'content-disposition of a part');
}

/** The offset of the line break that ends a delimiter line; undefined when other text follows the delimiter. */
function endOfLine(bytes: Buffer, from: number): number | undefined {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
  return bytes[at] === 0x0d && bytes[at + 1] === 0x0a ? at : undefined;
}

/** The next line that begins with the delimiter, as RFC 2046 has it: at the start of the body or behind a line break. */
function findDelimiter(bytes: Buffer, delimiter: Buffer, from: number): number {
  let at = bytes.indexOf(delimiter, from);
  while (at > 0 && !(bytes[at - 2] === 0x0d && bytes[at - 1] === 0x0a)) at = bytes.indexOf(delimiter, at + 1);
  return at;
}

function takeModel(result: MultipartBody, bytes: Buffer, span: { start: number; end: number }): void {
  if (result.modelSpan !== undefined) throw refuse('The form field "model" is there twice; send it once.', 'model');
  if (span.end - span.start > MAX_VALUE)
    throw refuse(`The form field "model" is longer than ${MAX_VALUE} bytes.`, 'model');
  result.model = bytes.toString('utf8', span.start, span.end);
  result.modelSpan = span;
}

/**
 * Finds the `model` and `stream` parts. Throws GatewayError `malformed_request` when the body is not
 * multipart with this boundary, or could be read in two ways: the provider must see the model that was routed.
 */
export function readMultipart(body: Uint8Array, boundary: string): MultipartBody {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`--${boundary}`);
  const fields: Record<string, string> = {};
  const result: MultipartBody = { model: undefined, modelSpan: undefined, stream: false, fields };
  let at = findDelimiter(bytes, delimiter, 0);
  if (at === -1) throw refuse('The multipart body does not contain its boundary.');
  for (let parts = 0; ; parts++) {
    if (parts > MAX_PARTS) throw refuse(`The multipart body has more than ${MAX_PARTS} parts.`);
    const afterDelimiter = at + delimiter.length;
    if (bytes[afterDelimiter] === 0x2d && bytes[afterDelimiter + 1] === 0x2d) {
      if (bytes.indexOf(delimiter, afterDelimiter + 2) !== -1)
        throw refuse('The multipart body goes on behind its closing boundary.');
      return result;
    }
    const lineEnd = endOfLine(bytes, afterDelimiter);
    if (lineEnd === undefined) throw refuse('The boundary of the multipart body stands inside a line.');
    const headerEnd = bytes.indexOf(CRLF2, lineEnd);
    const next = findDelimiter(bytes, delimiter, lineEnd);
    if (next === -1) throw refuse('The multipart body ends before its closing boundary.');
    if (headerEnd === -1 || headerEnd > next - 2 || headerEnd - lineEnd > MAX_PART_HEADER) {
      throw refuse('A part of the multipart body has no proper header.');
    }
    const name = partName(bytes.toString('latin1', lineEnd + 2, headerEnd));
    // The line break before a delimiter belongs to the delimiter.
    const span = { start: headerEnd + CRLF2.length, end: Math.max(headerEnd + CRLF2.length, next - 2) };
    if (name === 'model') takeModel(result, bytes, span);
    else if (name === 'stream')
      result.stream = bytes.toString('latin1', span.start, Math.min(span.end, span.start + 8)) === 'true';
    else if (name !== undefined && KEPT_FIELDS.has(name))
      fields[name] = bytes.toString('latin1', span.start, Math.min(span.end, span.start + MAX_KEPT));
    at = next;
  }
}
