import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compileAccessLogFormat, DEFAULT_ACCESS_LOG_FIELDS } from './access-log-format.ts';
import { ACCESS_LOG_AIGW_FIELDS, ACCESS_LOG_METADATA_KEYS, ACCESS_LOG_OPERATORS } from './access-log-operators.ts';
import type { ExchangeRecord } from './exchange-record.ts';

const REQUEST_HEADERS: Record<string, string> = {
  host: 'gateway.example:10000',
  'user-agent': 'sdk/1.0',
  'x-forwarded-for': '10.1.2.3',
  authorization: 'Bearer sk-secret',
  'x-ai-eg-model': 'forged',
  'x-request-id': 'forged',
};

function record(overrides: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    startTimeMs: Date.UTC(2025, 0, 2, 3, 4, 5, 6),
    durationMs: 1500.4,
    timeToFirstTokenMs: 500.6,
    upstreamServiceTimeMs: 321.4,
    requestId: '2f6a',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    method: 'POST',
    path: '/v1/chat/completions',
    protocol: 'HTTP/1.1',
    remoteAddress: '127.0.0.1',
    remotePort: 50000,
    localAddress: '::1',
    localPort: 10000,
    bytesReceived: 1000,
    bytesSent: 2000,
    operation: 'chat',
    clientDialect: 'openai-chat',
    stream: true,
    status: 200,
    clientAborted: false,
    warnings: ['top_k is dropped', 'seed is dropped'],
    virtualService: 'default',
    route: 'small',
    cluster: 'primary',
    provider: 'openai',
    upstreamHost: '10.0.0.9:443',
    upstreamStatus: 200,
    attempts: 2,
    accounted: [],
    originalModel: 'fast',
    requestModel: 'gpt-small',
    responseModel: 'gpt-small-2025',
    usage: {
      input: 60,
      cacheRead: 30,
      cacheWrite: 8,
      cacheWrite1h: 2,
      output: 11,
      reasoning: 4,
      inputAudio: 0,
      outputAudio: 0,
      inputImage: 0,
      outputImage: 0,
    },
    requestHeader: (name) => REQUEST_HEADERS[name],
    responseHeader: (name) => (name === 'content-type' ? 'text/event-stream' : undefined),
    ...overrides,
  };
}

function value(format: string, overrides: Partial<ExchangeRecord> = {}): unknown {
  return JSON.parse(compileAccessLogFormat({ field: format }).line(record(overrides))).field;
}

function warningsOf(format: string): readonly string[] {
  return compileAccessLogFormat({ field: format }).warnings;
}

test('the default line of a whole exchange', () => {
  const format = compileAccessLogFormat();
  assert.deepEqual(format.warnings, []);
  const line = format.line(record());
  assert.equal(line.indexOf('\n'), line.length - 1);
  assert.deepEqual(JSON.parse(line), {
    start_time: '2025-01-02T03:04:05.006Z',
    method: 'POST',
    'request.path': '/v1/chat/completions',
    'x-envoy-origin-path': '/v1/chat/completions',
    response_code: 200,
    bytes_received: 1000,
    bytes_sent: 2000,
    duration: 1500,
    'x-envoy-upstream-service-time': 321,
    'x-forwarded-for': '10.1.2.3',
    'user-agent': 'sdk/1.0',
    'x-request-id': '2f6a',
    upstream_host: '10.0.0.9:443',
    upstream_cluster: 'primary',
    downstream_local_address: '[::1]:10000',
    downstream_remote_address: '127.0.0.1:50000',
    'gen_ai.request.model': 'fast',
    'gen_ai.response.model': 'gpt-small-2025',
    'gen_ai.provider.name': 'openai',
    'gen_ai.usage.input_tokens': 100,
    'gen_ai.usage.output_tokens': 11,
    'gen_ai.usage.reasoning_tokens': 4,
    'aigw.operation': 'chat',
    'aigw.stream': true,
    'aigw.route': 'small',
    'aigw.cluster': 'primary',
    'aigw.upstream_model': 'gpt-small',
    'aigw.upstream_status': 200,
    'aigw.attempts': 2,
    'aigw.time_to_first_token': 501,
    'aigw.warnings': 'top_k is dropped; seed is dropped',
  });
});

