import { setImmediate as nextTurn } from 'node:timers/promises';
import { Counter, Gauge, Registry } from 'prom-client';
import { createCounterTable } from './counter-table.ts';
import { type ExchangeRecord, exchangeFailed, interTokenMs } from './exchange-record.ts';
import {
  createSeriesStore,
  type ExchangeLabels,
  type ExchangeSeries,
  recordExchange,
  type SeriesStore,
} from './exchange-series.ts';
import { familyHead, histogramLines, labelPair } from './exposition.ts';
import type { Buckets, Histogram } from './histogram.ts';
import {
  type AttemptResult,
  DURATION_BUCKETS,
  EXCHANGE_FAMILIES,
  GATEWAY_FAMILIES,
  type MetricFamily,
  PROCESS_FAMILIES,
  type ProcessMetricName,
  TOKEN_BUCKETS,
  TOKEN_TYPES,
} from './metric-families.ts';
import { createProcessMetrics } from './process-metrics.ts';

/** A number of things that are open now. */
export interface LevelGauge {
  increment(): void;
  decrement(): void;
  readonly value: number;
}

/** What `createMetrics` takes. */
export interface MetricsOptions {
  /** Version of the program, for `aigw_build_info`. */
  version: string;
  /** Most label sets of the `gen_ai_*` families; the default is 2000. */
  maxSeries?: number;
  /** Read when scraped: the health of targets and endpoints as it is then. */
  health?: () => readonly HealthSample[];
  /** Access log lines dropped so far; the default says none. */
  accessLogDropped?: () => number;
  /** Worker processes that serve now, and how often one was replaced; without it there are none to tell of. */
  workers?: () => { readonly running: number; readonly restarts: number };
}

