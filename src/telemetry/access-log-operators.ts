import { hostname } from 'node:os';
import { inputTotal, usageTotal } from '../dialects/neutral/usage.ts';
import type { ErrorCode } from '../errors/codes.ts';
import type { JsonValue } from '../json/types.ts';
import { type ExchangeRecord, interTokenMs } from './exchange-record.ts';

/** Reads one value of a record; `undefined` when the record has none. */
export type Getter = (record: ExchangeRecord) => JsonValue | undefined;

/** A getter made from an operator's argument, or why there is none. */
export type CompiledOperator = Getter | { warning: string };

/** The getter of what is never known: a field of it alone needs no reading. */
export const ABSENT: Getter = () => undefined;

/** Headers that carry credentials: a log shows that they were there, not what they held. */
const CREDENTIAL_HEADERS = new Set([
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'x-amz-security-token',
  'cookie',
  'set-cookie',
]);

/** Names of REQ that are no header of the client's, or are the gateway's to say and not the client's. */
const PSEUDO_HEADERS: Readonly<Record<string, Getter>> = {
  ':method': (record) => record.method,
  ':path': (record) => record.path,
  ':authority': (record) => record.requestHeader('host'),
  // Set by Envoy when a route rewrites the path; here `:path` is always the client's.
  'x-envoy-original-path': ABSENT,
  'x-request-id': (record) => record.requestId,
  'x-ai-eg-model': (record) => orAbsent(record.originalModel),
};

/** Response headers that only Envoy sets, answered from the record. */
const PSEUDO_RESPONSE_HEADERS: Readonly<Record<string, Getter>> = {
  'x-envoy-upstream-service-time': (record) => rounded(record.upstreamServiceTimeMs),
};

/** Keys of the metadata namespace `io.envoy.ai_gateway`; a record's own metadata comes first. */
const METADATA: Readonly<Record<string, Getter>> = {
  backend_name: (record) => record.cluster,
  ai_service_backend_name: (record) => record.cluster,
  route_name: (record) => record.route,
  model_name_override: (record) => (record.requestModel === record.originalModel ? undefined : record.requestModel),
  response_model: (record) => orAbsent(record.responseModel),
  token_latency_ttft: (record) => rounded(record.timeToFirstTokenMs),
  token_latency_itl: interTokenMs,
  content_length: (record) => record.bytesReceived,
  llm_input_token: (record) => record.usage && inputTotal(record.usage),
  llm_output_token: (record) => record.usage?.output,
  llm_total_token: (record) => record.usage && usageTotal(record.usage),
  llm_cached_input_token: (record) => record.usage?.cacheRead,
  llm_cache_creation_input_token: (record) => record.usage && record.usage.cacheWrite + record.usage.cacheWrite1h,
  llm_reasoning_token: (record) => record.usage?.reasoning,
};

/** Fields of the gateway's own operator `%AIGW(field)%`. */
const AIGW_FIELDS: Readonly<Record<string, Getter>> = {
  request_id: (record) => record.requestId,
  operation: (record) => record.operation,
  dialect: (record) => record.clientDialect,
  stream: (record) => record.stream,
  virtual_service: (record) => record.virtualService,
  route: (record) => record.route,
  cluster: (record) => record.cluster,
  provider: (record) => record.provider,
  attempts: (record) => record.attempts,
  failed_clusters: (record) => record.failedAttempts?.map(({ cluster }) => cluster).join(', '),
  attempt_results: (record) => record.failedAttempts?.map(({ cluster, result }) => `${cluster}=${result}`).join(', '),
  upstream_status: (record) => record.upstreamStatus,
  error_code: (record) => record.errorCode,
  error_detail: (record) => record.errorDetail,
  client_aborted: (record) => record.clientAborted,
  warnings: (record) => (record.warnings.length === 0 ? undefined : record.warnings.join('; ')),
  time_to_first_token_ms: (record) => rounded(record.timeToFirstTokenMs),
  original_model: (record) => orAbsent(record.originalModel),
  request_model: (record) => orAbsent(record.requestModel),
  response_model: (record) => orAbsent(record.responseModel),
  input_tokens: (record) => record.usage && inputTotal(record.usage),
  cached_input_tokens: (record) => record.usage?.cacheRead,
  cache_creation_input_tokens: (record) => record.usage && record.usage.cacheWrite + record.usage.cacheWrite1h,
  output_tokens: (record) => record.usage?.output,
  reasoning_tokens: (record) => record.usage?.reasoning,
};

