import { createClient, createCluster } from 'redis';
import type { RedisScript } from './redis-scripts.ts';

/** Where Redis is and how patient the connection is. */
export interface RedisOptions {
  /** `redis://[user[:password]@]host[:port][/db]`, or `rediss://` for TLS. Of a cluster: any of its nodes, one or more. */
  url: string | readonly string[];
  /** Whether the URLs are nodes of a Redis Cluster. Default false. */
  cluster?: boolean;
  /** For `rediss://`: PEM texts beside the system's authorities, and the name in the certificate when it is not the URL's. */
  tls?: { ca?: string; cert?: string; key?: string; serverName?: string };
  /** Bounds connecting, TLS and login together. Default 2000. */
  connectTimeoutMs?: number;
  /** A connection that owes answers and has given none for so long is cut and made anew. Default 2000. */
  staleMs?: number;
  /** Commands that may wait for an answer at a time; more are rejected. Default 10,000. */
  maxPending?: number;
  /** Told of each lost connection or failed attempt to connect; never throws into the connection. */
  onError?: (error: Error) => void;
}

/** A command that was never sent: Redis cannot have carried it out. */
export class RedisUnsentError extends Error {}

/** A connection that keeps coming back. */
export interface RedisLink {
  /** Whether commands can be sent now. */
  readonly ready: boolean;
  /** Commands that wait for an answer. */
  readonly pending: number;
  /** Runs a script; all keys lie in one slot. Rejects at once when not connected, and when the connection is lost. */
  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** Is called each time the connection is up. */
  onReady(listener: () => void): void;
  /** Deletes a key; used by tests and resets. */
  remove(key: string): Promise<unknown>;
  /** Ends the connection; what waits for an answer is rejected. */
  close(): void;
}

/** What every connection has to know before it is used. */
export interface Preload {
  readonly scripts: readonly RedisScript[];
  /** Any key of the slot in which the scripts will run. */
  readonly key: string;
}

/** What single server and cluster have in common. */
interface Wire {
  connect(): Promise<unknown>;
  send(key: string, args: string[]): Promise<unknown>;
  destroy(): void;
}

type ErrorListener = (error: Error) => void;

