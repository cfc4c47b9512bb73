import {
  noTokens,
  noUnits,
  type PriceSource,
  type UsageRecord,
  type UsageTokens,
  type UsageUnits,
} from '../stores/ledger/usage-record.ts';
import type { AttemptUsage, ExchangeRecord } from '../telemetry/exchange-record.ts';

// Lines wait for the ledger by the thousand: what they have in common is one object.
const NO_TOKENS: UsageTokens = noTokens();
const NO_UNITS: UsageUnits = noUnits();
const NO_TAGS: Readonly<Record<string, string>> = {};

const SOURCES: Readonly<Record<NonNullable<AttemptUsage['priceOrigin']>, PriceSource>> = {
  bundled: 'table',
  configured: 'config',
};

function unitsOf({ units }: AttemptUsage): UsageUnits {
  if (units === undefined) return NO_UNITS;
  return {
    images: units.images ?? 0,
    seconds: (units.audioSeconds ?? 0) + (units.videoSeconds ?? 0),
    characters: units.characters ?? 0,
    searchUnits: units.searches ?? 0,
  };
}

/** Tokens by class alone: what a provider printed as their total is left out. */
function tokensOf({ usage }: AttemptUsage): UsageTokens {
  if (usage.reportedTotal === undefined) return usage;
  return {
    input: usage.input,
    cacheRead: usage.cacheRead,
    cacheWrite: usage.cacheWrite,
    cacheWrite1h: usage.cacheWrite1h,
    output: usage.output,
    reasoning: usage.reasoning,
    inputAudio: usage.inputAudio,
    outputAudio: usage.outputAudio,
    inputImage: usage.inputImage,
    outputImage: usage.outputImage,
  };
}

/** A price that has none for what was used is as good as no price. */
function priceOf({ nanoUsd, priceOrigin }: AttemptUsage): PriceSource {
  return nanoUsd === undefined || priceOrigin === undefined ? 'unknown' : SOURCES[priceOrigin];
}

/** One line. Without `used` nothing was used, and there is nothing whose price would have to be known. */
function toLine(
  record: ExchangeRecord,
  { id, kind }: Pick<UsageRecord, 'id' | 'kind'>,
  used: AttemptUsage | undefined,
): UsageRecord {
  // Written out: every request makes one, and an object that is spread into another is ten times as large.
  return {
    id,
    kind,
    requestId: record.requestId,
    timeMs: record.startTimeMs,
    service: record.virtualService ?? '',
    route: record.route ?? '',
    cluster: used?.cluster ?? record.cluster ?? '',
    provider: used?.provider ?? record.providerKind ?? '',
    requestedModel: record.originalModel,
    sentModel: used?.model ?? record.requestModel,
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
    tokens: used === undefined ? NO_TOKENS : tokensOf(used),
    units: used === undefined ? NO_UNITS : unitsOf(used),
    costNanoUsd: used === undefined ? 0 : (used.nanoUsd ?? null),
    priced: used === undefined ? 'table' : priceOf(used),
    estimated: used?.estimated ?? false,
    tags: record.labels ?? NO_TAGS,
  };
}

/**
 * The lines of the ledger for one exchange: one for the request with what the attempt that answered has cost, and one for each
 * further provider request that cost something. Work that went on apart from the exchange has a line named for it, which the
 * ledger takes once however often it is looked at.
 */
export function toUsageRecords(record: ExchangeRecord): UsageRecord[] {
  let answered: AttemptUsage | undefined;
  const further: UsageRecord[] = [];
  for (const used of record.accounted) {
    if (used.workId !== undefined) {
      further.push(toLine(record, { id: `work ${used.cluster} ${used.workId}`, kind: 'attempt' }, used));
    } else if (used.answered) answered = used;
    else further.push(toLine(record, { id: `${record.requestId}.${further.length + 1}`, kind: 'attempt' }, used));
  }
  const main = toLine(record, { id: record.requestId, kind: 'request' }, answered);
  return further.length === 0 ? [main] : [main, ...further];
}
