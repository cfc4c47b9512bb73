import type { FoundEndpoint } from '../snapshot/compile-cluster.ts';

/** Where the endpoints of one dynamic cluster come from. It only looks: when, and what becomes of it, is its follower's. */
export interface EndpointSource {
  /** Finds the endpoints as they are now. Rejects with an Error that says, for people, why that cannot be told. */
  find(): Promise<readonly FoundEndpoint[]>;
  /** How often to look without being told to, in milliseconds; undefined: only when `watch` tells. */
  readonly refreshMs: number | undefined;
  /** Calls back whenever a look is worth while; returns what ends that. Absent: only the clock tells. */
  watch?(onNotice: () => void): () => void;
}