/** A sample of a family that describes the health of targets, endpoints and clusters. */
export interface HealthSample {
  readonly family: HealthFamily;
  /** By label name. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Families that are read from live state. */
export type HealthFamily = (typeof HEALTH_FAMILIES)[number];

const HEALTH_FAMILIES = [
  'aigw_target_state',
  'aigw_target_openings_total',
  'aigw_endpoint_state',
  'aigw_endpoint_ejections_total',
  'aigw_cluster_requests_active',
  'aigw_cluster_requests_queued',
] as const;

/** All metrics of one gateway process. */
export interface Metrics {
  /** Counts a finished exchange: call once for each, when it settles. */
  record(record: ExchangeRecord): void;
  /** The series of a label set, for callers that record without an ExchangeRecord through `recordExchange`. */
  series(labels: ExchangeLabels, failed: boolean): ExchangeSeries;
  /** Counts a request sent to a provider. */
  attempt(cluster: string, result: AttemptResult): void;
  /** Counts a second attempt that competes with a slow first one. */
  hedge(cluster: string): void;
  /** Counts a copy of a request. */
  mirror(cluster: string, result: 'ok' | 'failed'): void;
  /** Counts a request that a limit refused. */
  limitRefusal(limit: string): void;
  readonly activeRequests: LevelGauge;
  readonly openStreams: LevelGauge;
  /** Says that a configuration was applied; `revision` is its number. */
  configApplied(revision: number): void;
  configRejected(): void;
  /**
   * Everything in the Prometheus text format 0.0.4, in pieces of about 64 KiB. Other work gets its turn between two
   * pieces, so that a scrape of many series does not hold the event loop.
   */
  text(): AsyncGenerator<string, void, undefined>;
  /** Ends background work. */
  close(): void;
}

const DEFAULT_MAX_SERIES = 2000;
const MAX_COUNTER_SERIES = 10_000;
const PIECE_LENGTH = 64 * 1024;

/**
 * Creates the metrics of this process. What every request touches is kept as plain numbers and read out when scraped;
 * the library formats everything but the histograms.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const store = createSeriesStore(options.maxSeries ?? DEFAULT_MAX_SERIES);
  const requests = createCounterTable(MAX_COUNTER_SERIES);
  const attempts = createCounterTable(MAX_COUNTER_SERIES);
  const hedges = createCounterTable(MAX_COUNTER_SERIES);
  const mirrored = createCounterTable(MAX_COUNTER_SERIES);
  const refusals = createCounterTable(MAX_COUNTER_SERIES);
  const costs = createCounterTable(MAX_COUNTER_SERIES);
  const unpriced = createCounterTable(MAX_COUNTER_SERIES);
  const activeRequests = createLevelGauge();
  const openStreams = createLevelGauge();
  const processMetrics = createProcessMetrics();
  let revision = 0;
  let applied = 0;
  let rejected = 0;

  const register = <Name extends keyof typeof GATEWAY_FAMILIES>(name: Name, samples: () => Iterable<Sample>) =>
    registerFamily(registry, { name, family: GATEWAY_FAMILIES[name], samples });
  register('aigw_requests_total', () => requests.samples(GATEWAY_FAMILIES.aigw_requests_total.labels));
  register('aigw_attempts_total', () => attempts.samples(GATEWAY_FAMILIES.aigw_attempts_total.labels));
  register('aigw_hedges_total', () => hedges.samples(GATEWAY_FAMILIES.aigw_hedges_total.labels));
  register('aigw_mirrored_total', () => mirrored.samples(GATEWAY_FAMILIES.aigw_mirrored_total.labels));
  register('aigw_limit_refusals_total', () => refusals.samples(GATEWAY_FAMILIES.aigw_limit_refusals_total.labels));
  register('aigw_cost_usd_total', () => costs.samples(GATEWAY_FAMILIES.aigw_cost_usd_total.labels));
  register('aigw_unpriced_requests_total', () =>
    unpriced.samples(GATEWAY_FAMILIES.aigw_unpriced_requests_total.labels),
  );
  let health = new Map<HealthFamily, HealthSample[]>();
  for (const family of HEALTH_FAMILIES) register(family, () => health.get(family) ?? []);
  register('aigw_active_requests', () => [{ labels: {}, value: activeRequests.value }]);
  register('aigw_open_streams', () => [{ labels: {}, value: openStreams.value }]);
  register('aigw_config_revision', () => [{ labels: {}, value: revision }]);
  register('aigw_config_reloads_total', () => [
    { labels: { result: 'applied' }, value: applied },
    { labels: { result: 'rejected' }, value: rejected },
  ]);
  register('aigw_access_log_dropped_total', () => [{ labels: {}, value: options.accessLogDropped?.() ?? 0 }]);
  register('aigw_metric_series', () => [{ labels: {}, value: store.size }]);
  register('aigw_metric_series_overflow_total', () => [{ labels: {}, value: store.overflowed }]);
  const { workers } = options;
  register('aigw_workers', () => (workers === undefined ? [] : [{ labels: {}, value: workers().running }]));
  register('aigw_worker_restarts_total', () =>
    workers === undefined ? [] : [{ labels: {}, value: workers().restarts }],
  );
  register('aigw_build_info', () => [{ labels: { version: options.version }, value: 1 }]);

  let processValues: Partial<Record<ProcessMetricName, number>> = {};
  for (const [name, family] of Object.entries(PROCESS_FAMILIES)) {
    const samples = () => {
      const value = processValues[name as ProcessMetricName];
      return value === undefined ? [] : [{ labels: {}, value }];
    };
    registerFamily(registry, { name, family, samples });
  }

  return {
    record(record) {
      const failed = exchangeFailed(record);
      requests.increment(record.operation, String(record.status), record.errorCode ?? '');
      for (const { provider, model, nanoUsd } of record.accounted) {
        if (nanoUsd === undefined) unpriced.increment(provider, model, '');
        else costs.add(nanoUsd / 1e9, record.organization ?? '', record.team ?? '', model);
      }
      if (record.provider === undefined) return;
      const series = store.series(
        {
          operation: record.operation,
          provider: record.provider,
          originalModel: record.originalModel,
          requestModel: record.requestModel,
          responseModel: record.responseModel,
          extra: record.metricLabels,
        },
        failed,
      );
      recordExchange(series, {
        durationSeconds: record.durationMs / 1000,
        timeToFirstTokenSeconds: toSeconds(record.timeToFirstTokenMs),
        timePerOutputTokenSeconds: toSeconds(interTokenMs(record)),
        usage: record.usage,
        failed,
      });
    },
    series: store.series,
    attempt: (cluster, result) => attempts.increment(cluster, result, ''),
    hedge: (cluster) => hedges.increment(cluster, '', ''),
    mirror: (cluster, result) => mirrored.increment(cluster, result, ''),
    limitRefusal: (limit) => refusals.increment(limit, '', ''),
    activeRequests,
    openStreams,
    configApplied(number) {
      revision = number;
      applied++;
    },
    configRejected() {
      rejected++;
    },
    async *text() {
      for (const piece of exchangeText(store)) {
        yield piece;
        await nextTurn();
      }
      processValues = await processMetrics.read();
      // Every family of one scrape tells of the same moment.
      health = groupByFamily(options.health?.() ?? []);
      yield await registry.metrics();
    },
    close: processMetrics.close,
  };
}

/** One value of a family, with its labels; an absent label is not printed. */
interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** Registers a family whose values are read when scraped. */
function registerFamily(
  registry: Registry,
  { name, family, samples }: { name: string; family: MetricFamily; samples: () => Iterable<Sample> },
): void {
  const common = { name, help: family.help, labelNames: family.labels, registers: [registry] };
  if (family.type === 'counter') {
    new Counter({
      ...common,
      collect() {
        this.reset();
        for (const { labels, value } of samples()) this.inc(labels, value);
      },
    });
  } else {
    new Gauge({
      ...common,
      collect() {
        this.reset();
        // A reset gauge without labels stands at 0, which would be a lie for a value that is not known.
        this.remove({});
        for (const { labels, value } of samples()) this.set(labels, value);
      },
    });
  }
}

function groupByFamily(samples: readonly HealthSample[]): Map<HealthFamily, HealthSample[]> {
  const groups = new Map<HealthFamily, HealthSample[]>();
  for (const sample of samples) {
    const group = groups.get(sample.family);
    if (group === undefined) groups.set(sample.family, [sample]);
    else group.push(sample);
  }
  return groups;
}

function createLevelGauge(): LevelGauge {
  let value = 0;
  return {
    increment: () => {
      value++;
    },
    decrement: () => {
      value--;
    },
    get value() {
      return value;
    },
  };
}

function toSeconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}

