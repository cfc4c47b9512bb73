import { inputTotal, type Usage } from '../dialects/neutral/usage.ts';
import { labelPair, labelValue, MAX_LABEL_LENGTH } from './exposition.ts';
import type { MetricLabel } from './header-labels.ts';
import { createHistogram, type Histogram, observe } from './histogram.ts';
import { DURATION_BUCKETS, EXCHANGE_LABELS, SCOPE_NAME, TOKEN_BUCKETS, TOKEN_TYPES } from './metric-families.ts';

/** What tells one series of the `gen_ai_*` families from another. Empty models print as `unknown`. */
export interface ExchangeLabels {
  operation: string;
  provider: string;
  originalModel: string;
  requestModel: string;
  responseModel: string;
  extra?: readonly MetricLabel[] | undefined;
}

/** What is measured of one exchange. */
export interface ExchangeMeasurement {
  durationSeconds: number;
  timeToFirstTokenSeconds?: number | undefined;
  timePerOutputTokenSeconds?: number | undefined;
  usage?: Usage | undefined;
  failed: boolean;
}

/** The histograms of one label set; each is made by its first observation. */
export interface ExchangeSeries {
  /** The bound labels as exposition text, without braces. */
  readonly labels: string;
  /** In the order of TOKEN_TYPES. */
  readonly tokens: (Histogram | undefined)[];
  duration: Histogram | undefined;
  failedDuration: Histogram | undefined;
  timeToFirstToken: Histogram | undefined;
  timePerOutputToken: Histogram | undefined;
}

/** All series, bounded in number. */
export interface SeriesStore {
  /**
   * The series of a label set. Past the bound a new label set shares one with model `_other`. Failed exchanges open new
   * series only while half of the room is free: clients can name any model, and most invented names fail.
   */
  series(labels: ExchangeLabels, failed: boolean): ExchangeSeries;
  /** Series in order of first use. */
  all(): Iterable<ExchangeSeries>;
  /** Label sets held, the shared ones included. */
  readonly size: number;
  /** How often a shared series stood in. */
  readonly overflowed: number;
}

const OTHER = '_other';
const UNKNOWN = 'unknown';
/** How many models are remembered with what they led to, how much of each, and how long their texts may be. */
const MAX_KNOWN_MODELS = 1000;
const MAX_KNOWN_SERIES = 8;
const MAX_KNOWN_LENGTH = 3 * MAX_LABEL_LENGTH;
const NONE: readonly KnownSeries[] = [];

interface KnownSeries {
  readonly labels: ExchangeLabels;
  readonly series: ExchangeSeries;
}

/** A store of at most `maxSeries` label sets, and one more for each pair of operation and provider. */
export function createSeriesStore(maxSeries: number): SeriesStore {
  const byKey = new Map<string, ExchangeSeries>();
  const canonical = new Map<string, ExchangeSeries>();
  const shared = new Map<string, ExchangeSeries>();
  /** What a model that clients name has led to: mostly it leads there again, and no key has to be put together. */
  const byModel = new Map<string, KnownSeries[]>();
  let overflowed = 0;

  function open(labels: ExchangeLabels, key: string, failed: boolean): ExchangeSeries {
    const text = labelText(labels);
    const known = canonical.get(text);
    if (known !== undefined) {
      if (byKey.size < 2 * maxSeries) byKey.set(key, known);
      return known;
    }
    if (canonical.size >= (failed ? maxSeries / 2 : maxSeries)) {
      overflowed++;
      return overflow(labels);
    }
    const series = createSeries(text);
    canonical.set(text, series);
    byKey.set(key, series);
    return series;
  }

  function remember(labels: ExchangeLabels, series: ExchangeSeries): void {
    const { originalModel, requestModel, responseModel, extra } = labels;
    // What is kept must be small, whatever clients and providers send.
    if (extra !== undefined || originalModel.length + requestModel.length + responseModel.length > MAX_KNOWN_LENGTH)
      return;
    const known = byModel.get(originalModel);
    if (known === undefined) {
      if (byModel.size < MAX_KNOWN_MODELS) byModel.set(originalModel, [{ labels, series }]);
    } else if (known.length < MAX_KNOWN_SERIES) known.push({ labels, series });
  }

  function overflow(labels: ExchangeLabels): ExchangeSeries {
    const { operation, provider, extra } = labels;
    const text = labelText({
      operation,
      provider,
      originalModel: OTHER,
      requestModel: OTHER,
      responseModel: OTHER,
      extra: extra?.map(([name]) => [name, OTHER] as const),
    });
    let series = shared.get(text);
    if (series === undefined) {
      series = createSeries(text);
      shared.set(text, series);
    }
    return series;
  }

  return {
    series(labels, failed) {
      for (const known of byModel.get(labels.originalModel) ?? NONE)
        if (isSame(known.labels, labels)) return known.series;
      const key = seriesKey(labels);
      const found = byKey.get(key);
      if (found === undefined) return open(labels, key, failed);
      remember(labels, found);
      return found;
    },
    *all() {
      yield* canonical.values();
      yield* shared.values();
    },
    get size() {
      return canonical.size + shared.size;
    },
    get overflowed() {
      return overflowed;
    },
  };
}

