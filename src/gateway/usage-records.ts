import {
  noTokens,
  noUnits,
  type PriceSource,
  type UsageRecord,
  type UsageUnits,
} from '../stores/ledger/usage-record.ts';
import type { AttemptUsage, ExchangeRecord } from '../telemetry/exchange-record.ts';

const SOURCES: Readonly<Record<NonNullable<AttemptUsage['priceOrigin']>, PriceSource>> = {
  bundled: 'table',
  configured: 'config',
};

function common(record: ExchangeRecord): Omit<UsageRecord, 'id' | 'kind'> {
  return {
    requestId: record.requestId,
    timeMs: record.startTimeMs,
    service: record.virtualService ?? '',
    route: record.route ?? '',
    cluster: record.cluster ?? '',
    provider: record.providerKind ?? '',
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
    // Nothing was used: there is nothing whose price would have to be known.
    costNanoUsd: 0,
    priced: 'table',
    estimated: false,
    tags: record.labels ?? {},
  };
}

function unitsOf({ units }: AttemptUsage): UsageUnits {
  if (units === undefined) return noUnits();
  return {
    images: units.images ?? 0,
    seconds: (units.audioSeconds ?? 0) + (units.videoSeconds ?? 0),
    characters: units.characters ?? 0,
    searchUnits: units.searches ?? 0,
  };
}

function withUsage<Line extends UsageRecord>(line: Line, used: AttemptUsage): Line {
  const { reportedTotal: _, ...tokens } = used.usage;
  return {
    ...line,
    cluster: used.cluster,
    provider: used.provider,
    sentModel: used.model,
    tokens,
    units: unitsOf(used),
    costNanoUsd: used.nanoUsd ?? null,
    // A price that has none for what was used is as good as no price.
    priced: used.nanoUsd === undefined || used.priceOrigin === undefined ? 'unknown' : SOURCES[used.priceOrigin],
    estimated: used.estimated,
  };
}

/**
 * The lines of the ledger for one exchange: one for the request with what the attempt that answered has cost, and one for each
 * further provider request that cost something. Work that went on apart from the exchange has a line named for it, which the
 * ledger takes once however often it is looked at.
 */
export function toUsageRecords(record: ExchangeRecord): UsageRecord[] {
  const base = common(record);
  let main: UsageRecord = { ...base, id: record.requestId, kind: 'request' };
  const further: UsageRecord[] = [];
  for (const used of record.accounted) {
    if (used.workId !== undefined) {
      const id = `work ${used.cluster} ${used.workId}`;
      further.push(withUsage({ ...base, id, kind: 'attempt' }, used));
    } else if (used.answered) main = withUsage(main, used);
    else further.push(withUsage({ ...base, id: `${record.requestId}.${further.length + 1}`, kind: 'attempt' }, used));
  }
  return [main, ...further];
}
