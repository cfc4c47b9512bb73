import type { IncomingMessage, ServerResponse } from 'node:http';
import { isObject, type JsonObject, type JsonValue } from '../json/types.ts';
import type { ApiFamily, Call, CallControl, Reply, Route } from './call.ts';
import { readControl } from './control.ts';
import { faultMessage, faultStatus, pickFault } from './faults.ts';
import { DEFAULT_MODELS, type MockOptions } from './options.ts';
import { createRandom, randomLetters, randomUuid } from './random.ts';
import type { Outcome, Recorder } from './recorder.ts';
import { Refusal, type RefusalDetails } from './refusal.ts';
import { createMockState } from './state.ts';
import { createExchange, type Exchange } from './write-reply.ts';

/** What an engine is made of beside the user's options. */
export interface EngineOptions extends MockOptions {
  /** Tried in order; the first whose pattern and method fit answers. */
  routes: readonly Route[];
  /** Renders errors on paths that no route knows. */
  fallbackApi: ApiFamily;
  /** Whether `x-mock-*` request headers steer the answer. */
  controls: boolean;
  recorder?: Recorder;
  /** Compresses answers where a control header asks for it. */
  encode?: (reply: Reply, coding: 'gzip' | 'br') => Reply;
  /** Whether whole answers too take the time their tokens take; default true. */
  paceWhole?: boolean;
}

const DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024;
const RETRY_LATER = new Set([429, 503, 529]);

/** Makes the request handler of a mock: finds the endpoint, lets it answer, and writes the answer at the set pace. */
export function createEngine(options: EngineOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  const faultRandom = createRandom(seed);
  const jitterRandom = createRandom(seed + 1);
  const idRandom = createRandom(seed + 2);
  const state = createMockState();
  const models = options.models ?? DEFAULT_MODELS;
  const ids = {
    newId: (prefix: string, length = 24) => prefix + randomLetters(idRandom, length),
    newUuid: () => randomUuid(idRandom),
  };

  function answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const method = request.method ?? 'GET';
    const url = request.url ?? '/';
    const queryAt = url.indexOf('?');
    const path = queryAt < 0 ? url : url.slice(0, queryAt);
    const headers = flatHeaders(request);
    const exchange = createExchange(response, record(options.recorder, { method, path: url, headers }, body));
    const found = findRoute(options.routes, { method, path, headers });
    const api = found?.route.api ?? options.fallbackApi;
    const refuse = (details: RefusalDetails): void => sendError(exchange, api, details);
    if (found === undefined) {
      refuse({ status: 404, message: `Unknown request URL: ${method} ${path}.`, code: 'unknown_url' });
      return;
    }
    let control: CallControl;
    try {
      control = options.controls ? readControl(headers) : {};
    } catch (error) {
      refuse({ status: 400, message: error instanceof Error ? error.message : String(error) });
      return;
    }
    const fault =
      control.fault ?? (options.faults === undefined ? undefined : pickFault(options.faults, faultRandom()));
    const latencyMs =
      control.latencyMs ?? Math.max(0, (options.latencyMs ?? 0) + (options.jitterMs ?? 0) * (2 * jitterRandom() - 1));
    const status = control.status ?? (fault === undefined ? undefined : faultStatus(fault));
    if (fault !== undefined) count(options.recorder?.stats.faults, fault);
    const tokensPerSecond = control.tokensPerSecond ?? options.tokensPerSecond ?? 0;
    const pace = {
      latencyMs,
      msPerToken: tokensPerSecond > 0 ? 1000 / tokensPerSecond : 0,
      whole: options.paceWhole !== false,
    };

    if (fault === 'stall') {
      exchange.stall();
      return;
    }
    if (fault === 'reset') {
      exchange.later(latencyMs, () => exchange.reset());
      return;
    }
    if (control.body !== undefined) {
      const contentType = control.contentType ?? 'application/json';
      const scripted: Reply = {
        kind: 'whole',
        status: status ?? 200,
        headers: { ...api.headers(ids), 'content-type': contentType },
        body: control.body,
      };
      send(exchange, scripted, { pace, fault });
      return;
    }
    if (status !== undefined && status >= 400) {
      exchange.later(latencyMs, () => refuse({ status, message: faultMessage(status) }));
      return;
    }
    const call: Call = {
      method,
      path,
      query: new URLSearchParams(queryAt < 0 ? '' : url.slice(queryAt + 1)),
      headers,
      body,
      json: {},
      params: found.params,
      api,
      control: {
        ...control,
        ...(control.tokens === undefined && options.tokens !== undefined ? { tokens: options.tokens } : {}),
      },
      strict: options.strict === true,
      models,
      onlyListedModels: options.strict === true && options.models !== undefined,
      state,
      ...ids,
      now: Date.now,
    };
    const reply = run(found.route, call);
    reply.headers = { ...api.headers(ids), ...reply.headers };
    if (reply.kind === 'whole' && status !== undefined) reply.status = status;
    const { encoding } = control;
    const encoded = encoding === undefined ? reply : (options.encode?.(reply, encoding) ?? reply);
    send(exchange, encoded, { pace, fault });
  }

  function send(exchange: Exchange, reply: Reply, how: Parameters<Exchange['send']>[1]): void {
    const stats = options.recorder?.stats;
    if (stats !== undefined) {
      count(stats.byStatus, String(reply.kind === 'whole' ? reply.status : 200));
      stats.inputTokens += reply.usage?.input ?? 0;
      stats.outputTokens += reply.usage?.output ?? 0;
    }
    exchange.send(reply, how);
  }

  function sendError(exchange: Exchange, api: ApiFamily, details: RefusalDetails): void {
    send(exchange, errorReply(api, details, ids), { pace: { latencyMs: 0, msPerToken: 0, whole: false } });
  }

  return (request, response) => {
    readBody(request, options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES, (body) => {
      if (body !== undefined) {
        answer(request, response, body);
        return;
      }
      const exchange = createExchange(response, () => {});
      sendError(exchange, options.fallbackApi, { status: 413, message: 'The request body is too large.' });
    });
  };
}

