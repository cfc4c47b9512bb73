import { isUtf8 } from 'node:buffer';
import { dialect } from '../dialects/registry.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { scanObject } from '../json/scan.ts';
import { isObject, type JsonObject } from '../json/types.ts';
import type { Service } from '../snapshot/snapshot.ts';
import { type Endpoint, matchPath } from './endpoints.ts';
import { multipartBoundary, readMultipart } from './multipart.ts';
import type { ExchangeState } from './state.ts';

/** Longest model name accepted: it goes into metrics, logs and paths. */
const MAX_MODEL = 256;

/** More than any client sends. */
const MAX_HEADERS = 200;

/** Fields that the gateway reads of every JSON body. */
const READ_FIELDS: readonly string[] = ['model', 'stream', 'stream_options'];

/** The host a request is for: lower case, without port. */
function requestHost(value: string | undefined): string {
  if (value === undefined) return '';
  const lower = value.toLowerCase();
  if (lower.startsWith('[')) return lower.slice(0, lower.indexOf(']') + 1);
  const colon = lower.indexOf(':');
  return colon === -1 ? lower : lower.slice(0, colon);
}

/** Finds the virtual service and splits path and query. Throws when no service has the host. */
export function findService(state: ExchangeState): Service {
  const { url } = state.request;
  const question = url.indexOf('?');
  state.path = question === -1 ? url : url.slice(0, question);
  state.query = question === -1 ? '' : url.slice(question);
  const matched = matchPath(state.path);
  if (matched.errors !== undefined) state.errorDialect = dialect(matched.errors);
  const service = state.bound.snapshot.serviceFor(requestHost(state.request.header('host')), state.request.listener);
  if (service === undefined) throw new GatewayError('route_not_found', 'No virtual service has this host name.');
  return service;
}

/** Finds what the path stands for. Throws `unknown_path` or `method_not_allowed`. */
export function findEndpoint(state: ExchangeState, service: Service): Endpoint {
  const path = service.endpoints.get(state.path) ?? state.path;
  const { endpoint, errors, inPath } = matchPath(path);
  if (errors !== undefined) state.errorDialect = dialect(errors);
  if (endpoint === undefined) throw new GatewayError('unknown_path', `unsupported path: ${state.path.slice(0, 200)}`);
  state.endpoint = endpoint;
  state.dialect = dialect(endpoint.dialect);
  state.errorDialect = state.dialect;
  if (inPath !== undefined) {
    state.model = checkModel(inPath.model);
    state.stream = inPath.stream;
  }
  if (!endpoint.methods.includes(state.request.method)) {
    throw new GatewayError(
      'method_not_allowed',
      `${state.path} takes ${endpoint.methods.join(', ')}, not ${state.request.method}.`,
    );
  }
  return endpoint;
}

function checkHeaders(state: ExchangeState, endpoint: Endpoint): void {
  if (state.request.rawHeaders.length > MAX_HEADERS * 2) {
    throw new GatewayError('headers_too_large', `The request has more than ${MAX_HEADERS} headers.`);
  }
  const expectation = state.request.header('expect');
  if (expectation !== undefined && expectation.toLowerCase() !== '100-continue') {
    throw new GatewayError('expectation_failed', `The expectation "${expectation.slice(0, 50)}" cannot be met.`);
  }
  const encoding = state.request.header('content-encoding');
  if (encoding !== undefined && encoding !== '' && encoding.toLowerCase() !== 'identity') {
    throw new GatewayError(
      'unsupported_content_encoding',
      `The content-encoding "${encoding.slice(0, 50)}" is not supported for requests; send the body uncompressed.`,
    );
  }
  const type = state.request.header('content-type');
  if (endpoint.model === 'json' && type !== undefined && /^(?:multipart|image|audio|video)\//i.test(type)) {
    throw new GatewayError('unsupported_media_type', `${state.path} takes application/json, not ${type.slice(0, 50)}.`);
  }
}

