import { tagsText } from './bounds.ts';
import type { CommonFields, UsageRecords } from './usage-batch.ts';
import { UsageBatch } from './usage-batch.ts';
import type { UsageRecord } from './usage-record.ts';

/** What is remembered; beyond it all is forgotten, which costs a few objects and rows more, and no more than that. */
const MAX_REMEMBERED = 10_000;
/** Longest names of models of what is remembered: it must be small, whatever clients and providers send. */
const MAX_MODEL = 256;

/** Compares what the caller's key and the model asked for leave open, what differs most often first. */
function isAlike(common: CommonFields, record: UsageRecord): boolean {
  return (
    common.status === record.status &&
    common.cluster === record.cluster &&
    common.route === record.route &&
    common.sentModel === record.sentModel &&
    common.answeredModel === record.answeredModel &&
    common.operation === record.operation &&
    common.clientDialect === record.clientDialect &&
    common.stream === record.stream &&
    common.attempts === record.attempts &&
    common.errorCode === record.errorCode &&
    common.kind === record.kind &&
    common.priced === record.priced &&
    common.estimated === record.estimated &&
    common.provider === record.provider &&
    common.service === record.service &&
    common.organization === record.organization &&
    common.team === record.team &&
    common.user === record.user &&
    common.keyName === record.keyName &&
    (common.tags === record.tags || tagsText(common.tags) === tagsText(record.tags))
  );
}

function commonOf(record: UsageRecord): CommonFields {
  return {
    kind: record.kind,
    service: record.service,
    route: record.route,
    cluster: record.cluster,
    provider: record.provider,
    requestedModel: record.requestedModel,
    sentModel: record.sentModel,
    answeredModel: record.answeredModel,
    organization: record.organization,
    team: record.team,
    user: record.user,
    keyId: record.keyId,
    keyName: record.keyName,
    operation: record.operation,
    clientDialect: record.clientDialect,
    stream: record.stream,
    status: record.status,
    errorCode: record.errorCode,
    attempts: record.attempts,
    priced: record.priced,
    estimated: record.estimated,
    tags: record.tags,
  };
}

/**
 * Finds what records have in common again, by caller and model and then by looking: a busy gateway has few such objects, and
 * texts that are alike are mostly the same object.
 */
export class CommonPool {
  #size = 0;
  #byKey = new Map<string, Map<string, CommonFields[]>>();

  /** What a record shares with others: the same object for records alike, as long as it is remembered. */
  of(record: UsageRecord): CommonFields {
    const alike = this.#byKey.get(record.keyId)?.get(record.requestedModel);
    if (alike !== undefined) {
      for (const common of alike) if (isAlike(common, record)) return common;
    }
    const common = commonOf(record);
    this.#remember(common, alike);
    return common;
  }

  /** Records in compact form. */
  pack(records: UsageRecords): UsageBatch {
    if (records instanceof UsageBatch) return records;
    const batch = new UsageBatch();
    for (const record of records) batch.add(record, this.of(record));
    return batch;
  }

  #remember(common: CommonFields, alike: CommonFields[] | undefined): void {
    const { keyId, requestedModel, answeredModel } = common;
    if (requestedModel.length > MAX_MODEL || answeredModel.length > MAX_MODEL) return;
    if (this.#size >= MAX_REMEMBERED) {
      this.#size = 0;
      this.#byKey = new Map();
      alike = undefined;
    }
    this.#size++;
    if (alike !== undefined) {
      alike.push(common);
      return;
    }
    const byModel = this.#byKey.get(keyId);
    if (byModel === undefined) this.#byKey.set(keyId, new Map([[requestedModel, [common]]]));
    else byModel.set(requestedModel, [common]);
  }
}