/** The `gen_ai_*` families, cut into pieces. */
function* exchangeText(store: SeriesStore): Generator<string, void, undefined> {
  let piece = '';
  for (const [name, family] of Object.entries(EXCHANGE_FAMILIES)) {
    const parts = FAMILY_PARTS[name as keyof typeof EXCHANGE_FAMILIES];
    const buckets: Buckets = name === 'gen_ai_client_token_usage' ? TOKEN_BUCKETS : DURATION_BUCKETS;
    piece += familyHead(name, family);
    for (const series of store.all()) {
      for (const [labels, histogram] of parts(series)) {
        if (histogram !== undefined) piece += histogramLines(name, labels, histogram, buckets);
      }
      if (piece.length >= PIECE_LENGTH) {
        yield piece;
        piece = '';
      }
    }
  }
  yield piece;
}

/** Which histograms of a series make up each family, with their labels. */
const FAMILY_PARTS: Record<
  keyof typeof EXCHANGE_FAMILIES,
  (series: ExchangeSeries) => [labels: string, histogram: Histogram | undefined][]
> = {
  gen_ai_client_token_usage: (series) =>
    TOKEN_TYPES.map((type, index) => [
      `${series.labels},${labelPair('gen_ai_token_type', type)}`,
      series.tokens[index],
    ]),
  gen_ai_server_request_duration_seconds: (series) => [
    [series.labels, series.duration],
    // OpenTelemetry's fallback value; a success has no error_type at all.
    [`${series.labels},${labelPair('error_type', '_OTHER')}`, series.failedDuration],
  ],
  gen_ai_server_time_to_first_token_seconds: (series) => [[series.labels, series.timeToFirstToken]],
  gen_ai_server_time_per_output_token_seconds: (series) => [[series.labels, series.timePerOutputToken]],
};
