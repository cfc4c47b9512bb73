import type { JsonObject } from '../json/types.ts';

/** What a mock server keeps between requests: uploaded files, batches, jobs, stored responses. Lost when it ends. */
export interface MockState {
  files: Map<string, StoredFile>;
  batches: Map<string, JsonObject>;
  fineTuningJobs: Map<string, JsonObject>;
  responses: Map<string, StoredResponse>;
}

/** An uploaded file. */
export interface StoredFile {
  /** The file object as the API shows it. */
  info: JsonObject;
  content: Buffer;
}

/** A stored answer of the responses API. */
export interface StoredResponse {
  response: JsonObject;
  /** The request's input items, oldest first. */
  inputItems: JsonObject[];
}

const MOST_ENTRIES = 1000;

/** An empty state. */
export function createMockState(): MockState {
  return { files: new Map(), batches: new Map(), fineTuningJobs: new Map(), responses: new Map() };
}

/** Keeps `value`; beyond a thousand entries the oldest goes. */
export function remember<T>(entries: Map<string, T>, key: string, value: T): void {
  entries.set(key, value);
  if (entries.size <= MOST_ENTRIES) return;
  const oldest = entries.keys().next().value;
  if (oldest !== undefined) entries.delete(oldest);
}
