import type { Credential, SignableRequest } from '../credentials/credential.ts';
import type { ClientDialect, DecodeContext, EncodeContext } from '../dialects/dialect.ts';
import { parseAnthropicBeta, vertexBetaFlags } from '../dialects/envelopes/anthropic-beta.ts';
import { wrapRequest as wrapBedrockInvoke } from '../dialects/envelopes/bedrock-invoke.ts';
import { wrapRequest as wrapVertexRawPredict } from '../dialects/envelopes/vertex-raw-predict.ts';
import { type FamilyCall, translateFamily } from '../dialects/family-call.ts';
import type { NeutralRequest } from '../dialects/neutral/request.ts';
import { withoutForeignItems } from '../dialects/openai-responses/foreign-items.ts';
import { scanObject } from '../json/scan.ts';
import { type FieldEdit, spliceObject } from '../json/splice.ts';
import { isObject, type JsonObject } from '../json/types.ts';
import { writeJson } from '../json/write-json.ts';
import type { Envelope } from '../providers/provider.ts';
import type { Target } from '../snapshot/snapshot.ts';
import { parsedBody } from './admit.ts';
import type { ChosenBinding } from './chosen-binding.ts';
import { holdsForeignTokens } from './foreign-tokens.ts';
import { forwardRequestHeaders } from './headers.ts';
import type { UpstreamRequest } from './ports.ts';
import { readField } from './read-field.ts';
import type { Attempt, ExchangeState } from './state.ts';
import { dropForeignHeaders } from './vendor-headers.ts';

/** Anthropic's API version, when the client did not name one (https://docs.anthropic.com/en/api/versioning). */
const ANTHROPIC_VERSION = '2023-06-01';

/** What the client's dialect becomes for one target. */
interface TranslatedBody {
  pieces: Uint8Array[];
  /** Whether the bytes are not the client's any more in more than single fields. */
  translated: boolean;
}

function stringify(body: JsonObject): Uint8Array[] {
  return [Buffer.from(writeJson(body))];
}

function applyEdits(body: JsonObject, edits: readonly FieldEdit[]): void {
  for (const { field, json } of edits) {
    if (json === undefined) delete body[field];
    else body[field] = JSON.parse(json);
  }
}

/** Takes what an attempt loses of the request or its answer; saying the same twice counts once. */
export function warnOn(attempt: Attempt): (warning: string) => void {
  return (warning) => {
    if (attempt.state.warnings.includes(warning)) return;
    attempt.warnings ??= [];
    if (!attempt.warnings.includes(warning)) attempt.warnings.push(warning);
  };
}

function wrap(attempt: Attempt, body: JsonObject): JsonObject {
  const { state, chosen, target } = attempt;
  if (chosen.binding.envelope === undefined) return body;
  const { apiVersion } = target.cluster;
  const options = {
    anthropicVersion: apiVersion === '' ? undefined : apiVersion,
    beta: parseAnthropicBeta(state.request.header('anthropic-beta')),
    warn: warnOn(attempt),
  };
  if (chosen.binding.envelope === 'bedrock-invoke') return wrapBedrockInvoke(body, options);
  if (chosen.binding.envelope === 'vertex-raw-predict') return wrapVertexRawPredict(body, options);
  return body;
}

/** What a client's dialect may know beside the body. */
function decodeContext(state: ExchangeState, warn: (warning: string) => void): DecodeContext {
  const context: DecodeContext = { stream: state.stream, warn };
  if (state.model !== undefined) context.model = state.model;
  return context;
}

function encodeContext({ target }: Attempt, warn: (warning: string) => void): EncodeContext {
  return {
    warn,
    defaultMaxOutputTokens: target.cluster.defaultMaxOutputTokens,
    maxTokensField: target.cluster.maxTokensField,
  };
}

/** Whether the flags of `anthropic-beta` go into the body: Claude on Bedrock has no header for them. */
function takesBetaInBody(chosen: ChosenBinding): boolean {
  return chosen.dialect.name === 'bedrock-converse' && !chosen.sameDialect;
}

