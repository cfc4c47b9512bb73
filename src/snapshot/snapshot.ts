import type { FieldEdit } from '../json/splice.ts';
import type { ProviderDescriptor } from '../providers/provider.ts';
import type { RouteTable } from '../routing/route-table.ts';
import type { StaticClusterConfig } from './config-types.ts';

/**
 * The configuration in the form requests use: frozen, every name resolved, every pattern compiled. A new
 * configuration makes a new snapshot; requests in flight keep the one they started with.
 */
export interface Snapshot {
  /** Counts applied configurations from 1. */
  readonly revision: number;
  /** SHA-256 of the configuration, hexadecimal. */
  readonly hash: string;
  readonly services: readonly Service[];
  /** The service for a host name (lower case, without port) on a listener; undefined when no domain fits. */
  serviceFor(host: string, listener: string): Service | undefined;
  readonly clusters: readonly Cluster[];
  /** Every target of every route, by `target.index`. */
  readonly targets: readonly Target[];
  /** Every route, by `route.index`. */
  readonly routes: readonly Route[];
  readonly limits: Limits;
  /** Client headers that may be forwarded, lower case; undefined: all but the forbidden ones. */
  readonly forwardHeaders: ReadonlySet<string> | undefined;
}

/** Bounds on what clients send. */
export interface Limits {
  maxBodyBytes: number;
  maxHeaderBytes: number;
  requestReceivedTimeoutMs: number;
  drainTimeoutMs: number;
  /** Output tokens reserved for a request that sets no bound itself. */
  assumedOutputTokens: number;
}

/** A tenant's front door. */
export interface Service {
  /** Place among the services of the snapshot. */
  readonly index: number;
  readonly name: string;
  readonly routes: RouteTable<Route>;
  /** Custom paths and the standard path each stands for. */
  readonly endpoints: ReadonlyMap<string, string>;
  /** Routes by cluster name for `cluster/model` addressing; only clusters that the service's own routes name. */
  readonly addressable: ReadonlyMap<string, Route>;
  /** The models that routes name exactly, in order: the fixed part of what `GET /v1/models` answers. */
  readonly models: readonly ListedModel[];
  /** Names of the clusters behind routes that take models by pattern: their own lists are the rest. */
  readonly openClusters: ReadonlySet<string>;
}

/** A model as the models endpoint lists it. */
export interface ListedModel {
  id: string;
  ownedBy: string;
  /** Unix seconds. */
  created: number;
}

/** One rule: where requests that match go. */
export interface Route {
  /** Place among all routes of the snapshot, those of `cluster/model` addressing included. */
  readonly index: number;
  readonly name: string;
  readonly service: string;
  /** Targets of all priorities. */
  readonly targets: readonly Target[];
  /** Indexes into `targets`, ascending priority. */
  readonly tiers: readonly (readonly number[])[];
  /** What decides for good which target of a split a caller gets; undefined: callers take turns. */
  readonly splitBy: StickySource | undefined;
  readonly balance: BalancePolicy;
  readonly mirrors: readonly Mirror[];
  readonly hedge: HedgePolicy | undefined;
  readonly retry: RetryPolicy;
  readonly timeouts: Timeouts;
  /** Whether the route takes any model, so that `cluster/model` addressing may go before it. */
  readonly catchAll: boolean;
}

/** When another attempt is made. */
export interface RetryPolicy {
  /** Attempts in all; undefined tries every target once. */
  readonly attempts: number | undefined;
  /** Attempts at one priority before the next is tried; undefined: as many as it has targets. */
  readonly attemptsPerPriority: number | undefined;
  readonly onStatus: ReadonlySet<number>;
  readonly onConnect: boolean;
  readonly onReset: boolean;
  readonly onTimeout: boolean;
  /** Whether a request that is too long for one model may go to another. */
  readonly onContextLength: boolean;
  /** Whether a request that one provider refuses by its policy may go to another. */
  readonly onContentPolicy: boolean;
  /** 0: no bound. */
  readonly perTryTimeoutMs: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Longest `retry-after` that is waited for. */
  readonly maxRetryAfterMs: number;
  /** Bound of all retries of the route; undefined: none. */
  readonly budget: RetryBudgetPolicy | undefined;
}

/** Retries as a share of the requests. */
export interface RetryBudgetPolicy {
  readonly percent: number;
  readonly minPerSecond: number;
}

