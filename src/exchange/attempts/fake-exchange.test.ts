import { loadConfig } from '../../config/load.ts';
import type { Credential } from '../../credentials/credential.ts';
import { dialect } from '../../dialects/registry.ts';
import { scanObject } from '../../json/scan.ts';
import { createBalancer } from '../../routing/balance/create-balancer.ts';
import { hash32 } from '../../routing/balance/hash.ts';
import { LoadStats } from '../../routing/balance/load-stats.ts';
import { type BreakerPolicy, CircuitBreaker } from '../../routing/health/circuit-breaker.ts';
import { ConcurrencyLimit } from '../../routing/health/concurrency-limit.ts';
import { EjectionGroup } from '../../routing/health/ejection.ts';
import { JointHealth } from '../../routing/health/health.ts';
import { DEFAULT_KEY_POLICY, KeyHealth } from '../../routing/health/key-health.ts';
import { RetryBudget } from '../../routing/health/retry-budget.ts';
import { compileSnapshot } from '../../snapshot/compile.ts';
import type { Cluster, Target } from '../../snapshot/snapshot.ts';
import type { BoundCluster, BoundSnapshot, Lane, LiveRoute, LiveTarget } from '../live.ts';
import type { ClientRequest, ClientResponse, UpstreamHandler, UpstreamRequest } from '../ports.ts';
import type { ExchangeRuntime } from '../runtime.ts';
import { ExchangeState } from '../state.ts';
import type { Watched } from '../watchdog.ts';
import { AttemptPlan } from './attempt-plan.ts';
import type { AttemptRun } from './make-attempt.ts';
import { runAttempts } from './run-attempts.ts';

/** Breakers of fakes: two failures open them for a second. */
const BREAKER: BreakerPolicy = {
  consecutiveErrors: 2,
  errorRate: undefined,
  openMs: 1000,
  maxOpenMs: 8000,
  halfOpenProbes: 1,
  probeTimeoutMs: 30_000,
  slowStartMs: 0,
};

/** A provider request that waits for what a test makes of it. */
export interface SentRequest {
  readonly request: UpstreamRequest;
  /** Whether the exchange has ended it. */
  aborted: boolean;
  /** Answers with a head and a body. */
  reply(status: number, headers: Record<string, string>, body?: string): void;
  /** Begins an answer. */
  head(status: number, headers: Record<string, string>): void;
  data(text: string): void;
  end(): void;
  fail(kind: 'connect' | 'reset' | 'tls'): void;
}

/** An exchange without sockets, clocks or chance. */
export interface FakeExchange {
  readonly state: ExchangeState;
  readonly run: AttemptRun;
  readonly sent: readonly SentRequest[];
  /** Status, headers and body that the client got so far. */
  readonly client: {
    status: number;
    headers: Record<string, string>;
    body: string;
    ended: boolean;
    destroyed: boolean;
  };
  /** What was counted: attempts, hedges and copies. */
  readonly counts: readonly string[];
  readonly world: FakeWorld;
  cluster(name: string): BoundCluster;
  target(name: string): LiveTarget;
}

/** What several exchanges share: time, chance, clusters. */
export interface FakeWorld {
  nowMs: number;
  random: number;
  /** Moves the clock on; what was to happen by then happens. */
  pass(ms: number): void;
  /** A request; `headers` in lower case. */
  exchange(options?: { route?: string; stream?: boolean; headers?: Record<string, string> }): FakeExchange;
}

/** Lets promises that are settled run on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** Makes the attempts of a request: resolves when they have ended, rejects with what the client has still to be told. */
export function attemptsEnd(run: AttemptRun): Promise<void> {
  return new Promise((resolve, reject) => {
    runAttempts(run, (thrown) => (thrown === undefined ? resolve() : reject(thrown)));
  });
}

const KEY: Credential = {
  forwardsClientCredential: false,
  consumedHeaders: ['x-own-key'],
  apply: () => undefined,
} as unknown as Credential;