/** The request in neutral form, read once for all attempts. */
function neutralRequest(state: ExchangeState, client: ClientDialect): NeutralRequest {
  if (state.neutral !== undefined) return state.neutral;
  const warnings: string[] = [];
  state.neutral = client.decodeRequest(
    parsedBody(state),
    decodeContext(state, (warning) => void warnings.push(warning)),
  );
  state.neutralWarnings = warnings;
  return state.neutral;
}

/** Translates through the neutral model. */
function translate(attempt: Attempt): JsonObject {
  const { state, chosen, target } = attempt;
  const client = state.dialect?.client;
  const provider = chosen.dialect.provider;
  if (client === undefined || provider === undefined) throw new Error(`no translation to ${chosen.dialect.name}`);
  const neutral = neutralRequest(state, client);
  const warn = warnOn(attempt);
  state.neutralWarnings?.forEach(warn);
  const context = encodeContext(attempt, warn);
  if (takesBetaInBody(chosen)) {
    const beta = parseAnthropicBeta(state.request.header('anthropic-beta'));
    if (beta.length > 0) context.anthropicBeta = beta;
  }
  const model = targetModel(state, target);
  return provider.encodeRequest(neutral.model === model ? neutral : { ...neutral, model }, context);
}

/** Asks for usage in streams of OpenAI's chat and completions when the client did not: it is what is metered. */
function usageEdit(state: ExchangeState): FieldEdit | undefined {
  const name = state.dialect?.name;
  if (!state.stream || (name !== 'openai-chat' && name !== 'openai-completions')) return undefined;
  const options = readField(state.body as Uint8Array, state.scanned?.fields['stream_options']);
  if (options === undefined || options === null) return { field: 'stream_options', json: '{"include_usage":true}' };
  // The provider will say what is wrong with it.
  if (!isObject(options)) return undefined;
  if (options['include_usage'] === true) return undefined;
  return { field: 'stream_options', json: JSON.stringify({ ...options, include_usage: true }) };
}

/** Whether a target has a model of its own for a body that could name one and does not. */
function namesModel(state: ExchangeState, target: Target): boolean {
  return target.model !== undefined && state.endpoint?.model === 'json';
}

/** The client's bytes with single fields changed. */
function editedBytes(state: ExchangeState, target: Target): Uint8Array[] {
  const body = state.body as Uint8Array;
  const scanned = state.scanned;
  if (scanned === undefined) return replaceFormModel(state, target, body);
  const edits: FieldEdit[] = [];
  const model = targetModel(state, target);
  if (model !== state.bodyModel && (state.bodyModel !== undefined || namesModel(state, target)))
    edits.push({ field: 'model', json: JSON.stringify(model) });
  const usage = usageEdit(state);
  if (usage !== undefined) edits.push(usage);
  if (target.bodyEdits.length === 0) return edits.length === 0 ? [body] : spliceObject(body, scanned, edits);
  const configured = new Set(target.bodyEdits.map((edit) => edit.field));
  const all = [...edits.filter((edit) => !configured.has(edit.field)), ...target.bodyEdits];
  return spliceObject(
    body,
    scanObject(
      body,
      all.map((edit) => edit.field),
    ),
    all,
  );
}

function replaceFormModel(state: ExchangeState, target: Target, body: Uint8Array): Uint8Array[] {
  const form = state.multipart;
  const model = targetModel(state, target);
  if (form?.modelSpan === undefined || form.model === model) return [body];
  return [body.subarray(0, form.modelSpan.start), Buffer.from(model), body.subarray(form.modelSpan.end)];
}

/** The model name the target wants; empty for operations without one. */
export function targetModel(state: ExchangeState, target: Target): string {
  return target.model ?? state.model ?? '';
}

/** Translates a request of a family other than generation. */
function translateCall(attempt: Attempt): FamilyCall {
  const { state, chosen, target } = attempt;
  const warn = warnOn(attempt);
  const input = {
    body: parsedBody(state),
    decode: decodeContext(state, warn),
    encode: encodeContext(attempt, warn),
    model: targetModel(state, target),
  };
  const call = state.dialect === undefined ? undefined : translateFamily(state.dialect, chosen.dialect, input);
  if (call === undefined) throw new Error(`no translation to ${chosen.dialect.name}`);
  return call;
}

