import { usdText } from '../money.ts';
import { isoTime, isoTimeOrNull } from '../time-text.ts';
import type { UsageDimension, UsagePage, UsageRecord, UsageSums, UsageTokens, UsageUnits } from './usage-port.ts';
import type { ShownRecordPage, ShownUsagePage } from './usage-schemas.ts';

/** A page of a report as the API shows it. */
export function showUsagePage(page: UsagePage, by: readonly UsageDimension[]): ShownUsagePage {
  return {
    from: isoTimeOrNull(page.fromMs),
    to: isoTimeOrNull(page.toMs),
    by: [...by],
    groups: page.groups.map(({ group, sums }) => ({ group: { ...group }, ...showSums(sums) })),
    next: page.next ?? null,
  };
}

/** A page of records as the API shows it. */
export function showRecords(records: readonly UsageRecord[], next: string | undefined): ShownRecordPage {
  return { records: records.map(showRecord), next: next ?? null };
}

function showRecord(record: UsageRecord): ShownRecordPage['records'][number] {
  return {
    id: record.id,
    kind: record.kind,
    request_id: record.requestId,
    time: isoTime(record.timeMs),
    service: record.service,
    route: record.route,
    cluster: record.cluster,
    provider: record.provider,
    requested_model: record.requestedModel,
    sent_model: record.sentModel,
    answered_model: record.answeredModel,
    organization: record.organization,
    team: record.team,
    user: record.user,
    key_id: record.keyId,
    key_name: record.keyName,
    end_user: record.endUser,
    operation: record.operation,
    client_dialect: record.clientDialect,
    stream: record.stream,
    status: record.status,
    error_code: record.errorCode,
    attempts: record.attempts,
    duration_ms: record.durationMs,
    first_token_ms: record.timeToFirstTokenMs,
    tokens: showTokens(record.tokens),
    units: showUnits(record.units),
    cost_usd: record.costNanoUsd === null ? null : usdText(record.costNanoUsd),
    priced: record.priced,
    estimated: record.estimated,
    tags: { ...record.tags },
  };
}

function showSums(sums: UsageSums) {
  return {
    requests: sums.requests,
    errors: sums.errors,
    attempts: sums.attempts,
    duration_ms: sums.durationMs,
    first_token_ms: sums.timeToFirstTokenMs,
    first_tokens: sums.firstTokens,
    tokens: showTokens(sums.tokens),
    units: showUnits(sums.units),
    cost_usd: usdText(sums.costNanoUsd),
    unpriced: sums.unpriced,
    estimated: sums.estimated,
  };
}

function showTokens(tokens: UsageTokens) {
  return {
    input: tokens.input,
    cache_read: tokens.cacheRead,
    cache_write: tokens.cacheWrite,
    cache_write_1h: tokens.cacheWrite1h,
    output: tokens.output,
    reasoning: tokens.reasoning,
    input_audio: tokens.inputAudio,
    output_audio: tokens.outputAudio,
    input_image: tokens.inputImage,
    output_image: tokens.outputImage,
    total: tokens.input + tokens.cacheRead + tokens.cacheWrite + tokens.cacheWrite1h + tokens.output,
  };
}

function showUnits({ images, seconds, characters, searchUnits }: UsageUnits) {
  return { images, seconds, characters, search_units: searchUnits };
}