function checkModel(model: unknown): string {
  if (typeof model !== 'string') {
    throw new GatewayError('invalid_request', 'The field "model" must be a string.', { param: 'model' });
  }
  if (model === '')
    throw new GatewayError('invalid_request', 'The field "model" is empty; name a model.', { param: 'model' });
  if (model.length > MAX_MODEL) {
    throw new GatewayError('invalid_request', `The field "model" is longer than ${MAX_MODEL} characters.`, {
      param: 'model',
    });
  }
  // It becomes a part of the provider's path, where servers resolve dot segments.
  if (model.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw new GatewayError('invalid_request', 'The field "model" must not hold "." or ".." as a path segment.', {
      param: 'model',
    });
  }
  return model;
}

/** The value of a scanned field; undefined when it is not there. Throws `malformed_request`. */
export function readField(body: Uint8Array, span: { start: number; end: number } | undefined): unknown {
  if (span === undefined) return undefined;
  try {
    return JSON.parse((body as Buffer).toString('utf8', span.start, span.end));
  } catch {
    throw new GatewayError('malformed_request', `The request body is not valid JSON: bad value at byte ${span.start}.`);
  }
}

/** A JSON body whose model stands in the path. */
function admitBody(state: ExchangeState, body: Uint8Array): void {
  if (!isUtf8(body)) throw new GatewayError('malformed_request', 'The request body is not valid UTF-8.');
  state.scanned = scanObject(body, []);
}

function admitJson(state: ExchangeState, body: Uint8Array): void {
  if (!isUtf8(body)) throw new GatewayError('malformed_request', 'The request body is not valid UTF-8.');
  const scanned = scanObject(body, READ_FIELDS);
  state.scanned = scanned;
  const model = scanned.fields['model'];
  if (model === undefined) {
    throw new GatewayError('invalid_request', 'The field "model" is missing; name a model.', { param: 'model' });
  }
  state.model = checkModel(readField(body, model));
  state.bodyModel = state.model;
  const stream = readField(body, scanned.fields['stream']);
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    throw new GatewayError('invalid_request', 'The field "stream" must be true or false.', { param: 'stream' });
  }
  state.stream = stream === true;
}

function admitForm(state: ExchangeState, body: Uint8Array): void {
  const type = state.request.header('content-type') ?? '';
  const boundary = multipartBoundary(type);
  if (boundary === undefined) {
    if (/^application\/json/i.test(type)) {
      admitJson(state, body);
      return;
    }
    throw new GatewayError('unsupported_media_type', `${state.path} takes multipart/form-data with a boundary.`);
  }
  const form = readMultipart(body, boundary);
  state.multipart = form;
  state.stream = form.stream;
  if (form.model !== undefined) state.model = checkModel(form.model);
  // OpenAI's image edits and variations have a default model.
  else if (state.dialect?.name === 'openai-images') state.model = 'dall-e-2';
  else
    throw new GatewayError('invalid_request', 'The form field "model" is missing; name a model.', { param: 'model' });
}

/**
 * Reads the request: service, endpoint, body, model, stream. Throws GatewayError for whatever the
 * client should do better.
 */
export async function admit(state: ExchangeState, service: Service): Promise<void> {
  const endpoint = findEndpoint(state, service);
  checkHeaders(state, endpoint);
  const { method } = state.request;
  if (method === 'GET' || method === 'DELETE') return;
  const body = await state.request.readBody(state.bound.snapshot.limits.maxBodyBytes);
  state.body = body;
  if (endpoint.model === 'json') admitJson(state, body);
  else if (endpoint.model === 'path') admitBody(state, body);
  else if (endpoint.model === 'form') admitForm(state, body);
}

/** The parsed body of a JSON request, parsed at most once. */
export function parsedBody(state: ExchangeState): JsonObject {
  if (state.json !== undefined) return state.json;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(state.body ?? new Uint8Array()).toString('utf8'));
  } catch (error) {
    throw new GatewayError('malformed_request', 'The request body is not valid JSON.', { cause: error });
  }
  if (!isObject(value)) throw new GatewayError('malformed_request', 'The request body must be a JSON object.');
  state.json = value;
  return value;
}