/** What a request is bound to a target by. */
export type StickySource = 'key' | 'user' | 'team' | 'organization' | 'end_user' | 'ip' | { readonly header: string };

/** How a target is chosen among those of one priority. */
export type BalancePolicy =
  | { readonly strategy: 'weighted' | 'auto' | 'least_requests' | 'latency' | 'cost' | 'headroom' }
  | {
      readonly strategy: 'affinity';
      /** Header with a session id; undefined: the beginning of the prompt. */
      readonly header: string | undefined;
      /** Load over the even share at which requests spill to the next target. */
      readonly maxLoad: number;
      readonly ttlMs: number;
    };

/** When a second attempt competes with a slow first one. */
export interface HedgePolicy {
  /** Undefined: the 95th percentile of the time to first token of late. */
  readonly afterMs: number | undefined;
  readonly minDelayMs: number;
}

/** Where copies of requests go. */
export interface Mirror {
  readonly target: Target;
  /** 0 to 1. */
  readonly share: number;
}

/** Bounds in time, milliseconds; 0 is none. */
export interface Timeouts {
  /** The whole exchange, all attempts and the whole answer. */
  readonly requestMs: number;
  /** Until a provider's answer begins. */
  readonly headMs: number;
  /** The same for streams. */
  readonly firstTokenMs: number;
  /** Between two pieces of an answer. */
  readonly idleMs: number;
}

/** One way to serve a route. */
export interface Target {
  /** Place among all targets of the snapshot. */
  readonly index: number;
  readonly cluster: Cluster;
  /** Model name to send; undefined: the client's. */
  readonly model: string | undefined;
  readonly weight: number;
  readonly headers: HeaderMutation;
  readonly bodyEdits: readonly FieldEdit[];
}

/** Changes to the headers of a provider request, names in lower case. */
export interface HeaderMutation {
  readonly remove: ReadonlySet<string>;
  /** Names and values in turn. */
  readonly set: readonly string[];
}

/** A provider endpoint with all that requests to it need. */
export interface Cluster {
  readonly index: number;
  readonly name: string;
  readonly provider: ProviderDescriptor;
  /** Equal endpoints, used in turn; none yet of a cluster whose endpoints are found at run time. */
  readonly endpoints: readonly ClusterEndpoint[];
  /** Where the endpoints of a dynamic cluster come from; undefined: they are known. */
  readonly discovery: DiscoverySpec | undefined;
  readonly apiVersion: string;
  readonly region: string;
  readonly project: string;
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
  readonly defaultMaxOutputTokens: number;
  /** Connection settings, credential and the rest as configured. */
  readonly config: StaticClusterConfig;
}

/** Where the endpoints of a dynamic cluster come from. */
export type DiscoverySpec =
  /** Every address of the host of a base URL, resolved again and again. */
  | { readonly kind: 'dns'; readonly url: string; readonly refreshMs: number }
  /** A file of base URLs. */
  | { readonly kind: 'file'; readonly path: string; readonly refreshMs: number }
  /** The admin API sets them. */
  | { readonly kind: 'managed' };

/** One address of a name. */
export interface ResolvedAddress {
  /** IPv4 or IPv6, without brackets. */
  readonly address: string;
  /** Address and port, as in a URL: what logs and metrics show. */
  readonly peer: string;
}

/** One base URL, taken apart. */
export interface ClusterEndpoint {
  /** Scheme, host and port. */
  readonly origin: string;
  /** The host header: port only where it is not the scheme's own. */
  readonly host: string;
  readonly hostname: string;
  /** Path before every API path: prefix applied, no trailing slash. */
  readonly basePath: string;
  /** The same without the prefix, for APIs outside it. */
  readonly bareBasePath: string;
  /** Where connections go; absent: wherever the name leads when one is made. `origin` and `host` keep the name. */
  readonly resolved?: ResolvedAddress | undefined;
}

/** What tells the endpoints of a cluster apart: the base URL, with the address in place of a name that was resolved. */
export function endpointName(endpoint: ClusterEndpoint): string {
  const { origin, host, basePath, resolved } = endpoint;
  if (resolved === undefined) return origin + basePath;
  return `${origin.slice(0, origin.length - host.length)}${resolved.peer}${basePath}`;
}