/** A body of the target's own API without what another vendor's model gave to be given back to it. */
function withoutForeignTokens(attempt: Attempt): JsonObject {
  const { state, chosen, target } = attempt;
  const { name, provider } = chosen.dialect;
  if (name === 'openai-responses' || name === 'openai-input-tokens') {
    return { ...withoutForeignItems(parsedBody(state), warnOn(attempt)), model: targetModel(state, target) };
  }
  if (provider !== undefined) return translate(attempt);
  // A count of tokens is one request.
  return translateCall(attempt).bodies[0] as JsonObject;
}

function buildBody(attempt: Attempt): TranslatedBody {
  const { state, chosen, target } = attempt;
  const foreign = chosen.sameDialect && holdsForeignTokens(chosen.dialect.name, state.body as Uint8Array);
  if (chosen.sameDialect && !foreign && chosen.binding.envelope === undefined)
    return { pieces: editedBytes(state, target), translated: false };
  let body: JsonObject;
  if (foreign) body = withoutForeignTokens(attempt);
  else if (chosen.sameDialect) body = { ...parsedBody(state), model: targetModel(state, target) };
  else body = translate(attempt);
  body = wrap(attempt, body);
  applyEdits(body, target.bodyEdits);
  return { pieces: stringify(body), translated: true };
}

/** The clouds take the version in the body, and beta flags in the body (Bedrock) or only those they know (Vertex AI). */
function adaptAnthropicHeaders(attempt: Attempt, headers: string[], envelope: Envelope): void {
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    if (headers[index] === 'anthropic-beta' || headers[index] === 'anthropic-version') headers.splice(index, 2);
  }
  if (envelope !== 'vertex-raw-predict') return;
  const flags = parseAnthropicBeta(attempt.state.request.header('anthropic-beta'));
  const known = vertexBetaFlags(flags, warnOn(attempt));
  if (known.length > 0) headers.push('anthropic-beta', known.join(','));
}

/** What a header's value cannot hold; names in tokens may. */
const UNSAFE_IN_HEADER = /[^\x20-\x7e]/g;

/** Headers that carried credentials, for this cluster or for the gateway itself: no provider gets them. */
function consumedHeaders(state: ExchangeState, { consumedHeaders, forwardsClientCredential }: Credential) {
  const { authenticator } = state;
  if (authenticator === undefined) return consumedHeaders;
  const own = authenticator.ownHeaders;
  // Where the client's own credential goes on, the headers in which keys usually stand are not dropped anyway.
  const taken = forwardsClientCredential ? [...own, ...authenticator.places.headers] : own;
  if (taken.length === 0) return consumedHeaders;
  return consumedHeaders.length === 0 ? taken : [...consumedHeaders, ...taken];
}

function buildHeaders(attempt: Attempt, translated: boolean): string[] {
  const { state, chosen, target, lane } = attempt;
  const { credential } = lane;
  const headers = forwardRequestHeaders(state.request.rawHeaders, {
    allowed: state.bound.snapshot.forwardHeaders,
    credentials: credential.forwardsClientCredential,
    consumed: consumedHeaders(state, credential),
    mutation: target.headers,
    translated,
  });
  const told = state.authenticator?.forwardClientId;
  const caller = told === undefined ? undefined : (state.principal?.key?.name ?? state.principal?.user);
  const to = { dialect: chosen.dialect.name, provider: target.cluster.provider.name };
  const lost = dropForeignHeaders(headers, headers.length - target.headers.set.length, to);
  if (lost.length > 0 && chosen.dialect.family === 'generation' && !takesBetaInBody(chosen))
    lost.forEach(warnOn(attempt));
  if (told !== undefined && caller !== undefined) headers.push(told, caller.replace(UNSAFE_IN_HEADER, '?'));
  if (translated) headers.push('content-type', 'application/json');
  if (chosen.binding.envelope !== undefined) adaptAnthropicHeaders(attempt, headers, chosen.binding.envelope);
  const isAnthropic = chosen.dialect.name === 'anthropic' || chosen.dialect.name === 'anthropic-count-tokens';
  if (isAnthropic && chosen.binding.envelope === undefined && state.request.header('anthropic-version') === undefined) {
    headers.push('anthropic-version', ANTHROPIC_VERSION);
  }
  return headers;
}

