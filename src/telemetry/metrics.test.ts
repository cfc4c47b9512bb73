import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ExchangeRecord } from './exchange-record.ts';
import {
  ATTEMPT_RESULTS,
  EXCHANGE_FAMILIES,
  EXCHANGE_LABELS,
  GATEWAY_FAMILIES,
  PROCESS_FAMILIES,
} from './metric-families.ts';
import { createMetrics, type Metrics, type MetricsOptions } from './metrics.ts';

const FAMILIES = { ...EXCHANGE_FAMILIES, ...GATEWAY_FAMILIES, ...PROCESS_FAMILIES };

function record(overrides: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    startTimeMs: 0,
    durationMs: 1500,
    timeToFirstTokenMs: 500,
    requestId: 'r-1',
    method: 'POST',
    path: '/v1/chat/completions',
    protocol: 'HTTP/1.1',
    bytesReceived: 10,
    bytesSent: 20,
    operation: 'chat',
    stream: true,
    status: 200,
    clientAborted: false,
    warnings: [],
    cluster: 'primary',
    provider: 'openai',
    attempts: 1,
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
    requestHeader: () => undefined,
    responseHeader: () => undefined,
    ...overrides,
  };
}

async function scrape(options: Partial<MetricsOptions>, use: (metrics: Metrics) => void): Promise<string> {
  const metrics = createMetrics({ version: '1.2.3', ...options });
  try {
    use(metrics);
    let text = '';
    for await (const piece of metrics.text()) text += piece;
    return text;
  } finally {
    metrics.close();
  }
}

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Reads the text format 0.0.4 strictly and returns the samples by family; throws on anything Prometheus would not take. */
function parseExposition(text: string): Map<string, { type: string; samples: Sample[] }> {
  assert.ok(text.endsWith('\n'));
  const families = new Map<string, { type: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current: { name: string; type: string; samples: Sample[] } | undefined;
  let help: string | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const head = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (head !== null) {
      const [, kind, name = '', rest = ''] = head;
      if (kind === 'HELP') {
        assert.equal(families.has(name), false, `family ${name} stands in two places`);
        help = name;
        continue;
      }
      assert.equal(help, name, 'TYPE follows HELP of the same family');
      assert.match(rest, /^(counter|gauge|histogram)$/);
      current = { name, type: rest, samples: [] };
      families.set(name, current);
      continue;
    }
    const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([-+]?(?:[0-9.]+(?:e[-+]?[0-9]+)?|Inf)|NaN)$/.exec(line);
    assert.ok(match !== null, `not a sample: ${JSON.stringify(line)}`);
    const [, name = '', labelText, value = ''] = match;
    assert.ok(current !== undefined);
    const suffixes = current.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    assert.ok(
      suffixes.some((suffix) => name === current?.name + suffix),
      `${name} stands under ${current.name}`,
    );
    const labels = parseLabels(labelText ?? '');
    const identity = `${name}${JSON.stringify(Object.entries(labels).sort())}`;
    assert.equal(seen.has(identity), false, `duplicate sample ${identity}`);
    seen.add(identity);
    current.samples.push({ name, labels, value: Number(value) });
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family.samples);
  return families;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const pair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
  while (pair.lastIndex < text.length) {
    const match = pair.exec(text);
    assert.ok(match !== null, `not labels: ${JSON.stringify(text)}`);
    const [, name = '', value = ''] = match;
    assert.equal(Object.hasOwn(labels, name), false, `label ${name} twice`);
    labels[name] = value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
  }
  return labels;
}