function bindCluster(cluster: Cluster): BoundCluster {
  const ejection = new EjectionGroup();
  const keys = cluster.config.api_keys?.length ?? 1;
  const lanes = cluster.endpoints.flatMap((endpoint) =>
    Array.from({ length: keys }, (_, keyIndex): Lane => {
      const breaker = new CircuitBreaker(BREAKER);
      const key = new KeyHealth(DEFAULT_KEY_POLICY);
      return {
        weight: 1,
        hash: hash32(`${endpoint.origin}#${keyIndex}`),
        stats: new LoadStats(),
        health: new JointHealth([breaker, key]),
        limit: undefined,
        endpoint,
        credential: KEY,
        keyIndex,
        breaker,
        key,
        check: undefined,
        use: { active: 0 },
      };
    }),
  );
  const bounds = cluster.config.concurrency;
  return {
    cluster,
    lanes: {
      lanes,
      all: lanes.map((_, index) => index),
      balancer: createBalancer('weighted-round-robin', lanes),
      tracksLoad: false,
    },
    ejection,
    limit: bounds === undefined ? undefined : new ConcurrencyLimit(bounds.requests, bounds.queue),
    prices: { find: () => undefined },
    modelList: { models: [], until: 0, pending: undefined },
  };
}

function bindTarget(target: Target, cluster: BoundCluster): LiveTarget {
  const breaker = new CircuitBreaker(BREAKER);
  return {
    target,
    breaker,
    stats: new LoadStats(),
    weight: target.weight,
    hash: hash32(target.cluster.name),
    health: breaker,
    limit: cluster.limit,
  };
}

function bind(text: string): BoundSnapshot {
  const { config, hash } = loadConfig([{ file: 'test.yaml', text }], {
    env: {},
    readText: () => '',
    homeDirectory: '/nonexistent',
  });
  const snapshot = compileSnapshot(config, { revision: 1, hash });
  const clusters = snapshot.clusters.map(bindCluster);
  const targets = snapshot.targets.map((target) => bindTarget(target, clusters[target.cluster.index] as BoundCluster));
  const routes = snapshot.routes.map((route) => {
    const { budget } = route.retry;
    return {
      route,
      tiers: route.tiers.map((tier) => {
        const members = tier.map((index) => targets[route.targets[index]?.index ?? -1] as LiveTarget);
        return {
          targets: members,
          all: members.map((_, index) => index),
          balancer: createBalancer('weighted-round-robin', members),
        };
      }),
      retryBudget:
        budget === undefined
          ? undefined
          : new RetryBudget({ percent: budget.percent, minRetriesPerSecond: budget.minPerSecond, windowMs: 10_000 }),
      tracksLoad: true,
    };
  });
  return { snapshot, clusters, targets, routes } as unknown as BoundSnapshot;
}