/** Counts one exchange. Token types that a provider need not report are counted only when there are some. */
export function recordExchange(series: ExchangeSeries, measurement: ExchangeMeasurement): void {
  const { durationSeconds, usage } = measurement;
  if (measurement.failed) {
    series.failedDuration ??= createHistogram(DURATION_BUCKETS);
    observe(series.failedDuration, DURATION_BUCKETS, durationSeconds);
  } else {
    series.duration ??= createHistogram(DURATION_BUCKETS);
    observe(series.duration, DURATION_BUCKETS, durationSeconds);
  }
  if (measurement.timeToFirstTokenSeconds !== undefined) {
    series.timeToFirstToken ??= createHistogram(DURATION_BUCKETS);
    observe(series.timeToFirstToken, DURATION_BUCKETS, measurement.timeToFirstTokenSeconds);
  }
  if (measurement.timePerOutputTokenSeconds !== undefined) {
    series.timePerOutputToken ??= createHistogram(DURATION_BUCKETS);
    observe(series.timePerOutputToken, DURATION_BUCKETS, measurement.timePerOutputTokenSeconds);
  }
  if (usage !== undefined) {
    observeTokens(series, 0, inputTotal(usage));
    observeTokens(series, 1, usage.output);
    if (usage.cacheRead > 0) observeTokens(series, 2, usage.cacheRead);
    if (usage.cacheWrite + usage.cacheWrite1h > 0) observeTokens(series, 3, usage.cacheWrite + usage.cacheWrite1h);
    if (usage.reasoning > 0) observeTokens(series, 4, usage.reasoning);
  }
}

function observeTokens(series: ExchangeSeries, index: number, tokens: number): void {
  let histogram = series.tokens[index];
  if (histogram === undefined) {
    histogram = createHistogram(TOKEN_BUCKETS);
    series.tokens[index] = histogram;
  }
  observe(histogram, TOKEN_BUCKETS, tokens);
}

/** Whether label sets are the same, of which the first has no labels from headers, apart from the model that the client named. */
function isSame(known: ExchangeLabels, labels: ExchangeLabels): boolean {
  return (
    known.responseModel === labels.responseModel &&
    known.requestModel === labels.requestModel &&
    known.provider === labels.provider &&
    known.operation === labels.operation &&
    labels.extra === undefined
  );
}

function createSeries(labels: string): ExchangeSeries {
  return {
    labels,
    tokens: new Array<Histogram | undefined>(TOKEN_TYPES.length).fill(undefined),
    duration: undefined,
    failedDuration: undefined,
    timeToFirstToken: undefined,
    timePerOutputToken: undefined,
  };
}

/** Unambiguous whatever characters the models hold: each is preceded by its length. */
function seriesKey(labels: ExchangeLabels): string {
  const original = bounded(labels.originalModel);
  const request = bounded(labels.requestModel);
  const response = bounded(labels.responseModel);
  const key = `${labels.operation} ${labels.provider} ${original.length},${request.length} ${original}${request}${response}`;
  if (labels.extra === undefined) return key;
  let extra = '';
  for (const [name, value] of labels.extra) {
    const text = bounded(value);
    extra += `${name}=${text.length}:${text}`;
  }
  return `${extra} ${key}`;
}

function bounded(text: string): string {
  return text.length > MAX_LABEL_LENGTH ? text.slice(0, MAX_LABEL_LENGTH) : text;
}

function labelText(labels: ExchangeLabels): string {
  const values: Record<(typeof EXCHANGE_LABELS)[number], string> = {
    gen_ai_operation_name: labels.operation,
    gen_ai_original_model: labels.originalModel || UNKNOWN,
    gen_ai_provider_name: labels.provider,
    gen_ai_request_model: labels.requestModel || UNKNOWN,
    gen_ai_response_model: labels.responseModel || UNKNOWN,
    otel_scope_name: SCOPE_NAME,
  };
  const pairs = EXCHANGE_LABELS.map((name) => labelPair(name, labelValue(values[name])));
  for (const [name, value] of labels.extra ?? []) pairs.push(labelPair(name, labelValue(value)));
  return pairs.join(',');
}
