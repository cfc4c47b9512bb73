import { isUtf8 } from 'node:buffer';
import { dialect } from '../dialects/registry.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { scanObject } from '../json/scan.ts';
import { isObject, type JsonObject } from '../json/types.ts';
import type { Service } from '../snapshot/snapshot.ts';
import { authenticate } from './authenticate.ts';
import { defaultModel } from './default-model.ts';
import { type Endpoint, matchConfiguredPath, matchPath } from './endpoints.ts';
import { multipartBoundary, readMultipart } from './multipart.ts';
import { readField } from './read-field.ts';
import type { ExchangeState } from './state.ts';

/** Longest model name accepted: it goes into metrics, logs and paths. */
const MAX_MODEL = 256;

/** More than any client sends. */
const MAX_HEADERS = 200;

/** The model as routes of the reference system see it; a client's own value never counts. */
const MODEL_HEADER = 'x-ai-eg-model';

/** Fields that the gateway reads of every JSON body. */
const READ_FIELDS: readonly string[] = [
  'model',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'n',
  'user',
  'safety_identifier',
  'metadata',
];

/** Some providers read `Model` as `model`: the gateway must not see another one than they do. */
const EXACT_CASE = { exactCase: true } as const;

/** The host a request is for: lower case, without port. */
export function requestHost(value: string | undefined): string {
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
  const configured = service.endpoints.get(state.path);
  const { endpoint, errors, inPath } =
    configured === undefined ? matchPath(state.path) : matchConfiguredPath(configured);
  if (endpoint === undefined && errors !== undefined) state.errorDialect = dialect(errors);
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
  if (type === 'application/json') return;
  const isJson = endpoint.model === 'json' || endpoint.model === 'route';
  if (isJson && type !== undefined && /^(?:multipart|image|audio|video)\//i.test(type)) {
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
  if (model.includes('.') && model.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw new GatewayError('invalid_request', 'The field "model" must not hold "." or ".." as a path segment.', {
      param: 'model',
    });
  }
  return model;
}

/** A JSON body whose model stands in the path. */
function admitBody(state: ExchangeState, body: Uint8Array): void {
  if (!isUtf8(body)) throw new GatewayError('malformed_request', 'The request body is not valid UTF-8.');
  state.scanned = scanObject(body, []);
}

/** Whether the body asks for a stream. */
function readStream(state: ExchangeState, endpoint: Endpoint | undefined, value: unknown): boolean {
  if (value !== undefined && value !== null && typeof value !== 'boolean') {
    throw new GatewayError('invalid_request', 'The field "stream" must be true or false.', { param: 'stream' });
  }
  const inPath = endpoint?.streamInPath;
  if (inPath === undefined) return value === true || (value !== false && endpoint?.streamsUnasked === true);
  if (typeof value === 'boolean' && value !== inPath) {
    state.warnings.push(
      `The field 'stream' was not heeded: this path always answers ${inPath ? 'with a stream' : 'whole'}.`,
    );
  }
  return inPath;
}

/**
 * Checks that requests without a model can be served where their API knows none: the route that takes them, whatever
 * the model, has one for each target that is not of that API itself.
 */
function checkRoutedModel(state: ExchangeState, service: Service, endpoint: Endpoint): void {
  const header = (name: string) => (name === MODEL_HEADER ? '' : state.request.header(name));
  const route = service.routes.find({ model: '', path: state.path, header });
  const silent = route?.targets.some(
    (target) => target.model === undefined && target.cluster.provider.dialects[endpoint.dialect] === undefined,
  );
  if (silent === false) return;
  throw new GatewayError(
    'invalid_request',
    route === undefined
      ? `The request names no model, and no route of ${state.path} does without; send the field "model", or add a route without a model condition.`
      : `The request names no model, and neither do all targets of its route; send the field "model", or give the targets a model.`,
    { param: 'model' },
  );
}

function modelMissing(what: string): GatewayError {
  return new GatewayError('invalid_request', `The ${what} "model" is missing; name a model.`, { param: 'model' });
}

/** The model of a JSON body that names none, where its provider takes one of its own. */
function assumedModel(state: ExchangeState, endpoint: Endpoint): string | undefined {
  return defaultModel(endpoint, (field) => {
    const value = parsedBody(state)[field];
    return value !== undefined && value !== null && value !== false;
  });
}

function admitJson(state: ExchangeState, service: Service, body: Uint8Array): void {
  if (!isUtf8(body)) throw new GatewayError('malformed_request', 'The request body is not valid UTF-8.');
  const scanned = scanObject(body, READ_FIELDS, EXACT_CASE);
  state.scanned = scanned;
  const { endpoint } = state;
  const named = readField(body, scanned.fields['model']);
  const assumed = endpoint === undefined || typeof named === 'string' ? undefined : assumedModel(state, endpoint);
  if (assumed !== undefined && (named === undefined || named === null)) {
    state.model = assumed;
  } else if (named !== undefined) {
    state.model = checkModel(named);
    state.bodyModel = state.model;
  } else if (endpoint?.model === 'route') {
    checkRoutedModel(state, service, endpoint);
    // No route with a condition on the model takes it, and each target puts its own in place.
    state.model = '';
  } else {
    throw modelMissing('field');
  }
  state.stream = readStream(state, endpoint, readField(body, scanned.fields['stream']));
}

function admitForm(state: ExchangeState, service: Service, body: Uint8Array): void {
  const type = state.request.header('content-type') ?? '';
  const boundary = multipartBoundary(type);
  if (boundary === undefined) {
    if (/^application\/json/i.test(type)) {
      admitJson(state, service, body);
      return;
    }
    throw new GatewayError('unsupported_media_type', `${state.path} takes multipart/form-data with a boundary.`);
  }
  const form = readMultipart(body, boundary);
  state.multipart = form;
  state.stream = form.stream;
  if (form.model !== undefined) {
    state.model = checkModel(form.model);
    return;
  }
  const has = (field: string) => (field === 'stream' ? form.stream : form.fields[field] !== undefined);
  const assumed = state.endpoint === undefined ? undefined : defaultModel(state.endpoint, has);
  if (assumed === undefined) throw modelMissing('form field');
  state.model = assumed;
}

function takeBody(state: ExchangeState, service: Service, body: Uint8Array): void {
  state.body = body;
  const source = state.endpoint?.model;
  if (source === 'json' || source === 'route') admitJson(state, service, body);
  else if (source === 'path') admitBody(state, body);
  else if (source === 'form') admitForm(state, service, body);
}

function readRequest(state: ExchangeState, service: Service, endpoint: Endpoint): void | Promise<void> {
  checkHeaders(state, endpoint);
  const { method } = state.request;
  if (method === 'GET' || method === 'DELETE') return;
  const body = state.request.readBody(state.bound.snapshot.limits.maxBodyBytes);
  if (body instanceof Promise) return body.then((bytes) => takeBody(state, service, bytes));
  takeBody(state, service, body);
}

/**
 * Reads the request: endpoint, caller, body, model, stream. Throws, or rejects with, GatewayError for whatever the client
 * should do better. A promise only where the caller or the body has to be waited for.
 */
export function admit(state: ExchangeState, service: Service): void | Promise<void> {
  const endpoint = findEndpoint(state, service);
  const authenticating = authenticate(state);
  if (authenticating !== undefined) return authenticating.then(() => readRequest(state, service, endpoint));
  return readRequest(state, service, endpoint);
}

/** The parsed body of a JSON request, parsed at most once. */
export function parsedBody(state: ExchangeState): JsonObject {
  if (state.json !== undefined) return state.json;
  let value: unknown;
  try {
    value = JSON.parse(state.body === undefined ? '' : (state.body as Buffer).toString('utf8'));
  } catch (error) {
    throw new GatewayError('malformed_request', 'The request body is not valid JSON.', { cause: error });
  }
  if (!isObject(value)) throw new GatewayError('malformed_request', 'The request body must be a JSON object.');
  state.json = value;
  return value;
}