/** A world with the clusters and routes of a gateway file. Call it with the timers of `setTimeout` mocked to have waits pass. */
export function fakeWorld(text: string, tick: (ms: number) => void = () => undefined): FakeWorld {
  const bound = bind(text);
  const watched = new Set<Watched>();
  const world: FakeWorld = {
    nowMs: 1000,
    random: 0.5,
    pass(ms) {
      world.nowMs += ms;
      for (const entry of [...watched]) {
        if (entry.deadline > world.nowMs || !watched.delete(entry)) continue;
        entry.watchIndex = -1;
        entry.expire();
      }
      tick(ms);
    },
    exchange({ route = '', stream = false, headers = {} } = {}) {
      const sent: SentRequest[] = [];
      const counts: string[] = [];
      const client = { status: 0, headers: {} as Record<string, string>, body: '', ended: false, destroyed: false };
      const gauge = { increment() {}, decrement() {}, value: 0 };
      const runtime = {
        current: () => bound,
        upstream: {
          send: (request: UpstreamRequest, handler: UpstreamHandler) => void sent.push(take(request, handler)),
        },
        watchdog: {
          watch(entry: Watched) {
            entry.watchIndex = 0;
            watched.add(entry);
          },
          unwatch: (entry: Watched) => void watched.delete(entry),
          close() {},
        },
        countAttempt: (cluster: string, result: string) => void counts.push(`${cluster} ${result}`),
        countHedge: (cluster: string) => void counts.push(`hedge ${cluster}`),
        countMirror: (cluster: string, result: string) => void counts.push(`mirror ${cluster} ${result}`),
        activeRequests: gauge,
        openStreams: gauge,
        now: () => 1_700_000_000_000 + world.nowMs,
        monotonic: () => world.nowMs,
        random: () => world.random,
        uuid: () => 'id',
        draining: () => false,
        reportFault(error: unknown) {
          throw error;
        },
      } as unknown as ExchangeRuntime;
      const request = {
        method: 'POST',
        url: '/v1/chat/completions',
        rawHeaders: Object.entries(headers).flat(),
        header: (name: string) => headers[name],
        listener: '',
        remoteAddress: '127.0.0.1',
        protocol: 'HTTP/1.1',
      } as unknown as ClientRequest;
      const response = {
        writeHead(status: number, flat: string[]) {
          client.status = status;
          for (let at = 0; at < flat.length; at += 2) client.headers[flat[at] as string] = flat[at + 1] as string;
        },
        write(chunk: Uint8Array | string) {
          client.body += Buffer.from(chunk as string).toString();
          return true;
        },
        end(chunk: Uint8Array | string = '') {
          client.body += Buffer.from(chunk as string).toString();
          client.ended = true;
        },
        onDrain() {},
        onAbort() {},
        destroy() {
          client.destroyed = true;
        },
        aborted: false,
        bytesSent: 0,
      } as unknown as ClientResponse;
      const state = new ExchangeState(runtime, request, response);
      state.path = '/v1/chat/completions';
      state.dialect = dialect('openai-chat');
      state.body = Buffer.from(JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: 'Hi' }] }));
      state.scanned = scanObject(state.body, ['model', 'stream', 'stream_options']);
      state.model = 'm';
      state.bodyModel = 'm';
      state.stream = stream;
      const live = (bound.routes.find((one) => one.route.name === route) ?? bound.routes[0]) as LiveRoute;
      state.route = live.route;
      const plan = new AttemptPlan(live, { context: state.pickContext(), stickyHash: undefined, canServe: () => true });
      const run: AttemptRun = { state, live, plan, attemptLimits: [], triedLanes: [] };
      return {
        state,
        run,
        sent,
        client,
        counts,
        world,
        cluster: (name) => bound.clusters.find((one) => one.cluster.name === name) as BoundCluster,
        target: (name) => bound.targets.find((one) => one.target.cluster.name === name) as LiveTarget,
      };
    },
  };
  return world;
}

function take(request: UpstreamRequest, handler: UpstreamHandler): SentRequest {
  let over = false;
  const one: SentRequest = {
    request,
    aborted: false,
    head: (status, headers) => handler.onHead(status, Object.entries(headers).flat(), () => undefined),
    data: (text) => void handler.onData(Buffer.from(text)),
    end() {
      over = true;
      handler.onEnd();
    },
    reply(status, headers, body = '') {
      one.head(status, headers);
      if (body !== '') one.data(body);
      one.end();
    },
    fail(kind) {
      over = true;
      handler.onError({ kind, cause: new Error(kind) });
    },
  };
  handler.onStart(() => {
    if (over) return;
    over = true;
    one.aborted = true;
    handler.onError({ kind: 'aborted', cause: new Error('aborted') });
  });
  return one;
}

/** An answer of OpenAI's chat that says a word. */
export function chatAnswer(word = 'Yes.'): string {
  const message = { role: 'assistant', content: word };
  return JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    model: 'm',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
  });
}

/** A chunk of a stream of OpenAI's chat. */
export function chatChunk(delta: object, finish: string | null = null): string {
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
}

export const JSON_HEAD: Record<string, string> = { 'content-type': 'application/json' };
export const STREAM_HEAD: Record<string, string> = { 'content-type': 'text/event-stream' };
