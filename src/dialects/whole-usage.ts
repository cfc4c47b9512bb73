import type { JsonObject } from '../json/types.ts';
import type { ObservedAnswer, StreamObserver, UsageDialect } from './dialect.ts';

/** Nothing streams here: what comes is taken for whole. */
const NO_STREAM: StreamObserver = { frame() {}, usage: undefined, model: undefined, complete: true, error: undefined };

/** Makes the usage reader of an API without streams. `fields` are the top-level fields that `read` wants. */
export function wholeUsage(fields: readonly string[], read: (fields: JsonObject) => ObservedAnswer): UsageDialect {
  return { fields, read, createStreamObserver: () => NO_STREAM };
}
