import { exponentialBuckets } from './histogram.ts';

/** The kind of a metric, as Prometheus names it. */
export type MetricType = 'counter' | 'gauge' | 'histogram';

/** What the exposition says of one metric family. `docs/metrics.md` lists the same; a test holds the two together. */
export interface MetricFamily {
  readonly type: MetricType;
  /** One sentence, with the unit. */
  readonly help: string;
  /** Labels besides those of EXCHANGE_LABELS. */
  readonly labels: readonly string[];
}

/** Buckets of token counts: 4^0 to 4^13 (OpenTelemetry GenAI semantic conventions). */
export const TOKEN_BUCKETS = exponentialBuckets(1, 4, 14);
/** Buckets of durations in seconds: 0.01 to 81.92, doubling (OpenTelemetry GenAI semantic conventions). */
export const DURATION_BUCKETS = exponentialBuckets(0.01, 2, 14);

/** Labels that every `gen_ai_*` family has, in the order printed; labels mapped from headers come on top. */
export const EXCHANGE_LABELS = [
  'gen_ai_operation_name',
  'gen_ai_original_model',
  'gen_ai_provider_name',
  'gen_ai_request_model',
  'gen_ai_response_model',
  'otel_scope_name',
] as const;

/** Value of `otel_scope_name`: that of the reference system, so that its dashboards and alerts keep working. */
export const SCOPE_NAME = 'envoyproxy/ai-gateway';

/** Values of `gen_ai_token_type`. `cached_input` and `cache_creation_input` are parts of `input`, `reasoning` of `output`. */
export const TOKEN_TYPES = ['input', 'output', 'cached_input', 'cache_creation_input', 'reasoning'] as const;

/** How a request to a provider can end: the label `result` of `aigw_attempts_total`. */
export const ATTEMPT_RESULTS = [
  'ok',
  /** No connection: refused, unresolved, TLS failed, timed out while connecting. */
  'connect_error',
  /** The connection broke before the answer was whole. */
  'reset',
  /** No answer, no first token or no next chunk in time. */
  'timeout',
  'rate_limited',
  /** Another 4xx. */
  'client_error',
  'server_error',
  /** An answer that is none of the provider's API. */
  'bad_response',
  /** An error event inside a stream. */
  'stream_error',
  /** No credential for the provider could be had. */
  'credential_error',
  /** The client left. */
  'aborted',
  /** Another attempt at the same request answered first. */
  'lost',
  /** The cluster had no place for it. */
  'busy',
] as const;

/** How one request to a provider ended. */
export type AttemptResult = (typeof ATTEMPT_RESULTS)[number];

/** Histograms of exchanges with a provider. */
export const EXCHANGE_FAMILIES = {
  gen_ai_client_token_usage: { type: 'histogram', help: 'Tokens of one exchange.', labels: ['gen_ai_token_type'] },
  gen_ai_server_request_duration_seconds: {
    type: 'histogram',
    help: 'Seconds from the head of a request to the end of its answer.',
    labels: ['error_type'],
  },
  gen_ai_server_time_to_first_token_seconds: {
    type: 'histogram',
    help: 'Seconds from the head of a request to the first content of its streamed answer.',
    labels: [],
  },
  gen_ai_server_time_per_output_token_seconds: {
    type: 'histogram',
    help: 'Seconds per generated token of a streamed answer, after the first.',
    labels: [],
  },
} as const satisfies Record<string, MetricFamily>;

