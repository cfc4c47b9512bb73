/** What a report can be split by. */
export const USAGE_DIMENSIONS = [
  'service',
  'route',
  'cluster',
  'provider',
  'model',
  'requested_model',
  'organization',
  'team',
  'user',
  'key',
  'end_user',
  'operation',
  'status',
  'hour',
  'day',
  'month',
] as const;

/** One thing a report can be split by. */
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

/** What reports can be narrowed by, as text; `status` is apart. */
export const USAGE_FILTERS = [
  'service',
  'route',
  'cluster',
  'provider',
  'model',
  'requested_model',
  'organization',
  'team',
  'user',
  'key',
  'end_user',
  'operation',
] as const;

/** Only what has one of these values. */
export type UsageFilter = {
  readonly [name in (typeof USAGE_FILTERS)[number]]?: readonly string[];
} & { readonly status?: readonly number[] };

/** Tokens by class; the classes do not overlap, but `output` includes `reasoning`. */
export interface UsageTokens {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly reasoning: number;
  readonly inputAudio: number;
  readonly outputAudio: number;
  readonly inputImage: number;
  readonly outputImage: number;
}

/** What is billed by other units than tokens. */
export interface UsageUnits {
  readonly images: number;
  readonly seconds: number;
  readonly characters: number;
  readonly searchUnits: number;
}

/** Added-up usage. */
export interface UsageSums {
  readonly requests: number;
  readonly errors: number;
  readonly attempts: number;
  readonly durationMs: number;
  /** Sum over the `firstTokens` answers that had a first token. */
  readonly timeToFirstTokenMs: number;
  readonly firstTokens: number;
  readonly tokens: UsageTokens;
  readonly units: UsageUnits;
  /** In 1e-9 USD. */
  readonly costNanoUsd: number | bigint;
  readonly unpriced: number;
  readonly estimated: number;
}

/** Which sums to report. */
export interface UsageQuery {
  readonly by: readonly UsageDimension[];
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly filter?: UsageFilter | undefined;
  readonly order?: 'group' | 'cost' | 'requests' | 'tokens' | undefined;
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
}

/** One page of a report. */
export interface UsagePage {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly groups: readonly {
    readonly group: Partial<Record<UsageDimension, string | number>>;
    readonly sums: UsageSums;
  }[];
  readonly next: string | undefined;
}

/** One request, or a further attempt of one that cost tokens. */
export interface UsageRecord {
  readonly id: string;
  readonly kind: 'request' | 'attempt';
  readonly requestId: string;
  readonly timeMs: number;
  readonly service: string;
  readonly route: string;
  readonly cluster: string;
  readonly provider: string;
  readonly requestedModel: string;
  readonly sentModel: string;
  readonly answeredModel: string;
  readonly organization: string;
  readonly team: string;
  readonly user: string;
  readonly keyId: string;
  readonly keyName: string;
  readonly endUser: string;
  readonly operation: string;
  readonly clientDialect: string;
  readonly stream: boolean;
  readonly status: number;
  readonly errorCode: string;
  readonly attempts: number;
  readonly durationMs: number;
  readonly timeToFirstTokenMs: number | null;
  readonly tokens: UsageTokens;
  readonly units: UsageUnits;
  /** In 1e-9 USD; null when the price is unknown. */
  readonly costNanoUsd: number | bigint | null;
  readonly priced: 'table' | 'config' | 'unknown';
  readonly estimated: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** Which single records to list, newest first. */
export interface RecordsQuery {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly filter?: UsageFilter | undefined;
  readonly failed?: boolean | undefined;
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
}

/** Reports over what was used. Wrong cursors are GatewayErrors `invalid_request`. */
export interface UsageReports {
  query(query: UsageQuery): Promise<UsagePage>;
  records(
    query: RecordsQuery,
  ): Promise<{ readonly records: readonly UsageRecord[]; readonly next: string | undefined }>;
}
