import { createHash } from 'node:crypto';
import type { SqlRow, SqlValue } from '../database/sql-database.ts';
import type { UsageSums } from './ledger.ts';
import type { UsageRecord, UsageTokens, UsageUnits } from './usage-record.ts';

const MAX_ID = 128;
const MAX_TEXT = 256;
const MAX_TAGS = 32;
const MAX_TAG_NAME = 64;
const MAX_BODY = 1_048_576;
// Far beyond any request, and small enough that sums over years stay within 64 bits.
const MAX_COUNT = 1e12;
const MAX_COST = 1e15;
const COUNTS_OF_A_RECORD = 14;
const NO_TAGS = '{}';

/** The tokens and units of a record within bounds, in the order of their columns: `input` to `search_units`. */
function usageCounts({ tokens, units }: UsageRecord): number[] {
  return [
    count(tokens.input),
    count(tokens.cacheRead),
    count(tokens.cacheWrite),
    count(tokens.cacheWrite1h),
    count(tokens.output),
    count(tokens.reasoning),
    count(tokens.inputAudio),
    count(tokens.outputAudio),
    count(tokens.inputImage),
    count(tokens.outputImage),
    count(units.images),
    amount(units.seconds),
    count(units.characters),
    amount(units.searchUnits),
  ];
}

/** Whether a record is marked as estimated: it says so itself, or one of its counts had to be bounded. */
function isEstimated(record: UsageRecord, counts: readonly number[]): boolean {
  return record.estimated || !sameCounts(counts, record);
}

/** A cost within bounds. */
export function boundCost(costNanoUsd: number): number {
  return count(costNanoUsd, MAX_COST);
}

/** A time in whole milliseconds. */
export function boundTime(timeMs: number): number {
  return count(timeMs, Number.MAX_SAFE_INTEGER);
}

/** The model that was asked of the provider; the one the client named when no provider was asked. */
export function sentTo(record: Pick<UsageRecord, 'sentModel' | 'requestedModel'>): string {
  return record.sentModel === '' ? record.requestedModel : record.sentModel;
}

/** The values of a record in the order of USAGE_COLUMNS. Counts out of bounds are clamped and the row marked estimated. */
export function toUsageRow(record: UsageRecord): SqlValue[] {
  const id = boundId(record.id);
  const counts = usageCounts(record);
  return [
    id,
    record.kind,
    record.requestId === record.id ? id : boundId(record.requestId),
    boundTime(record.timeMs),
    boundText(record.service),
    boundText(record.route),
    boundText(record.cluster),
    boundText(record.provider),
    boundText(sentTo(record)),
    boundText(record.requestedModel),
    boundText(record.organization),
    boundText(record.team),
    boundText(record.user),
    boundText(record.keyId),
    boundText(record.operation),
    count(record.status),
    boundText(record.sentModel),
    boundText(record.answeredModel),
    boundText(record.keyName),
    boundText(record.endUser),
    boundText(record.clientDialect),
    record.stream ? 1 : 0,
    boundText(record.errorCode),
    count(record.attempts),
    count(record.durationMs),
    record.timeToFirstTokenMs === null ? null : count(record.timeToFirstTokenMs),
    ...counts,
    record.costNanoUsd === null ? null : boundCost(record.costNanoUsd),
    record.priced,
    isEstimated(record, counts) ? 1 : 0,
    tagsText(record.tags),
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

/** A text cut to the most that is kept. */
export function boundText(text: string, max = MAX_TEXT): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

/** An id as it is kept: ids must stay apart even when they are too long. */
export function boundId(id: string): string {
  return id.length <= MAX_ID ? id : `sha256:${createHash('sha256').update(id).digest('hex')}`;
}

/** A whole number within bounds; what is below zero or no number counts as zero. */
export function count(value: number, max = MAX_COUNT): number {
  return Math.round(amount(value, max));
}

/** A number within bounds; what is below zero or no number counts as zero. */
export function amount(value: number, max = MAX_COUNT): number {
  // The comparison is false for NaN too.
  return value > 0 ? Math.min(value, max) : 0;
}

/** Whether all counts of a record, added up, were kept: a fraction of a token that was rounded away does not matter. */
export function isSameSum(given: number, kept: number): boolean {
  return Math.abs(given - kept) <= COUNTS_OF_A_RECORD;
}

/** Whether no count had to be bounded. */
function sameCounts(counts: readonly number[], { tokens, units }: UsageRecord): boolean {
  const { input, cacheRead, cacheWrite, cacheWrite1h, output, reasoning } = tokens;
  const { inputAudio, outputAudio, inputImage, outputImage } = tokens;
  const given =
    input +
    cacheRead +
    cacheWrite +
    cacheWrite1h +
    output +
    reasoning +
    inputAudio +
    outputAudio +
    inputImage +
    outputImage;
  const all = given + units.images + units.seconds + units.characters + units.searchUnits;
  let kept = 0;
  for (const value of counts) kept += value;
  return isSameSum(all, kept);
}

/** Tags as JSON text, as many and as much of each as is kept. */
export function tagsText(tags: Readonly<Record<string, string>>): string {
  const names = Object.keys(tags);
  if (names.length === 0) return NO_TAGS;
  const kept = names.slice(0, MAX_TAGS).map((name) => [boundText(name, MAX_TAG_NAME), boundText(String(tags[name]))]);
  return JSON.stringify(Object.fromEntries(kept));
}