/** Buckets must be cumulative and end with `+Inf`, which equals the count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...rest } = sample.labels;
    const key = JSON.stringify(rest);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const group of groups.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const count = group.find((sample) => sample.name === `${name}_count`);
    assert.ok(group.some((sample) => sample.name === `${name}_sum`));
    assert.equal(buckets.at(-1)?.labels['le'], '+Inf');
    assert.equal(buckets.at(-1)?.value, count?.value);
    let previous = 0;
    for (const bucket of buckets) {
      assert.ok(bucket.value >= previous);
      previous = bucket.value;
    }
  }
}

function sampleValue(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  for (const family of parseExposition(text).values()) {
    for (const sample of family.samples) {
      if (sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value)) {
        return sample.value;
      }
    }
  }
  return undefined;
}

test('prints a streamed exchange with the labels and buckets of the reference system', async () => {
  const text = await scrape({}, (metrics) => metrics.record(record()));
  const labels =
    'gen_ai_operation_name="chat",gen_ai_original_model="fast",gen_ai_provider_name="openai",' +
    'gen_ai_request_model="gpt-small",gen_ai_response_model="gpt-small-2025",otel_scope_name="envoyproxy/ai-gateway"';
  for (const line of [
    '# TYPE gen_ai_client_token_usage histogram',
    `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="input"} 100`,
    `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="output"} 11`,
    `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="cached_input"} 30`,
    `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="cache_creation_input"} 10`,
    `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="reasoning"} 4`,
    `gen_ai_client_token_usage_bucket{${labels},gen_ai_token_type="input",le="64"} 0`,
    `gen_ai_client_token_usage_bucket{${labels},gen_ai_token_type="input",le="256"} 1`,
    `gen_ai_client_token_usage_bucket{${labels},gen_ai_token_type="input",le="6.7108864e+07"} 1`,
    `gen_ai_server_request_duration_seconds_bucket{${labels},le="1.28"} 0`,
    `gen_ai_server_request_duration_seconds_bucket{${labels},le="2.56"} 1`,
    `gen_ai_server_request_duration_seconds_bucket{${labels},le="81.92"} 1`,
    `gen_ai_server_request_duration_seconds_sum{${labels}} 1.5`,
    `gen_ai_server_time_to_first_token_seconds_sum{${labels}} 0.5`,
    `gen_ai_server_time_per_output_token_seconds_sum{${labels}} 0.1`,
    'aigw_requests_total{operation="chat",code="200"} 1',
    'aigw_build_info{version="1.2.3"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
  assert.equal(text.includes('error_type'), false);
});

test('marks failures, also a cut stream, and keeps refusals out of the gen_ai families', async () => {
  const text = await scrape({}, (metrics) => {
    metrics.record(record({ status: 502, errorCode: 'provider_unreachable', usage: undefined, responseModel: '' }));
    metrics.record(record({ errorCode: 'provider_stream_error', responseModel: '' }));
    metrics.record(record({ status: 401, errorCode: 'unauthenticated', provider: undefined }));
  });
  const name = 'gen_ai_server_request_duration_seconds_count';
  assert.equal(sampleValue(text, name, { error_type: '_OTHER', gen_ai_response_model: 'unknown' }), 2);
  assert.equal(sampleValue(text, 'aigw_metric_series'), 1);
  assert.equal(sampleValue(text, 'aigw_requests_total', { code: '502', error_code: 'provider_unreachable' }), 1);
  assert.equal(sampleValue(text, 'aigw_requests_total', { code: '401', error_code: 'unauthenticated' }), 1);
  assert.equal(text.includes(`${name}{gen_ai_operation_name="chat"`), true);
});

test('counts attempts, levels and reloads', async () => {
  const text = await scrape({ accessLogDropped: () => 7 }, (metrics) => {
    metrics.attempt('primary', 'timeout');
    metrics.attempt('primary', 'timeout');
    metrics.attempt('backup', 'ok');
    metrics.activeRequests.increment();
    metrics.activeRequests.increment();
    metrics.activeRequests.decrement();
    metrics.openStreams.increment();
    metrics.configApplied(4);
    metrics.configRejected();
  });
  assert.equal(sampleValue(text, 'aigw_attempts_total', { cluster: 'primary', result: 'timeout' }), 2);
  assert.equal(sampleValue(text, 'aigw_attempts_total', { cluster: 'backup', result: 'ok' }), 1);
  assert.equal(sampleValue(text, 'aigw_active_requests'), 1);
  assert.equal(sampleValue(text, 'aigw_open_streams'), 1);
  assert.equal(sampleValue(text, 'aigw_config_revision'), 4);
  assert.equal(sampleValue(text, 'aigw_config_reloads_total', { result: 'applied' }), 1);
  assert.equal(sampleValue(text, 'aigw_config_reloads_total', { result: 'rejected' }), 1);
  assert.equal(sampleValue(text, 'aigw_access_log_dropped_total'), 7);
});

test('a second scrape does not count twice', async () => {
  const metrics = createMetrics({ version: '1' });
  metrics.attempt('primary', 'ok');
  let text = '';
  for await (const _ of metrics.text());
  for await (const piece of metrics.text()) text += piece;
  metrics.close();
  assert.equal(sampleValue(text, 'aigw_attempts_total'), 1);
});

test('hostile model names stay valid, distinct and short', async () => {
  const names = ['a"} 1\nfake_metric 1', 'back\\slash', 'nul\u0000', '\ud800', '\ud801', 'ü'.repeat(500), '\ufffd'];
  const text = await scrape({}, (metrics) => {
    for (const name of names) metrics.record(record({ originalModel: name }));
  });
  const samples = parseExposition(text).get('gen_ai_server_request_duration_seconds')?.samples ?? [];
  const models = new Map(
    samples
      .filter(({ name }) => name.endsWith('_count'))
      .map(({ labels, value }) => [labels['gen_ai_original_model'], value]),
  );
  assert.deepEqual(
    models,
    new Map([
      ['a"} 1_fake_metric 1', 1],
      ['back\\slash', 1],
      ['nul_', 1],
      // Two lone surrogates and the character that stands for them print alike, so they are one series.
      ['\ufffd', 3],
      ['ü'.repeat(128), 1],
    ]),
  );
});

test('label sets are bounded, and failures cannot take all the room', async () => {
  const text = await scrape({ maxSeries: 10 }, (metrics) => {
    for (let index = 0; index < 50; index++) {
      metrics.record(record({ originalModel: `invented-${index}`, status: 404, usage: undefined }));
    }
    for (let index = 0; index < 50; index++) {
      metrics.record(record({ originalModel: `real-${index}`, metricLabels: [['tenant', `t-${index}`]] }));
    }
    metrics.record(record({ originalModel: 'real-0', metricLabels: [['tenant', 't-0']] }));
  });
  const count = 'gen_ai_server_request_duration_seconds_count';
  assert.equal(sampleValue(text, count, { gen_ai_original_model: 'invented-4' }), 1);
  assert.equal(sampleValue(text, count, { gen_ai_original_model: 'invented-5' }), undefined);
  assert.equal(sampleValue(text, count, { gen_ai_original_model: 'real-4', tenant: 't-4' }), 1);
  assert.equal(sampleValue(text, count, { gen_ai_original_model: 'real-0' }), 2);
  assert.equal(sampleValue(text, count, { gen_ai_original_model: 'real-5' }), undefined);
  assert.equal(sampleValue(text, count, { gen_ai_original_model: '_other', error_type: '_OTHER' }), 45);
  assert.equal(sampleValue(text, count, { gen_ai_original_model: '_other', tenant: '_other' }), 45);
  assert.equal(sampleValue(text, 'aigw_metric_series'), 12);
  assert.equal(sampleValue(text, 'aigw_metric_series_overflow_total'), 90);
});

test('models whose names run together are told apart', async () => {
  const text = await scrape({}, (metrics) => {
    metrics.record(record({ originalModel: 'ab', requestModel: 'c', responseModel: 'x' }));
    metrics.record(record({ originalModel: 'a', requestModel: 'bc', responseModel: 'x' }));
    metrics.record(record({ originalModel: 'a', requestModel: 'b', responseModel: 'cx' }));
  });
  assert.equal(sampleValue(text, 'aigw_metric_series'), 3);
});

test('a long scrape comes in pieces between which other work gets its turn', async () => {
  const metrics = createMetrics({ version: '1' });
  for (let index = 0; index < 100; index++) metrics.record(record({ originalModel: `model-${index}` }));
  let turns = 0;
  let scraping = true;
  const others = (async () => {
    while (scraping) {
      turns++;
      await nextTurn();
    }
  })();
  let pieces = 0;
  let text = '';
  for await (const piece of metrics.text()) {
    pieces++;
    text += piece;
    assert.ok(piece.length < 128 * 1024);
  }
  scraping = false;
  await others;
  metrics.close();
  parseExposition(text);
  assert.ok(pieces > 10, `${pieces} pieces`);
  assert.ok(turns >= pieces - 2, `${turns} turns for ${pieces} pieces`);
});

test('process metrics are there and plausible', async () => {
  const text = await scrape({}, () => {});
  assert.ok((sampleValue(text, 'process_resident_memory_bytes') ?? 0) > 1e6);
  assert.ok((sampleValue(text, 'process_cpu_seconds_total') ?? 0) > 0);
  assert.ok(Math.abs((sampleValue(text, 'process_start_time_seconds') ?? 0) - Date.now() / 1000) < 600);
  assert.ok((sampleValue(text, 'nodejs_eventloop_utilization_ratio') ?? -1) >= 0);
  if (process.platform === 'linux') {
    const open = sampleValue(text, 'process_open_fds') ?? 0;
    assert.ok(open > 2 && open <= (sampleValue(text, 'process_max_fds') ?? 0));
  }
});

test('what is served, what is registered and what docs/metrics.md lists agree', async () => {
  const text = await scrape({}, (metrics) => metrics.record(record()));
  const served = [...parseExposition(text)].map(([name, { type }]) => `${name} ${type}`).sort();
  const registered = Object.entries(FAMILIES).map(([name, { type }]) => `${name} ${type}`);
  assert.deepEqual(served, registered.sort());

  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `([a-z_0-9]+)` \| (counter|gauge|histogram) \|[^|]*\|([^|]*)\|/gm)].map(
    ([, name = '', type = '', labels = '']) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map((match) => match[1]),
    }),
  );
  const expected = Object.entries(FAMILIES).map(([name, { type, labels }]) => ({ name, type, labels: [...labels] }));
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  assert.deepEqual(documented.sort(byName), expected.sort(byName));
  const results = /^`result` of an attempt is ([^(]+)/m.exec(page)?.[1] ?? '';
  assert.deepEqual(
    [...results.matchAll(/`(\w+)`/g)].map((match) => match[1]),
    [...ATTEMPT_RESULTS],
  );
  for (const label of EXCHANGE_LABELS) assert.ok(page.includes(`| \`${label}\` |`), label);
});