/** Envoy's short response flags for the gateway's errors that have one. */
const RESPONSE_FLAGS: Partial<Record<ErrorCode, string>> = {
  route_not_found: 'NR',
  model_not_found: 'NR',
  unknown_path: 'NR',
  provider_unreachable: 'UF',
  provider_timeout: 'UT',
  provider_bad_response: 'UPE',
  provider_stream_error: 'UC',
  overloaded: 'UO',
  client_closed: 'DC',
};

/** Envoy's command operators without an argument. */
const PLAIN_OPERATORS: Readonly<Record<string, () => Getter>> = {
  START_TIME: isoClock,
  DURATION: () => (record) => Math.round(record.durationMs),
  BYTES_RECEIVED: () => (record) => record.bytesReceived,
  BYTES_SENT: () => (record) => record.bytesSent,
  PROTOCOL: () => (record) => record.protocol,
  RESPONSE_CODE: () => (record) => record.status,
  RESPONSE_CODE_DETAILS: () => (record) =>
    record.errorCode ?? (record.upstreamStatus === undefined ? 'direct_response' : 'via_upstream'),
  RESPONSE_FLAGS: () => (record) => (record.errorCode === undefined ? '-' : (RESPONSE_FLAGS[record.errorCode] ?? '-')),
  ROUTE_NAME: () => (record) => record.route,
  UPSTREAM_HOST: () => (record) => record.upstreamHost,
  UPSTREAM_CLUSTER: () => (record) => record.cluster,
  UPSTREAM_CLUSTER_RAW: () => (record) => record.cluster,
  UPSTREAM_REQUEST_ATTEMPT_COUNT: () => (record) => record.attempts,
  UPSTREAM_TRANSPORT_FAILURE_REASON: () => (record) =>
    record.errorCode === 'provider_unreachable' ? record.errorDetail : undefined,
  DOWNSTREAM_REMOTE_ADDRESS: () => (record) => address(record.remoteAddress, record.remotePort),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: () => (record) => address(record.remoteAddress, record.remotePort),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: () => (record) => record.remoteAddress,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: () => (record) => record.remoteAddress,
  DOWNSTREAM_REMOTE_PORT: () => (record) => record.remotePort,
  DOWNSTREAM_LOCAL_ADDRESS: () => (record) => address(record.localAddress, record.localPort),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: () => (record) => record.localAddress,
  DOWNSTREAM_LOCAL_PORT: () => (record) => record.localPort,
  TRACE_ID: () => (record) => record.traceId,
  STREAM_ID: () => (record) => record.requestId,
  HOSTNAME: () => {
    const name = hostname();
    return () => name;
  },
  // Known to Envoy, never known here: null without a warning, for they stand in common default formats.
  CONNECTION_TERMINATION_DETAILS: absent,
  REQUESTED_SERVER_NAME: absent,
  UPSTREAM_LOCAL_ADDRESS: absent,
};

/** Operators with an argument. */
const ARGUMENT_OPERATORS: Readonly<Record<string, (argument: string) => CompiledOperator>> = {
  REQ: requestHeader,
  REQUEST_HEADER: requestHeader,
  RESP: responseHeader,
  RESPONSE_HEADER: responseHeader,
  DYNAMIC_METADATA: metadata,
  AIGW: (field) => lookUp(AIGW_FIELDS, field) ?? { warning: `has no field "${field}"; see docs/access-log.md` },
};

