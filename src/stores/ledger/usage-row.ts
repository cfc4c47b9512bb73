import type { SqlRow, SqlValue } from '../database/sql-database.ts';
import { boundId, boundText, boundTime, count, tagsText } from './bounds.ts';
import type { UsageSums } from './ledger.ts';
import type { CommonFields, UsageBatch } from './usage-batch.ts';
import { readFigures } from './usage-figures.ts';
import type { UsageRecord, UsageTokens, UsageUnits } from './usage-record.ts';

const MAX_BODY = 1_048_576;

/** The model that was asked of the provider; the one the client named when no provider was asked. */
export function sentTo(record: CommonFields): string {
  return record.sentModel === '' ? record.requestedModel : record.sentModel;
}

/** The values of a record of a batch in the order of USAGE_COLUMNS. */
export function toUsageRow(batch: UsageBatch, index: number): SqlValue[] {
  const figures = readFigures(batch, index);
  const { common } = figures;
  return [
    boundId(batch.idAt(index)),
    common.kind,
    boundId(batch.requestIdAt(index)),
    figures.timeMs,
    boundText(common.service),
    boundText(common.route),
    boundText(common.cluster),
    boundText(common.provider),
    boundText(sentTo(common)),
    boundText(common.requestedModel),
    boundText(common.organization),
    boundText(common.team),
    boundText(common.user),
    boundText(common.keyId),
    boundText(common.operation),
    count(common.status),
    boundText(common.sentModel),
    boundText(common.answeredModel),
    boundText(common.keyName),
    figures.endUser,
    boundText(common.clientDialect),
    common.stream ? 1 : 0,
    boundText(common.errorCode),
    count(common.attempts),
    figures.durationMs,
    figures.firstTokenMs,
    ...figures.counts,
    figures.costNanoUsd,
    common.priced,
    figures.estimated ? 1 : 0,
    tagsText(common.tags),
  ];
}

/** The values for `aigw_usage_body`: id, time, request, response. */
export function toBodyRow(record: UsageRecord): SqlValue[] {
  const cut = (text: string | null | undefined) =>
    text === null || text === undefined ? null : boundText(text, MAX_BODY);
  return [boundId(record.id), boundTime(record.timeMs), cut(record.bodies?.request), cut(record.bodies?.response)];
}

/** The record of a row of `aigw_usage`, without bodies. */
export function fromUsageRow(row: SqlRow): UsageRecord {
  const text = (name: string) => String(row[name] ?? '');
  const number = (name: string) => Number(row[name] ?? 0);
  const optional = (name: string) => (row[name] === null ? null : number(name));
  return {
    id: text('id'),
    kind: text('kind') === 'attempt' ? 'attempt' : 'request',
    requestId: text('request_id'),
    timeMs: number('time_ms'),
    service: text('service'),
    route: text('route'),
    cluster: text('cluster'),
    provider: text('provider'),
    requestedModel: text('requested_model'),
    sentModel: text('sent_model'),
    answeredModel: text('answered_model'),
    organization: text('organization'),
    team: text('team'),
    user: text('user_name'),
    keyId: text('key_id'),
    keyName: text('key_name'),
    endUser: text('end_user'),
    operation: text('operation'),
    clientDialect: text('client_dialect'),
    stream: number('stream') === 1,
    status: number('status'),
    errorCode: text('error_code'),
    attempts: number('attempts'),
    durationMs: number('duration_ms'),
    timeToFirstTokenMs: optional('first_token_ms'),
    tokens: tokensOf(row),
    units: unitsOf(row),
    costNanoUsd: optional('cost_nano_usd'),
    priced: row['priced'] === 'table' || row['priced'] === 'config' ? row['priced'] : 'unknown',
    estimated: number('estimated') === 1,
    tags: JSON.parse(text('tags')) as Record<string, string>,
  };
}

/** The sums of a row that has the columns of ROLLUP_SUMS. */
export function sumsOf(row: SqlRow): UsageSums {
  const number = (name: string) => Number(row[name] ?? 0);
  return {
    requests: number('requests'),
    errors: number('errors'),
    attempts: number('attempts'),
    durationMs: number('duration_ms'),
    timeToFirstTokenMs: number('first_token_ms'),
    firstTokens: number('first_tokens'),
    tokens: tokensOf(row),
    units: unitsOf(row),
    costNanoUsd: number('cost_nano_usd'),
    unpriced: number('unpriced'),
    estimated: number('estimated'),
  };
}

function tokensOf(row: SqlRow): UsageTokens {
  return {
    input: Number(row['input'] ?? 0),
    cacheRead: Number(row['cache_read'] ?? 0),
    cacheWrite: Number(row['cache_write'] ?? 0),
    cacheWrite1h: Number(row['cache_write_1h'] ?? 0),
    output: Number(row['output'] ?? 0),
    reasoning: Number(row['reasoning'] ?? 0),
    inputAudio: Number(row['input_audio'] ?? 0),
    outputAudio: Number(row['output_audio'] ?? 0),
    inputImage: Number(row['input_image'] ?? 0),
    outputImage: Number(row['output_image'] ?? 0),
  };
}

function unitsOf(row: SqlRow): UsageUnits {
  return {
    images: Number(row['images'] ?? 0),
    seconds: Number(row['seconds'] ?? 0),
    characters: Number(row['characters'] ?? 0),
    searchUnits: Number(row['search_units'] ?? 0),
  };
}