/** Runs the endpoint; refusals and bad JSON become the API's own error answer. */
function run(route: Route, call: Call): Reply {
  try {
    if (call.strict) route.api.authorize(call);
    return route.handle(route.body === 'json' ? { ...call, json: parseBody(call.body) } : call);
  } catch (error) {
    if (error instanceof Refusal) return errorReply(route.api, error.details, call);
    const message = error instanceof Error ? error.message : String(error);
    return errorReply(route.api, { status: 500, message: `The mock failed: ${message}` }, call);
  }
}

function errorReply(api: ApiFamily, details: RefusalDetails, call: Pick<Call, 'newId' | 'newUuid'>): Reply {
  const rendered = api.error(details, call);
  const headers: Record<string, string> = { ...api.headers(call), 'content-type': 'application/json' };
  if (RETRY_LATER.has(details.status)) headers['retry-after'] = '1';
  return {
    kind: 'whole',
    status: details.status,
    headers: { ...headers, ...rendered.headers },
    body: JSON.stringify(rendered.body),
  };
}

function parseBody(body: Buffer): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(body.toString('utf8')) as JsonValue;
  } catch {
    throw new Refusal({ status: 400, message: 'We could not parse the JSON body of your request.' });
  }
  if (!isObject(value)) throw new Refusal({ status: 400, message: 'The body must be a JSON object.' });
  return value;
}

function findRoute(
  routes: readonly Route[],
  request: { method: string; path: string; headers: Readonly<Record<string, string>> },
): { route: Route; params: string[] } | undefined {
  for (const route of routes) {
    if (!route.methods.includes(request.method)) continue;
    if (route.onlyWithHeader !== undefined && request.headers[route.onlyWithHeader] === undefined) continue;
    const match = route.pattern.exec(request.path);
    if (match !== null) return { route, params: match.slice(1).map(unescaped) };
  }
  return undefined;
}

function unescaped(text: string | undefined): string {
  if (text === undefined) return '';
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign: taken as it stands.
    return text;
  }
}

function flatHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return headers;
}

function record(
  recorder: Recorder | undefined,
  request: { method: string; path: string; headers: Record<string, string> },
  body: Buffer,
): (outcome: Outcome) => void {
  return recorder?.begin({ ...request, receivedAt: Date.now() }, body) ?? (() => {});
}

function count(counts: Record<string, number> | undefined, key: string): void {
  if (counts !== undefined) counts[key] = (counts[key] ?? 0) + 1;
}

/** Calls back with the whole body, or with undefined when it is longer than `maxBytes`. */
function readBody(request: IncomingMessage, maxBytes: number, done: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  let tooLong = false;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > maxBytes) {
      tooLong = true;
      chunks.length = 0;
    } else if (!tooLong) {
      chunks.push(chunk);
    }
  });
  request.on('end', () => done(tooLong ? undefined : Buffer.concat(chunks, length)));
  // The client left before its request was whole: there is no one to answer.
  request.on('error', () => {});
}
