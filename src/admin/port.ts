/** One configuration the gateway has seen. */
export interface ConfigVersion {
  /** Counts up from 1 within one process. */
  revision: number;
  /** Hex digest of the configuration's content, secrets aside; equal configurations have equal hashes. */
  hash: string;
  /** When it was read, applied or rejected, in milliseconds since the epoch. */
  timeMs: number;
  /** Files it came from, or other origins such as `environment`. */
  sources: readonly string[];
}

/** What was asked for, what runs, and what was refused. */
export interface ConfigStatus {
  /** The newest configuration offered, whether or not it runs. */
  desired?: ConfigVersion | undefined;
  /** The one in force. */
  applied?: ConfigVersion | undefined;
  /** The newest one refused, until a newer one is applied; `errors` say where and how to mend. */
  rejected?: (ConfigVersion & { errors: readonly string[] }) | undefined;
  /** What in the applied configuration has no effect. */
  warnings: readonly string[];
}

/** All that the admin server knows of the rest of the program. */
export interface AdminPort {
  /** Version of the program. */
  readonly version: string;
  status(): ConfigStatus;
  /** The applied configuration as plain data, secrets as `Secret`; `undefined` before the first. */
  appliedConfig(): unknown;
  /** Whether new requests should come here; `reason` says why not, for people. */
  ready(): { ready: boolean; reason?: string | undefined };
  /** The metrics in the Prometheus text format 0.0.4, in pieces. */
  metricsText(): AsyncIterable<string>;
}
