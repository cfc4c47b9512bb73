import type { JsonObject } from '../../json/types.ts';
import type { CounterName } from '../../stores/counters/counter-name.ts';
import type { CalendarUnit } from './calendar.ts';
import type { CounterNames } from './counter-names.ts';

/** What a limit counts of a request. */
export type LimitMeasure = 'requests' | 'tokens' | 'input_tokens' | 'output_tokens' | 'usd' | 'concurrent' | 'cost';

/** Over what time a limit counts. */
export type LimitWindow =
  /** Any stretch of this length. */
  | { readonly kind: 'window'; readonly windowMs: number }
  /** A bucket that holds `burst` and refills all the time. */
  | { readonly kind: 'bucket'; readonly windowMs: number; readonly burst: number }
  /** A period of the calendar. */
  | { readonly kind: 'period'; readonly unit: CalendarUnit; readonly timeZone: string }
  /** What is in flight. */
  | { readonly kind: 'concurrency' };

/** What limits may know of a request. */
export interface LimitView {
  readonly organization: string | undefined;
  readonly team: string | undefined;
  readonly user: string | undefined;
  /** The caller's key: its id, by which it is counted, and its name. */
  readonly key: string | undefined;
  readonly keyName?: string | undefined;
  /** Names of the counters that are this caller's own, where the caller is known from request to request. */
  readonly counterNames?: CounterNames | undefined;
  readonly endUser: string | undefined;
  readonly claims: JsonObject | undefined;
  /** The model that the client asked for. */
  readonly model: string | undefined;
  /** The model that the attempt asks the provider for; undefined before a target is chosen. */
  readonly sentModel: string | undefined;
  readonly operation: string;
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly service: string;
  readonly route: string;
  /** The cluster of the attempt; empty before one is chosen. */
  readonly cluster: string;
  readonly ip: string;
  /** A header of the request by lower-case name. */
  header(name: string): string | undefined;
}

/** What a request takes of the limits, estimated before and counted after. */
export interface LimitAmounts {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheCreationInputTokens: number;
  readonly reasoningTokens: number;
  /** Billionths of a dollar. */
  readonly nanoUsd: number;
  /** The model that was sent to the provider. */
  readonly sentModel: string;
  /** The cluster that was asked. */
  readonly cluster: string;
  readonly route: string;
}

/** What happens when a budget is used up. */
export interface BudgetActions {
  /** Percent of the limit at which callers are warned, ascending. */
  readonly warnAt: readonly number[];
  /** URL that is told; undefined: none. */
  readonly webhook: string | undefined;
  /** Name of the route that takes the requests then; undefined: they are refused. */
  readonly fallbackRoute: string | undefined;
}

/** Names of the headers that tell of one limit. */
export interface HeaderNames {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

/** The headers that tell of requests, or of tokens: one object for each of these, with the names that the APIs have for them. */
export interface LimitHeaderNames {
  readonly anthropic: HeaderNames;
  readonly openai: HeaderNames;
}

/** A rate limit or budget, ready for requests. */
export interface CompiledLimit {
  /** Begins the counter's key: where the limit stands and what it counts. Stable across reloads. */
  readonly id: string;
  /** For people: headers, messages, logs. */
  readonly name: string;
  readonly measure: LimitMeasure;
  /** In the measure's unit: requests, tokens, billionths of a dollar. */
  readonly limit: number;
  readonly window: LimitWindow;
  /** Each combination of their values has a counter of its own. A request that lacks one is not counted. */
  readonly dimensions: readonly LimitDimension[];
  /** The name of its counter; undefined where it has several. */
  readonly counter: CounterName | undefined;
  /** Whether its dimensions, of which it has some, are all of the caller: each caller has one counter. */
  readonly byCaller: boolean;
  /** Whether a request is counted at all; undefined: every one. */
  readonly matches: ((view: LimitView) => boolean) | undefined;
  /** The amount by an expression over token counts; only with the measure `cost`. */
  readonly cost: ((amounts: LimitAmounts) => number) | undefined;
  /** False: counted and reported, never refused. */
  readonly enforce: boolean;
  /** Whether it needs to know the cluster or the model that is sent: such limits are reserved for each attempt. */
  readonly perAttempt: boolean;
  /** The headers that tell clients of it; undefined: none do. */
  readonly told: LimitHeaderNames | undefined;
  /** Undefined for a rate limit. */
  readonly budget: BudgetActions | undefined;
}

/** One thing by which a limit counts apart. */
export interface LimitDimension {
  readonly name: string;
  /** Undefined when the request does not have it. */
  read(view: LimitView): string | undefined;
}