test('the default line leaves out what a request never had', () => {
  const refused = JSON.parse(
    compileAccessLogFormat().line(
      record({
        status: 404,
        errorCode: 'model_not_found',
        originalModel: '',
        requestModel: '',
        responseModel: '',
        provider: undefined,
        usage: undefined,
        timeToFirstTokenMs: undefined,
      }),
    ),
  );
  assert.equal(refused['aigw.error_code'], 'model_not_found');
  for (const field of ['gen_ai.request.model', 'gen_ai.provider.name', 'gen_ai.usage.input_tokens']) {
    assert.equal(field in refused, false, field);
  }
});

test('one operator keeps its type; text around it makes a string, with - for what is absent', () => {
  assert.equal(value('%RESPONSE_CODE%'), 200);
  assert.equal(value('%REQ(X-NONE)%'), null);
  assert.equal(value('%RESPONSE_CODE% %REQ(X-NONE)% 100%%'), '200 - 100%');
  assert.equal(value('plain'), 'plain');
  assert.equal(value(''), '');
});

test('headers: case, alternative, length, pseudo headers', () => {
  assert.equal(value('%REQ(User-Agent)%'), 'sdk/1.0');
  assert.equal(value('%REQUEST_HEADER(X-NONE?USER-AGENT):3%'), 'sdk');
  assert.equal(value('%REQ(:AUTHORITY)%'), 'gateway.example:10000');
  assert.equal(value('%RESP(CONTENT-TYPE)%'), 'text/event-stream');
  assert.equal(value('%REQ(X-REQUEST-ID)% %REQ(X-AI-EG-MODEL)%'), '2f6a fast');
});

test('credentials are hidden, also as an alternative', () => {
  assert.equal(value('%REQ(AUTHORIZATION)%'), '***');
  assert.equal(value('%REQ(X-NONE?Authorization)%'), '***');
  assert.equal(value('%REQ(COOKIE)%'), null);
});

test('metadata: built in, computed, nested, foreign', () => {
  assert.equal(value('%DYNAMIC_METADATA(io.envoy.ai_gateway:llm_input_token)%'), 100);
  assert.equal(value('%DYNAMIC_METADATA(io.envoy.ai_gateway:llm_total_token)%'), 111);
  assert.equal(value('%DYNAMIC_METADATA(io.envoy.ai_gateway:token_latency_itl)%'), 99.98);
  assert.equal(value('%DYNAMIC_METADATA(io.envoy.ai_gateway:model_name_override)%'), 'gpt-small');
  const metadata = { llm_input_token: 7, team_cost: 12, nested: { a: { b: 'deep' } } };
  assert.equal(value('%DYNAMIC_METADATA(io.envoy.ai_gateway:llm_input_token)%', { metadata }), 7);
  assert.equal(value('%DYNAMIC_METADATA(io.envoy.ai_gateway:team_cost)%', { metadata }), 12);
  assert.equal(value('%DYNAMIC_METADATA(io.envoy.ai_gateway:nested:a:b)%', { metadata }), 'deep');
  assert.equal(value('%DYNAMIC_METADATA(io.envoy.ai_gateway:nested:toString)%', { metadata }), null);
  assert.deepEqual(value('%DYNAMIC_METADATA(io.envoy.ai_gateway:nested)%', { metadata }), { a: { b: 'deep' } });
  assert.match(warningsOf('%DYNAMIC_METADATA(envoy.lb:x)%')[0] ?? '', /"envoy\.lb".*io\.envoy\.ai_gateway/);
});

test('flags and details of failures', () => {
  const failed = { status: 502, errorCode: 'provider_unreachable', errorDetail: 'connection refused' } as const;
  assert.equal(value('%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%', failed), 'UF provider_unreachable');
  assert.equal(value('%UPSTREAM_TRANSPORT_FAILURE_REASON%', failed), 'connection refused');
  assert.equal(value('%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%'), '- via_upstream');
  assert.equal(value('%RESPONSE_CODE_DETAILS%', { upstreamStatus: undefined }), 'direct_response');
});

test('attempts that failed: where, and how', () => {
  const failedAttempts = [
    { cluster: 'azure', result: 'rate_limited' },
    { cluster: 'openai', result: 'timeout' },
  ] as const;
  assert.equal(value('%AIGW(failed_clusters)%', { failedAttempts }), 'azure, openai');
  assert.equal(value('%AIGW(attempt_results)%', { failedAttempts }), 'azure=rate_limited, openai=timeout');
  assert.equal(value('%AIGW(attempt_results)%'), null);
});

