import { usageTotal } from '../dialects/neutral/usage.ts';
import type { FailedAttempt } from '../telemetry/exchange-record.ts';
import { accountExchange } from './account-usage.ts';
import { targetModel } from './provider-request.ts';
import { settleLimits } from './reserve.ts';
import type { Attempt, ExchangeState } from './state.ts';

function toFailure({ target, result }: Attempt): FailedAttempt {
  // Every attempt is given its result when it ends.
  return { cluster: target.cluster.name, result: result ?? 'aborted' };
}

/** Ends an exchange: hands its record to metrics and the access log. Does nothing the second time. */
export function settle(state: ExchangeState): void {
  if (state.settled) return;
  state.settled = true;
  state.phase = 'done';
  if (state.streaming) state.runtime.openStreams.decrement();
  state.runtime.activeRequests.decrement();
  const { runtime, request, response, attempt } = state;
  const target = attempt?.target;
  const accounted = accountExchange(state);
  settleLimits(state, accounted);
  // A stream that broke off has what its observer saw so far.
  const usage = attempt?.usage ?? attempt?.observer?.usage;
  const end = runtime.monotonic();
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
    warnings: state.warnings,
    virtualService: state.route?.service,
    route: state.route?.name,
    cluster: target?.cluster.name,
    provider: target?.cluster.provider.metricsName,
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
    responseHeader: () => undefined,
  });
}
