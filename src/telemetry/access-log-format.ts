import type { JsonValue } from '../json/types.ts';
import { ABSENT, compileOperator, type Getter } from './access-log-operators.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { JsonLineWriter } from './json-line-writer.ts';
import { jsonString, jsonText } from './json-text.ts';
import type { LineFormat } from './log-destination.ts';

/** A compiled access log format. */
export interface AccessLogFormat extends LineFormat<ExchangeRecord> {
  /** What in the format has no meaning here, one sentence each, naming the field. */
  readonly warnings: readonly string[];
}

/** The fields of an access log that names none: the reference system's, then the gateway's own. */
export const DEFAULT_ACCESS_LOG_FIELDS: Readonly<Record<string, string>> = {
  start_time: '%START_TIME%',
  method: '%REQ(:METHOD)%',
  'request.path': '%REQ(:PATH)%',
  'x-envoy-origin-path': '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  response_code: '%RESPONSE_CODE%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  duration: '%DURATION%',
  'x-envoy-upstream-service-time': '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  'x-forwarded-for': '%REQ(X-FORWARDED-FOR)%',
  'user-agent': '%REQ(USER-AGENT)%',
  'x-request-id': '%REQ(X-REQUEST-ID)%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_cluster: '%UPSTREAM_CLUSTER%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  'gen_ai.request.model': '%REQ(X-AI-EG-MODEL)%',
  'gen_ai.response.model': '%AIGW(response_model)%',
  'gen_ai.provider.name': '%AIGW(provider)%',
  'gen_ai.usage.input_tokens': '%AIGW(input_tokens)%',
  'gen_ai.usage.output_tokens': '%AIGW(output_tokens)%',
  'gen_ai.usage.reasoning_tokens': '%AIGW(reasoning_tokens)%',
  'session.id': '%REQ(AGENT-SESSION-ID)%',
  'aigw.operation': '%AIGW(operation)%',
  'aigw.stream': '%AIGW(stream)%',
  'aigw.route': '%AIGW(route)%',
  'aigw.cluster': '%AIGW(cluster)%',
  'aigw.upstream_model': '%AIGW(request_model)%',
  'aigw.upstream_status': '%AIGW(upstream_status)%',
  'aigw.attempts': '%AIGW(attempts)%',
  'aigw.time_to_first_token': '%AIGW(time_to_first_token_ms)%',
  'aigw.error_code': '%AIGW(error_code)%',
  'aigw.error_detail': '%AIGW(error_detail)%',
  'aigw.warnings': '%AIGW(warnings)%',
};

/** `%NAME%`, `%NAME(argument)%`, either with `:length` to cut the value. */
const OPERATOR = /%([A-Z_]+)(?:\(([^)]*)\))?(?::(\d+))?%/y;

/**
 * Compiles field names and Envoy format strings. As in Envoy's `json_format`, a field that is one operator keeps the
 * value's type and is `null` when absent; in other text an absent value is `-`. Without fields of one's own the default ones are
 * logged, and of these only what a request has (Envoy's `omit_empty_values`): half of them is usually absent.
 */
export function compileAccessLogFormat(fields?: Readonly<Record<string, string>>): AccessLogFormat {
  const omitEmpty = fields === undefined;
  const warnings: string[] = [];
  const compiled = Object.entries(fields ?? DEFAULT_ACCESS_LOG_FIELDS).map(([name, format]) => {
    const getter = compileField(format, (warning) => warnings.push(`Access log field "${name}": ${warning}`));
    return [name, getter] as const;
  });
  const read = omitEmpty ? compiled.filter(([, get]) => get !== ABSENT) : compiled;
  const writer = new JsonLineWriter(read, omitEmpty);
  return {
    line(record) {
      let text = '';
      for (const [name, get] of compiled) {
        const value = get(record);
        if (omitEmpty && (value === undefined || value === null)) continue;
        text += `,${jsonString(name)}:${jsonText(value)}`;
      }
      return `{${text.slice(1)}}\n`;
    },
    write: (record, bytes, start) => writer.write(record, bytes, start),
    warnings,
  };
}

/** The getter of one format string. */
function compileField(format: string, warn: (warning: string) => void): Getter {
  const parts = parseFormat(format, warn);
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return typeof only === 'string' ? () => only : only;
  return (record) => {
    let text = '';
    for (const part of parts) text += typeof part === 'string' ? part : plainText(part(record));
    return text;
  };
}

/** Literal text and getters in turn. */
function parseFormat(format: string, warn: (warning: string) => void): (string | Getter)[] {
  const parts: (string | Getter)[] = [];
  let literal = '';
  let position = 0;
  while (position < format.length) {
    if (format[position] !== '%') {
      literal += format[position];
      position++;
      continue;
    }
    if (format[position + 1] === '%') {
      literal += '%';
      position += 2;
      continue;
    }
    OPERATOR.lastIndex = position;
    const match = OPERATOR.exec(format);
    if (match === null) {
      warn(`"${format}" has a % that starts no operator; write %% for a percent sign`);
      literal += '%';
      position++;
      continue;
    }
    const [text, name = '', argument, length] = match;
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push(compilePart({ text, name, argument, length }, warn));
    position += text.length;
  }
  if (literal !== '' || parts.length === 0) parts.push(literal);
  return parts;
}

function compilePart(
  {
    text,
    name,
    argument,
    length,
  }: { text: string; name: string; argument: string | undefined; length: string | undefined },
  warn: (warning: string) => void,
): Getter {
  const compiled = compileOperator(name, argument);
  if (typeof compiled !== 'function') {
    warn(`${text} ${compiled.warning}`);
    return () => undefined;
  }
  if (length === undefined) return compiled;
  const most = Number(length);
  return (record) => {
    const value = compiled(record);
    return typeof value === 'string' ? value.slice(0, most) : value;
  };
}

function plainText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '-' : jsonText(value);
}