/** The gateway's own metrics. */
export const GATEWAY_FAMILIES = {
  aigw_requests_total: {
    type: 'counter',
    help: 'Requests answered, by operation, HTTP status sent, and gateway error code if the gateway itself gave up.',
    labels: ['operation', 'code', 'error_code'],
  },
  aigw_attempts_total: {
    type: 'counter',
    help: 'Requests sent to providers, by cluster and how they ended.',
    labels: ['cluster', 'result'],
  },
  aigw_hedges_total: {
    type: 'counter',
    help: 'Second attempts started because the first was slow to begin, by the cluster they went to.',
    labels: ['cluster'],
  },
  aigw_mirrored_total: {
    type: 'counter',
    help: 'Copies of requests sent to mirrors, by whether they were answered.',
    labels: ['cluster', 'result'],
  },
  aigw_target_state: {
    type: 'gauge',
    help: 'Health of a cluster’s model as its circuit breaker sees it: 0 closed, 1 half-open, 2 open.',
    labels: ['cluster', 'model'],
  },
  aigw_target_openings_total: {
    type: 'counter',
    help: 'Times that the circuit breaker of a cluster’s model opened.',
    labels: ['cluster', 'model'],
  },
  aigw_endpoint_state: {
    type: 'gauge',
    help: 'Health of an endpoint of a cluster: 0 in use, 1 on probation, 2 resting; `key` counts the API keys from 0.',
    labels: ['cluster', 'endpoint', 'key'],
  },
  aigw_endpoint_ejections_total: {
    type: 'counter',
    help: 'Times that an endpoint of a cluster was taken out.',
    labels: ['cluster', 'endpoint', 'key'],
  },
  aigw_cluster_requests_active: {
    type: 'gauge',
    help: 'Requests that hold one of a cluster’s places, where its concurrency is bounded.',
    labels: ['cluster'],
  },
  aigw_cluster_requests_queued: {
    type: 'gauge',
    help: 'Requests that wait for one of a cluster’s places.',
    labels: ['cluster'],
  },
  aigw_limit_refusals_total: {
    type: 'counter',
    help: 'Requests and attempts that a rate limit or budget refused, by its name.',
    labels: ['limit'],
  },
  aigw_cost_usd_total: {
    type: 'counter',
    help: 'US dollars that requests have cost by the price table, by who sent them.',
    labels: ['organization', 'team', 'model'],
  },
  aigw_unpriced_requests_total: {
    type: 'counter',
    help: 'Provider requests whose model has no known price.',
    labels: ['provider', 'model'],
  },
  aigw_active_requests: { type: 'gauge', help: 'Requests being handled now.', labels: [] },
  aigw_open_streams: { type: 'gauge', help: 'Streamed answers being relayed now.', labels: [] },
  aigw_config_revision: {
    type: 'gauge',
    help: 'Revision of the applied configuration; 0 before the first.',
    labels: [],
  },
  aigw_config_reloads_total: {
    type: 'counter',
    help: 'Configurations offered, by whether they were applied or rejected.',
    labels: ['result'],
  },
  aigw_access_log_dropped_total: {
    type: 'counter',
    help: 'Access log lines dropped because the log could not be written fast enough.',
    labels: [],
  },
  aigw_metric_series: { type: 'gauge', help: 'Distinct label sets of the gen_ai families.', labels: [] },
  aigw_metric_series_overflow_total: {
    type: 'counter',
    help: 'Exchanges counted under the model "_other" because there were too many distinct label sets.',
    labels: [],
  },
  aigw_workers: { type: 'gauge', help: 'Worker processes that serve now, with --workers.', labels: [] },
  aigw_worker_restarts_total: {
    type: 'counter',
    help: 'Worker processes that ended unasked and were replaced, with --workers.',
    labels: [],
  },
  aigw_build_info: { type: 'gauge', help: 'Always 1; says which version runs.', labels: ['version'] },
} as const satisfies Record<string, MetricFamily>;

/** Metrics of the process, under the names that Node.js dashboards expect. */
export const PROCESS_FAMILIES = {
  process_cpu_seconds_total: { type: 'counter', help: 'Seconds of CPU time used, user and system.', labels: [] },
  process_start_time_seconds: { type: 'gauge', help: 'Start of the process in seconds since the epoch.', labels: [] },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory in bytes.', labels: [] },
  process_open_fds: { type: 'gauge', help: 'Open file descriptors (Linux only).', labels: [] },
  process_max_fds: { type: 'gauge', help: 'Soft limit of open file descriptors (Linux only).', labels: [] },
  nodejs_heap_size_used_bytes: { type: 'gauge', help: 'Used JavaScript heap in bytes.', labels: [] },
  nodejs_heap_size_total_bytes: { type: 'gauge', help: 'Size of the JavaScript heap in bytes.', labels: [] },
  nodejs_external_memory_bytes: {
    type: 'gauge',
    help: 'Memory outside the heap, buffers included, in bytes.',
    labels: [],
  },
  nodejs_eventloop_lag_p50_seconds: {
    type: 'gauge',
    help: 'Median event loop delay since the last scrape.',
    labels: [],
  },
  nodejs_eventloop_lag_p99_seconds: {
    type: 'gauge',
    help: '99th percentile of the event loop delay since the last scrape.',
    labels: [],
  },
  nodejs_eventloop_lag_max_seconds: {
    type: 'gauge',
    help: 'Largest event loop delay since the last scrape.',
    labels: [],
  },
  nodejs_eventloop_utilization_ratio: {
    type: 'gauge',
    help: 'Share of the time since the last scrape in which the event loop was busy, 0 to 1.',
    labels: [],
  },
} as const satisfies Record<string, MetricFamily>;

/** The name of one process metric. */
export type ProcessMetricName = keyof typeof PROCESS_FAMILIES;
