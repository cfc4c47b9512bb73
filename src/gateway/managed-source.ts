import type { EndpointSource } from './endpoint-source.ts';

/** Endpoints that are set by hand. */
export interface ManagedSource extends EndpointSource {
  readonly urls: readonly string[];
  /** They must be valid base URLs. The follower has to be told to look. */
  set(urls: readonly string[]): void;
}

/** Makes a source without endpoints. */
export function createManagedSource(): ManagedSource {
  let urls: readonly string[] = [];
  return {
    refreshMs: undefined,
    find: async () => urls.map((url) => ({ url })),
    get urls() {
      return urls;
    },
    set(next) {
      urls = next;
    },
  };
}
