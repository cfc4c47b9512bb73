import type { StreamObserver } from '../../dialects/dialect.ts';
import type { Usage } from '../../dialects/neutral/usage.ts';
import type { LoadTicket } from '../../routing/balance/load-stats.ts';
import type { Target } from '../../snapshot/snapshot.ts';
import type { AttemptResult } from '../../telemetry/metric-families.ts';
import type { ChosenBinding } from '../binding.ts';
import type { BoundCluster, Lane, LiveTarget } from '../live.ts';
import type { ExchangeState, HeldLimits } from '../state.ts';

/** One try to have a request answered by a target: what is known of it, apart from any other try of the same request. */
export class Attempt {
  readonly state: ExchangeState;
  readonly target: Target;
  readonly live: LiveTarget;
  readonly cluster: BoundCluster;
  readonly lane: Lane;
  readonly chosen: ChosenBinding;
  /** `address:port` of the provider; empty before the request is built. */
  upstreamHost = '';
  /** Status of the provider's answer; 0 before there is one. */
  upstreamStatus = 0;
  /** By the monotonic clock; 0 before the request is sent. */
  startedMonotonic = 0;
  /** When the first content of the answer came; 0 before. */
  firstContentMonotonic = 0;
  /** Reads along in a stream that passes through. */
  observer: StreamObserver | undefined = undefined;
  usage: Usage | undefined = undefined;
  /** The model that the provider says has answered. */
  responseModel: string | undefined = undefined;
  /** What the provider said went wrong, for the log. */
  errorDetail: string | undefined = undefined;
  /** How it ended; undefined while it has not. */
  result: AttemptResult | undefined = undefined;
  /** What was known of usage when the content began: what comes later is the provider's count so far. */
  usageBeforeContent: Usage | undefined = undefined;
  /** Events with content that came, and the length of their text as far as it was read. */
  contentEvents = 0;
  contentLength = 0;
  /** The service tier that the provider says it used. */
  serviceTier: string | undefined = undefined;
  /** What the attempt has reserved of limits that go by the cluster. */
  held: HeldLimits | undefined = undefined;
  /** Ends the provider request in flight. */
  abort: (() => void) | undefined = undefined;

  /** Whether another attempt answered first: nothing of this one may reach the client. */
  lost = false;
  /** Whether it ended for want of a client that reads, which says nothing about the provider. */
  clientStalled = false;
  /** Until when the provider asked to be left alone, by the monotonic clock; 0: it did not. */
  retryAtMonotonic = 0;
  /** Set while the attempt counts in the health and the figures of its target and lane. */
  begun = false;
  targetTicket = 0;
  laneTicket = 0;
  targetLoad: LoadTicket | undefined = undefined;
  laneLoad: LoadTicket | undefined = undefined;

  constructor(
    state: ExchangeState,
    way: { live: LiveTarget; cluster: BoundCluster; lane: Lane; chosen: ChosenBinding },
  ) {
    this.state = state;
    this.live = way.live;
    this.target = way.live.target;
    this.cluster = way.cluster;
    this.lane = way.lane;
    this.chosen = way.chosen;
  }

  /** Whether the provider has counted since the content began. */
  get usageFinal(): boolean {
    const known = this.usage ?? this.observer?.usage;
    return known !== undefined && known !== this.usageBeforeContent;
  }
}