function socketOptions(options: RedisOptions) {
  const { ca, cert, key, serverName } = options.tls ?? {};
  return {
    connectTimeout: options.connectTimeoutMs ?? 2000,
    // This file connects anew itself: a connection that hangs in its login would otherwise hang for ever.
    reconnectStrategy: false as const,
    ...(options.tls === undefined ? {} : { tls: true as const }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

/**
 * No time limit for each command: it costs an AbortSignal with a timer of its own, which is most of what the client allocates.
 * Whoever asks has a deadline, and a connection that gives no answer for `staleMs` is cut with all that waits for it.
 */
const COMMAND_OPTIONS = { timeout: 0 } as const;

function singleWire(url: string, options: RedisOptions, onError: ErrorListener): Wire {
  const client = createClient({
    url,
    socket: socketOptions(options),
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    commandOptions: COMMAND_OPTIONS,
    commandsQueueMaxLength: options.maxPending ?? 10_000,
  });
  client.on('error', onError);
  return {
    connect: () => client.connect(),
    send: (_key, args) => client.sendCommand(args),
    destroy: () => client.destroy(),
  };
}

function clusterWire(urls: readonly string[], options: RedisOptions, onError: ErrorListener): Wire {
  const first = new URL(urls[0] ?? '');
  const { reconnectStrategy: _, ...socket } = socketOptions(options);
  const cluster = createCluster({
    rootNodes: urls.map((url) => ({ url })),
    commandOptions: COMMAND_OPTIONS,
    // Nodes that are discovered inherit nothing of the root nodes.
    defaults: {
      ...(first.username === '' ? {} : { username: decodeURIComponent(first.username) }),
      ...(first.password === '' ? {} : { password: decodeURIComponent(first.password) }),
      socket: first.protocol === 'rediss:' ? { ...socket, tls: true } : socket,
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
      commandsQueueMaxLength: options.maxPending ?? 10_000,
    },
  });
  cluster.on('error', onError);
  return {
    connect: () => cluster.connect(),
    send: (key, args) => cluster.sendCommand(key, false, args),
    destroy: () => cluster.destroy(),
  };
}

/**
 * Opens a connection in the background and keeps it: after a loss it connects anew, with pauses from 50 ms that double
 * up to 2 s. The scripts are loaded before it is ready, so that the first calls keep their order too. Never throws for an
 * unreachable server, never ends the process. It holds the event loop until `close`.
 */
export function openRedis(options: RedisOptions, preload: Preload): RedisLink {
  return new ReconnectingLink(options, preload);
}

class ReconnectingLink implements RedisLink {
  readonly #options: RedisOptions;
  readonly #preload: Preload;
  readonly #staleMs: number;
  readonly #maxPending: number;
  readonly #listeners: (() => void)[] = [];
  readonly #staleTimer: NodeJS.Timeout;
  #wire: Wire | undefined;
  #ready = false;
  #pending = 0;
  #closed = false;
  #failures = 0;
  #aliveMs = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RedisOptions, preload: Preload) {
    this.#options = options;
    this.#preload = preload;
    this.#staleMs = options.staleMs ?? 2000;
    this.#maxPending = options.maxPending ?? 10_000;
    this.#staleTimer = setInterval(() => this.#cutStale(), Math.max(10, this.#staleMs / 4));
    this.#staleTimer.unref();
    this.#connect();
  }

  get ready(): boolean {
    return this.#ready;
  }

  get pending(): number {
    return this.#pending;
  }

  onReady(listener: () => void): void {
    this.#listeners.push(listener);
  }

  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const key = keys[0] ?? '';
    const count = String(keys.length);
    return this.#send(key, ['EVALSHA', script.sha, count, ...keys, ...args], () =>
      this.#send(key, ['EVAL', script.text, count, ...keys, ...args]),
    );
  }

  remove(key: string): Promise<unknown> {
    return this.#send(key, ['DEL', key]);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#staleTimer);
    clearTimeout(this.#timer);
    this.#drop();
  }

  #send(key: string, args: string[], unknownScript?: () => Promise<unknown>): Promise<unknown> {
    const wire = this.#wire;
    if (wire === undefined || !this.#ready) return Promise.reject(new RedisUnsentError('not connected to Redis'));
    if (this.#pending >= this.#maxPending) {
      return Promise.reject(new RedisUnsentError('too many commands wait for Redis'));
    }
    if (this.#pending++ === 0) this.#aliveMs = performance.now();
    return wire.send(key, args).then(
      (reply) => {
        this.#pending--;
        this.#aliveMs = performance.now();
        return reply;
      },
      (error: unknown) => {
        this.#pending--;
        const text = error instanceof Error ? error.message : '';
        if (unknownScript !== undefined && text.startsWith('NOSCRIPT')) return unknownScript();
        // A primary that was demoted or is not up yet: the name may lead to another server by now.
        if (/^(?:READONLY|LOADING|MASTERDOWN)/.test(text)) this.#lost(wire, error);
        throw error;
      },
    );
  }

  #connect(): void {
    const { url, cluster } = this.#options;
    let wire: Wire | undefined;
    const onError = (error: Error) => {
      // A cluster mends its own connections; a single client is of no use any more.
      if (wire !== undefined && cluster !== true) this.#lost(wire, error);
      else this.#report(error);
    };
    try {
      const urls = typeof url === 'string' ? [url] : url;
      wire =
        cluster === true
          ? clusterWire(urls, this.#options, onError)
          : singleWire(urls[0] ?? '', this.#options, onError);
    } catch (error) {
      this.#report(error);
      this.#retry();
      return;
    }
    const current = wire;
    this.#wire = current;
    const limit = this.#options.connectTimeoutMs ?? 2000;
    this.#timer = setTimeout(() => this.#lost(current, new Error(`no login to Redis within ${limit} ms`)), limit);
    const load = async () => {
      await current.connect();
      const { key, scripts } = this.#preload;
      for (const { text } of scripts) await current.send(key, ['SCRIPT', 'LOAD', text]);
    };
    load().then(
      () => this.#up(current),
      (error: unknown) => this.#lost(current, error),
    );
  }

  #up(wire: Wire): void {
    if (this.#wire !== wire || this.#closed) return;
    clearTimeout(this.#timer);
    this.#ready = true;
    this.#failures = 0;
    this.#aliveMs = performance.now();
    for (const listener of this.#listeners) listener();
  }

  #lost(wire: Wire, error: unknown): void {
    if (this.#wire !== wire || this.#closed) return;
    this.#drop();
    this.#report(error);
    this.#retry();
  }

  #drop(): void {
    const wire = this.#wire;
    this.#wire = undefined;
    this.#ready = false;
    clearTimeout(this.#timer);
    try {
      wire?.destroy();
    } catch {
      // It was closed already.
    }
  }

  #retry(): void {
    const pause = Math.min(50 * 2 ** Math.min(this.#failures++, 6), 2000);
    // Up to a quarter off, so that replicas of the gateway do not all come back in the same moment.
    this.#timer = setTimeout(() => this.#connect(), pause * (1 - Math.random() / 4));
  }

  #cutStale(): void {
    if (this.#wire === undefined || !this.#ready || this.#pending === 0) return;
    const silent = performance.now() - this.#aliveMs;
    if (silent >= this.#staleMs) this.#lost(this.#wire, new Error(`Redis gave no answer for ${Math.round(silent)} ms`));
  }

  #report(error: unknown): void {
    this.#options.onError?.(error instanceof Error ? error : new Error(String(error)));
  }
}
