/** How an exchange ended. `client-gone`: the client closed before the whole answer was out. */
export type Outcome = 'open' | 'answered' | 'client-gone' | 'faulted';

/** One request as it arrived. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as UTF-8 text, cut at `recordBodyBytes`. */
  readonly body: string;
  /** The body's whole length. */
  readonly bodyBytes: number;
  /** Milliseconds since the epoch at which the whole request was here. */
  readonly receivedAt: number;
  /** How the exchange stands. */
  readonly outcome: Outcome;
  /** Resolves with the outcome once the exchange has ended. */
  readonly settled: Promise<Outcome>;
}

/** Counts since the start. */
export interface MockStats {
  requests: number;
  /** Exchanges not ended yet. */
  open: number;
  /** Most exchanges at one time. */
  peakOpen: number;
  /** Exchanges the client left before the whole answer was out. */
  clientGone: number;
  /** Answers by HTTP status. */
  byStatus: Record<string, number>;
  /** Injected faults by kind. */
  faults: Record<string, number>;
  inputTokens: number;
  outputTokens: number;
}

/** Keeps the last requests and counts all of them. */
export interface Recorder {
  readonly requests: readonly RecordedRequest[];
  readonly stats: MockStats;
  /** A request is here. Returns what to call, once, with the outcome. */
  begin(
    request: Omit<RecordedRequest, 'body' | 'bodyBytes' | 'outcome' | 'settled'>,
    body: Buffer,
  ): (end: Outcome) => void;
  clear(): void;
}

/** A recorder of the last `limit` requests, each body cut at `bodyBytes` bytes. */
export function createRecorder(limit: number, bodyBytes: number): Recorder {
  const requests: RecordedRequest[] = [];
  const stats = emptyStats();
  return {
    requests,
    stats,
    begin(request, body) {
      stats.requests += 1;
      stats.open += 1;
      stats.peakOpen = Math.max(stats.peakOpen, stats.open);
      let settle: (outcome: Outcome) => void = () => {};
      const settled = new Promise<Outcome>((resolve) => {
        settle = resolve;
      });
      let entry: (RecordedRequest & { outcome: Outcome }) | undefined;
      if (limit > 0) {
        entry = {
          ...request,
          body: body.toString('utf8', 0, Math.min(body.length, bodyBytes)),
          bodyBytes: body.length,
          outcome: 'open',
          settled,
        };
        if (requests.length >= limit) requests.shift();
        requests.push(entry);
      }
      return (outcome) => {
        stats.open -= 1;
        if (outcome === 'client-gone') stats.clientGone += 1;
        if (entry !== undefined) entry.outcome = outcome;
        settle(outcome);
      };
    },
    clear() {
      requests.length = 0;
      Object.assign(stats, { ...emptyStats(), open: stats.open, peakOpen: stats.open });
    },
  };
}

function emptyStats(): MockStats {
  return {
    requests: 0,
    open: 0,
    peakOpen: 0,
    clientGone: 0,
    byStatus: {},
    faults: {},
    inputTokens: 0,
    outputTokens: 0,
  };
}
