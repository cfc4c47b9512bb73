import { usageTotal } from '../dialects/neutral/usage.ts';
import type { AttemptUsage, FailedAttempt } from '../telemetry/exchange-record.ts';
import { accountExchange, isRetrieval } from './account-usage.ts';
import { claimWork } from './claim-work.ts';
import { targetModel } from './provider-request.ts';
import { settleLimits } from './reserve.ts';
import { type Attempt, type ExchangeState, warningsOf } from './state.ts';

function toFailure({ target, result }: Attempt): FailedAttempt {
  // Every attempt is given its result when it ends.
  return { cluster: target.cluster.name, result: result ?? 'aborted' };
}

function noHeader(): undefined {}

/** What the exchange has cost. Nothing may keep it from being settled: what cannot be told is a fault of the gateway's. */
function accountSafely(state: ExchangeState): AttemptUsage[] {
  try {
    return accountExchange(state);
  } catch (error) {
    state.runtime.reportFault(error, state.id);
    return [];
  }
}

/** Ends an exchange: settles its limits and hands its record to metrics, log and ledger. Does nothing the second time. */
export function settle(state: ExchangeState): void {
  if (state.settled) return;
  state.settled = true;
  state.phase = 'done';
  if (state.streaming) state.runtime.openStreams.decrement();
  state.runtime.activeRequests.decrement();
  const end = state.runtime.monotonic();
  const accounted = accountSafely(state);
  for (const { cluster, workId } of accounted) {
    if (workId === undefined) continue;
    claimWork(state, { cluster, workId })
      .then((isNew) => finish(state, isNew ? accounted : [], end))
      .catch((error: unknown) => state.runtime.reportFault(error, state.id));
    return;
  }
  finish(state, accounted, end);
}

function finish(state: ExchangeState, accounted: readonly AttemptUsage[], end: number): void {
  const { runtime, request, response, attempt } = state;
  const target = attempt?.target;
  settleLimits(state, accounted);
  // A stream that broke off has what its observer saw so far; what was counted when it was made is not counted again.
  const usage = isRetrieval(state) ? undefined : (attempt?.usage ?? attempt?.observer?.usage);
  const first = state.firstByteMonotonic;
  runtime.record({
    startTimeMs: state.startedAt,
    durationMs: end - state.startedMonotonic,
    timeToFirstTokenMs: first === 0 || !state.streaming ? undefined : first - state.startedMonotonic,
    requestId: state.id,
    method: request.method,
    path: state.path,
    protocol: request.protocol,
    remoteAddress: request.remoteAddress,
    bytesReceived: state.body?.length ?? 0,
    bytesSent: response.bytesSent,
    operation: state.endpoint?.operation ?? 'unknown',
    clientDialect: state.dialect?.name,
    stream: state.stream,
    status: state.status === 0 ? 499 : state.status,
    errorCode: state.error?.code ?? (state.clientGone ? 'client_closed' : undefined),
    errorDetail: attempt?.errorDetail ?? state.errorDetail,
    clientAborted: state.clientGone,
    warnings: warningsOf(state, attempt),
    virtualService: state.route?.service,
    route: state.route?.name,
    cluster: target?.cluster.name,
    provider: target?.cluster.provider.metricsName,
    providerKind: target?.cluster.provider.name,
    upstreamHost: attempt?.upstreamHost,
    upstreamStatus: attempt === undefined || attempt.upstreamStatus === 0 ? undefined : attempt.upstreamStatus,
    attempts: state.attempts,
    failedAttempts: state.failedAttempts?.map(toFailure),
    originalModel: state.model ?? '',
    requestModel: target === undefined ? '' : targetModel(state, target),
    responseModel: attempt?.responseModel ?? '',
    usage: usage !== undefined && usageTotal(usage) > 0 ? usage : undefined,
    accounted,
    organization: state.principal?.organization,
    team: state.principal?.team,
    user: state.principal?.user,
    key: state.principal?.key,
    endUser: state.endUser,
    labels: state.principal?.metadata,
    requestHeader: (name) => request.header(name),
    responseHeader: noHeader,
  });
}