/** Query parameters that carry a client's credential, and Google's `alt`, which the path sets itself. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set(['key', 'api_key', 'api-key', 'apikey', 'access_token', 'alt']);

function parameterName(parameter: string): string {
  const name = parameter.split('=', 1)[0] as string;
  try {
    return decodeURIComponent(name.replaceAll('+', ' ')).toLowerCase();
  } catch {
    return name.toLowerCase();
  }
}

/** A path with the client's query, but for what is the client's own in it. */
function withQuery(state: ExchangeState, path: string): string {
  if (state.query.length < 2) return path;
  const parameters = state.query.slice(1).split('&');
  const keys = state.authenticator?.places.query ?? [];
  const isOwn = (name: string) => OWN_PARAMETERS.has(name) || keys.some((key) => key.toLowerCase() === name);
  const kept = parameters.filter((parameter) => !isOwn(parameterName(parameter))).join('&');
  if (kept === '') return path;
  return path.includes('?') ? `${path}&${kept}` : `${path}?${kept}`;
}

/** Puts a body into its place: endpoint, path, headers. */
function toRequest(attempt: Attempt, body: TranslatedBody | undefined): UpstreamRequest {
  const { state, chosen, target, lane } = attempt;
  const { endpoint } = lane;
  const path = chosen.binding.path({
    model: targetModel(state, target),
    stream: state.stream,
    suffix: state.endpoint?.suffix ?? '',
    apiVersion: target.cluster.apiVersion,
    region: target.cluster.region,
    project: target.cluster.project,
  });
  const base = chosen.binding.skipPrefix === true ? endpoint.bareBasePath : endpoint.basePath;
  return {
    cluster: target.cluster,
    endpoint,
    method: state.request.method,
    path: chosen.sameDialect ? withQuery(state, base + path) : base + path,
    headers: buildHeaders(attempt, body?.translated ?? false),
    body: body?.pieces,
  };
}

/**
 * Makes the provider request of one attempt: translated body, forwarded headers, path. The credential
 * is not in it yet. Throws GatewayError when the request cannot be expressed for this target.
 */
export function buildProviderRequest(attempt: Attempt): UpstreamRequest {
  const body = attempt.state.body === undefined ? undefined : buildBody(attempt);
  return toRequest(attempt, body);
}

/** The requests of a family other than generation: some APIs take less in one request than others. */
export interface FamilyRequests {
  requests: UpstreamRequest[];
  call: FamilyCall;
}

/** Translates a request of a family other than generation. Throws GatewayError when it cannot be expressed for this target. */
export function buildFamilyRequests(attempt: Attempt): FamilyRequests {
  const call = translateCall(attempt);
  const requests = call.bodies.map((body) => {
    applyEdits(body, attempt.target.bodyEdits);
    return toRequest(attempt, { pieces: stringify(body), translated: true });
  });
  return { requests, call };
}

/** A provider request as a credential sees it. A class: a literal with an accessor would get a hidden class of its own each time. */
class SignableView implements SignableRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: string[];
  readonly #pieces: readonly Uint8Array[] | undefined;
  readonly #state: ExchangeState;

  constructor(request: UpstreamRequest, state: ExchangeState) {
    this.method = request.method;
    this.host = request.endpoint.host;
    this.path = request.path;
    this.headers = request.headers;
    this.#pieces = request.body;
    this.#state = state;
  }

  /** Only signatures read the body: joining its pieces is left until one does. */
  get body(): Uint8Array | undefined {
    const pieces = this.#pieces;
    if (pieces === undefined) return undefined;
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  }

  /** A key for the gateway is nobody else's. */
  clientHeader(name: string): string | undefined {
    const { authenticator, request } = this.#state;
    return authenticator?.places.headers.includes(name) === true ? undefined : request.header(name);
  }
}

/** Adds what proves the gateway to the provider. Returns a promise only when a token must be fetched. */
export function applyCredential(attempt: Attempt, request: UpstreamRequest): void | Promise<void> {
  return attempt.lane.credential.apply(new SignableView(request, attempt.state));
}
