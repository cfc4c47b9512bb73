import type { DialectName } from '../dialects/names.ts';
import type { UsedUnits } from '../dialects/neutral/units.ts';
import type { Usage } from '../dialects/neutral/usage.ts';
import type { ErrorCode } from '../errors/codes.ts';
import type { JsonValue } from '../json/types.ts';
import type { MetricLabel } from './header-labels.ts';
import type { AttemptResult } from './metric-families.ts';

/** What one provider request has cost. */
export interface AttemptUsage {
  readonly cluster: string;
  /** Name of the provider kind, as the configuration has it. */
  readonly provider: string;
  /** The model that was asked for. */
  readonly model: string;
  readonly usage: Usage;
  /** What was used beside tokens. */
  readonly units: UsedUnits | undefined;
  /** Billionths of a dollar; undefined when the model has no known price. */
  readonly nanoUsd: number | undefined;
  /** Where the price comes from; undefined when there is none. */
  readonly priceOrigin: 'bundled' | 'configured' | undefined;
  /** Whether the provider did not count to the end, so that a part is an estimate. */
  readonly estimated: boolean;
  /** Whether it is the attempt whose answer the client got. */
  readonly answered: boolean;
  /** Names work that went on apart from the exchange, such as a batch: it is looked at more than once and counts once. */
  readonly workId: string | undefined;
}

/**
 * One finished exchange as plain data: the exchange fills it once when it settles, and metrics and the
 * access log read it. It must not be kept: `requestHeader` and `responseHeader` may hold the connection alive.
 */
export interface ExchangeRecord {
  /** Milliseconds since the epoch at which the request's head was read. */
  startTimeMs: number;
  /** From the request's head to the end of the answer, by a monotonic clock. */
  durationMs: number;
  /** Until the first content of a streamed answer went out; absent when the answer was not streamed or had none. */
  timeToFirstTokenMs?: number | undefined;
  /** From the last attempt's request to the head of its answer. */
  upstreamServiceTimeMs?: number | undefined;
  /** The gateway's own id of the request, also sent as `x-aigw-request-id`. */
  requestId: string;
  traceId?: string | undefined;

  method: string;
  /** Path without its query: queries can carry keys. */
  path: string;
  /** Such as `HTTP/1.1`. */
  protocol: string;
  /** Peer of the client's connection. */
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
  /** Our end of the client's connection. */
  localAddress?: string | undefined;
  localPort?: number | undefined;
  /** Bytes of the request's body as received. */
  bytesReceived: number;
  /** Bytes of the answer's body as sent. */
  bytesSent: number;

  /** `gen_ai.operation.name`, such as `chat`, `embeddings` or `messages`; a name of ours for the rest, such as `models`. */
  operation: string;
  clientDialect?: DialectName | undefined;
  stream: boolean;
  /** Status sent to the client; 499 when it left before there was one. */
  status: number;
  /** The gateway's own error, also one that cut a stream after a 200. Absent for a provider's answer passed on. */
  errorCode?: ErrorCode | undefined;
  /** What went wrong, for operators: may say more than the client was told, never a secret. */
  errorDetail?: string | undefined;
  /** Whether the client left before the answer was whole. */
  clientAborted: boolean;
  /** What went to `x-aigw-warnings`. */
  warnings: readonly string[];

  virtualService?: string | undefined;
  route?: string | undefined;
  /** Cluster of the last attempt. */
  cluster?: string | undefined;
  /** `gen_ai.provider.name` of the last attempt's cluster; absent when no target was chosen. */
  provider?: string | undefined;
  /** Name of that provider kind, as the configuration has it. */
  providerKind?: string | undefined;
  /** `address:port` of the last attempt. */
  upstreamHost?: string | undefined;
  /** Status of the last attempt's answer; absent when there was none. */
  upstreamStatus?: number | undefined;
  /** Requests sent to providers. */
  attempts: number;
  /** What did not answer, in order; absent when nothing failed. */
  failedAttempts?: readonly FailedAttempt[] | undefined;

  /** The model the client named; empty when it named none. */
  originalModel: string;
  /** The model the last attempt asked the provider for; empty when there was none. */
  requestModel: string;
  /** The model the provider says has answered; empty when it does not say. */
  responseModel: string;
  /** Absent when the provider reported none. */
  usage?: Usage | undefined;
  /** What every provider request of the exchange has cost, the one that answered last. */
  accounted: readonly AttemptUsage[];
  organization?: string | undefined;
  team?: string | undefined;
  user?: string | undefined;
  /** The caller's key by its id and its name. */
  key?: { readonly id: string; readonly name: string } | undefined;
  /** The application's own user. */
  endUser?: string | undefined;
  /** Labels of the key and the levels above it. */
  labels?: Readonly<Record<string, string>> | undefined;
  /** Values by metadata key: what `llmRequestCosts` computed. */
  metadata?: Readonly<Record<string, JsonValue>> | undefined;
  /** Labels mapped from request headers, as `compileHeaderLabels` reads them. */
  metricLabels?: readonly MetricLabel[] | undefined;

  /** A header of the client's request by lower-case name. */
  requestHeader(name: string): string | undefined;
  /** A header of the answer sent, by lower-case name. */
  responseHeader(name: string): string | undefined;
}

/** One try that did not give the client its answer. */
export interface FailedAttempt {
  cluster: string;
  result: AttemptResult;
}

/** Whether an exchange counts as failed: the gateway gave up, or the client got an error status. */
export function exchangeFailed(record: ExchangeRecord): boolean {
  return record.errorCode !== undefined || record.status >= 400;
}

/**
 * Milliseconds from one generated token to the next: what is left of the duration after the first token, shared
 * by the tokens after it. Absent unless the answer was streamed and has at least two tokens.
 */
export function interTokenMs(record: ExchangeRecord): number | undefined {
  const first = record.timeToFirstTokenMs;
  const output = record.usage?.output ?? 0;
  return first === undefined || output < 2 ? undefined : Math.max(0, record.durationMs - first) / (output - 1);
}
