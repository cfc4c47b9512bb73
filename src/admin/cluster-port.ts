/** How an endpoint with an API key stands, as the admin API shows it. Times are ISO 8601. */
export interface EndpointView {
  /** Base URL, with the address in place of a name that was resolved. */
  endpoint: string;
  /** Position of the API key among the cluster's, from 0. */
  key: number;
  state: 'in_use' | 'on_probation' | 'resting';
  /** Why it is not in full use. */
  reason: string | null;
  /** When it may next be tried. */
  until: string | null;
  /** What was wrong at the last health check; absent where none is made. */
  health_check?: string | null;
  /** Requests under way. */
  active: number;
  /** Times it was taken out. */
  ejections: number;
  /** Moving figures, where the cluster's balancing looks at them. */
  figures?: FiguresView;
}

/** Moving figures of an endpoint or a target; `null`: not known. */
export interface FiguresView {
  /** Of prompts of up to 1,000 tokens. */
  time_to_first_token_ms: number | null;
  /** Output tokens per second of one request. */
  tokens_per_second: number | null;
  /** Share of the requests that failed lately, 0 to 1. */
  failure_share: number;
  /** Share of the provider's rate limit that is left, 0 to 1, as its answers say. */
  headroom: number;
}

/** How a model of a cluster stands. */
export interface TargetView {
  /** `null`: whatever model a client names. */
  model: string | null;
  /** Of its circuit breaker. */
  state: 'closed' | 'half-open' | 'open';
  until: string | null;
  openings: number;
  figures?: FiguresView;
}

/** A cluster as it is now. */
export interface ClusterView {
  name: string;
  provider: string;
  /** Where its endpoints come from. */
  kind: 'static' | 'dns' | 'file' | 'managed';
  /** Of a dynamic cluster: when its endpoints were last found, and why they could not be the last time. */
  discovery?: { source: string | null; found: string | null; error: string | null };
  endpoints: EndpointView[];
  /** Where the requests in flight are bounded. */
  concurrency: { active: number; queued: number; limit: number; queue: number; refused: number } | null;
  targets: TargetView[];
}

/** What the admin API sees and sets of clusters. */
export interface ClusterPort {
  /** Those of the configuration in force, in its order. */
  list(): ClusterView[];
  find(name: string): ClusterView | undefined;
  /** Base URLs of a managed cluster; undefined of any other. */
  managed(name: string): readonly string[] | undefined;
  /** Sets them: resolves when they are in use. They must be valid, the cluster managed. */
  setManaged(name: string, urls: readonly string[]): Promise<void>;
}