test('what has no meaning is a warning that names the field, and null', () => {
  for (const format of ['%NOT_AN_OPERATOR%', '%AIGW(constructor)%', '%START_TIME(%s)%', '%REQ%', '%REQ()%']) {
    const [warning = '', ...more] = warningsOf(format);
    assert.match(warning, /^Access log field "field": /, format);
    assert.deepEqual(more.length > 1, false, format);
  }
  assert.equal(value('%NOT_AN_OPERATOR%'), null);
  assert.match(warningsOf('50% off')[0] ?? '', /write %% for a percent sign/);
  assert.equal(value('50% off'), '50% off');
});

test('no client can forge a line or a field', () => {
  const line = compileAccessLogFormat({ 'odd "name"\n': '%AIGW(original_model)%' }).line(
    record({ originalModel: 'x","admin":true}\n{"a":"\u2028' }),
  );
  assert.equal(line.split(/[\n\u2028]/).length, 2);
  assert.deepEqual(JSON.parse(line), { 'odd "name"\n': 'x","admin":true}\n{"a":"\u2028' });
});

test('start times of one second and of the next', () => {
  const format = compileAccessLogFormat({ t: '%START_TIME%' });
  for (const [ms, text] of [
    [999, '1970-01-01T00:00:00.999Z'],
    [1000, '1970-01-01T00:00:01.000Z'],
    [1000.9, '1970-01-01T00:00:01.000Z'],
    [0, '1970-01-01T00:00:00.000Z'],
  ] as const) {
    assert.equal(JSON.parse(format.line(record({ startTimeMs: ms }))).t, text);
  }
});

test('docs/access-log.md lists the default fields, the operators, the fields and the keys', () => {
  const page = readFileSync(new URL('../../docs/access-log.md', import.meta.url), 'utf8');
  const section = (title: string) => {
    const start = page.indexOf(title);
    assert.notEqual(start, -1, title);
    const rest = page.slice(start + title.length);
    return rest.slice(0, rest.search(/^#+ /m) === -1 ? undefined : rest.search(/^#+ /m));
  };
  const firstColumn = (title: string) => [...section(title).matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);
  const defaults = [...section('## Default fields').matchAll(/^\| `([^`]+)` \| `([^`]+)` \|$/gm)];
  assert.deepEqual(Object.fromEntries(defaults.map(([, name, format]) => [name, format])), DEFAULT_ACCESS_LOG_FIELDS);
  assert.deepEqual(firstColumn('## Formats').sort(), [...ACCESS_LOG_OPERATORS].sort());
  assert.deepEqual(firstColumn('### `%AIGW(field)%`').sort(), [...ACCESS_LOG_AIGW_FIELDS].sort());
  assert.deepEqual(
    firstColumn('### `%DYNAMIC_METADATA(io.envoy.ai_gateway:key)%`').sort(),
    [...ACCESS_LOG_METADATA_KEYS].sort(),
  );
});

test('written into bytes a line is what it is as a text, field after field and line after line', () => {
  const formats = [
    compileAccessLogFormat(),
    compileAccessLogFormat({}),
    compileAccessLogFormat({
      m: '%REQ(:METHOD)%',
      p: '%REQ(:PATH)%',
      gone: '%TRACE_ID%',
      n: '%DURATION%',
      t: 'plain "text"',
    }),
  ];
  const paths = [
    '/v1/chat/completions',
    '/v1/chat/completions',
    '/v1/"quoted"\n',
    '/v1/zürich 東京 👋',
    '',
    'x'.repeat(3000),
  ];
  for (const format of formats) {
    const bytes = Buffer.alloc(64 * 1024);
    let at = 0;
    let expected = '';
    for (let index = 0; index < 400; index++) {
      const one = record({ path: paths[index % paths.length] ?? '', durationMs: index % 7, attempts: index % 2 });
      const end = format.write(one, bytes, at);
      if (end === -1) {
        assert.ok(Buffer.byteLength(format.line(one)) * 3 > bytes.length - at);
        break;
      }
      at = end;
      expected += format.line(one);
    }
    assert.equal(bytes.toString('utf8', 0, at), expected);
  }
});

test('a line that does not fit is not written', () => {
  const format = compileAccessLogFormat({ m: '%REQ(:METHOD)%' });
  const line = format.line(record({}));
  for (let room = 0; room < line.length; room++) assert.equal(format.write(record({}), Buffer.alloc(room), 0), -1);
  // Room is reckoned with three bytes for each UTF-16 unit, until a field is known.
  assert.equal(format.write(record({}), Buffer.alloc(line.length * 3), 0), line.length);
  assert.equal(format.write(record({}), Buffer.alloc(line.length), 0), line.length);
});