/** Every operator, for the documentation's test. */
export const ACCESS_LOG_OPERATORS: readonly string[] = [
  ...Object.keys(PLAIN_OPERATORS),
  ...Object.keys(ARGUMENT_OPERATORS),
];
/** Every field of `%AIGW(field)%`. */
export const ACCESS_LOG_AIGW_FIELDS: readonly string[] = Object.keys(AIGW_FIELDS);
/** Every key of `%DYNAMIC_METADATA(io.envoy.ai_gateway:key)%` that is always there. */
export const ACCESS_LOG_METADATA_KEYS: readonly string[] = Object.keys(METADATA);

/** Compiles one operator, such as `REQ` with `X-A?:PATH`. Reads like Envoy's; an unknown one gives a warning. */
export function compileOperator(name: string, argument: string | undefined): CompiledOperator {
  const plain = lookUp(PLAIN_OPERATORS, name);
  if (plain !== undefined) {
    if (argument === undefined || argument === '') return plain();
    return { warning: `takes no argument here; write %${name}%` };
  }
  const withArgument = lookUp(ARGUMENT_OPERATORS, name);
  if (withArgument === undefined) return { warning: 'is not an operator the gateway knows; see docs/access-log.md' };
  if (argument === undefined || argument === '') return { warning: `needs an argument, such as %${name}(NAME)%` };
  return withArgument(argument);
}

function requestHeader(argument: string): CompiledOperator {
  return headerOperator(argument, PSEUDO_HEADERS, (name) => (record) => record.requestHeader(name));
}

function responseHeader(argument: string): CompiledOperator {
  return headerOperator(argument, PSEUDO_RESPONSE_HEADERS, (name) => (record) => record.responseHeader(name));
}

/** `NAME` or `NAME?ALTERNATIVE`, where the second stands in when the first is absent. */
function headerOperator(
  argument: string,
  pseudo: Readonly<Record<string, Getter>>,
  read: (name: string) => Getter,
): CompiledOperator {
  const [first, second] = argument
    .toLowerCase()
    .split('?')
    .map((name) => {
      const getter = lookUp(pseudo, name) ?? read(name);
      return CREDENTIAL_HEADERS.has(name) ? hidden(getter) : getter;
    });
  if (first === undefined || second === undefined) return first ?? ABSENT;
  if (first === ABSENT) return second;
  return (record) => first(record) ?? second(record);
}

function hidden(getter: Getter): Getter {
  return (record) => (getter(record) === undefined ? undefined : '***');
}

/** `NAMESPACE:KEY`, or `NAMESPACE:KEY:KEY` for a value inside an object. */
function metadata(argument: string): CompiledOperator {
  const [namespace, key = '', ...path] = argument.split(':');
  if (namespace !== 'io.envoy.ai_gateway') {
    return {
      warning: `reads the metadata namespace "${namespace}", which the gateway does not fill; use io.envoy.ai_gateway`,
    };
  }
  const builtIn = lookUp(METADATA, key) ?? ABSENT;
  return (record) => {
    const own = record.metadata?.[key];
    let value: JsonValue | undefined = own === undefined ? builtIn(record) : own;
    for (const step of path) {
      if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, step))
        return undefined;
      value = value[step];
    }
    return value;
  };
}

/** ISO 8601 with milliseconds; kept for the lines of one millisecond, and up to the second for those of one second. */
function isoClock(): Getter {
  let second = Number.NaN;
  let prefix = '';
  let lastMs = Number.NaN;
  let text = '';
  return ({ startTimeMs }) => {
    if (startTimeMs === lastMs) return text;
    lastMs = startTimeMs;
    const whole = Math.floor(startTimeMs / 1000);
    if (whole !== second) {
      second = whole;
      prefix = new Date(whole * 1000).toISOString().slice(0, 20);
    }
    text = `${prefix}${String(Math.floor(startTimeMs - whole * 1000)).padStart(3, '0')}Z`;
    return text;
  };
}

/** `address:port`, an IPv6 address in brackets. */
function address(host: string | undefined, port: number | undefined): string | undefined {
  if (host === undefined || port === undefined) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function absent(): Getter {
  return ABSENT;
}

function rounded(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds);
}

function orAbsent(text: string): string | undefined {
  return text === '' ? undefined : text;
}

/** A lookup by a name from outside, which must not find what every object inherits. */
function lookUp<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
