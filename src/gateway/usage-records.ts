import { noTokens, noUnits, type PriceSource, type UsageRecord } from '../stores/ledger/usage-record.ts';
import type { AttemptUsage, ExchangeRecord } from '../telemetry/exchange-record.ts';

function priceSource({ nanoUsd }: AttemptUsage): PriceSource {
  return nanoUsd === undefined ? 'unknown' : 'table';
}

function common(record: ExchangeRecord): Omit<UsageRecord, 'id' | 'kind'> {
  return {
    requestId: record.requestId,
    timeMs: record.startTimeMs,
    service: record.virtualService ?? '',
    route: record.route ?? '',
    cluster: record.cluster ?? '',
    provider: record.provider ?? '',
    requestedModel: record.originalModel,
    sentModel: record.requestModel,
    answeredModel: record.responseModel,
    organization: record.organization ?? '',
    team: record.team ?? '',
    user: record.user ?? '',
    keyId: record.key?.id ?? '',
    keyName: record.key?.name ?? '',
    endUser: record.endUser ?? '',
    operation: record.operation,
    clientDialect: record.clientDialect ?? '',
    stream: record.stream,
    status: record.status,
    errorCode: record.errorCode ?? '',
    attempts: record.attempts,
    durationMs: record.durationMs,
    timeToFirstTokenMs: record.timeToFirstTokenMs ?? null,
    tokens: noTokens(),
    units: noUnits(),
    costNanoUsd: null,
    priced: 'unknown',
    estimated: false,
    tags: record.labels ?? {},
  };
}

function withUsage<Line extends UsageRecord>(line: Line, used: AttemptUsage): Line {
  const { reportedTotal: _, ...tokens } = used.usage;
  return {
    ...line,
    cluster: used.cluster,
    sentModel: used.model,
    tokens,
    costNanoUsd: used.nanoUsd ?? null,
    priced: priceSource(used),
    estimated: used.estimated,
  };
}

/**
 * The lines of the ledger for one exchange: one for the request with what the attempt that answered has cost, and one for each
 * further provider request that cost tokens.
 */
export function toUsageRecords(record: ExchangeRecord): UsageRecord[] {
  const base = common(record);
  const main: UsageRecord = { ...base, id: record.requestId, kind: 'request' };
  const last = record.accounted.at(-1);
  if (last === undefined) return [main];
  const lines = [withUsage(main, last)];
  for (const [index, used] of record.accounted.slice(0, -1).entries()) {
    lines.push(withUsage({ ...base, id: `${record.requestId}.${index + 1}`, kind: 'attempt' }, used));
  }
  return lines;
}
