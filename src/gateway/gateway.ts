import type { AdminPort, ConfigStatus, ConfigVersion } from '../admin/port.ts';
import { type AdminServer, createAdminServer } from '../admin/server.ts';
import { formatIssue } from '../config/issue.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { GatewayConfig } from '../config/model.ts';
import type { CredentialEnvironment } from '../credentials/credential.ts';
import type { BoundCluster, BoundSnapshot } from '../exchange/live.ts';
import type { ExchangeRuntime } from '../exchange/runtime.ts';
import { createWatchdog } from '../exchange/watchdog.ts';
import { createCalendars } from '../filters/limits/amounts.ts';
import { createHttpCall } from '../planes/node/http-call.ts';
import { type Listener, type ListenerSettings, openListener } from '../planes/node/listener.ts';
import { createProviderClient } from '../planes/node/provider-client.ts';
import { compileSnapshot } from '../snapshot/compile.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { CounterStore } from '../stores/counters/counter-store.ts';
import { compileHeaderLabels, type HeaderLabels } from '../telemetry/header-labels.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createBodyMemory } from './body-memory.ts';
import { type BudgetNotices, createBudgetNotices, tellPeople } from './budget-notices.ts';
import { createClusterLife } from './cluster-life.ts';
import { createCredentialPool } from './credential-pool.ts';
import { createDemoEndpoint } from './demo-endpoint.ts';
import { type AddressResolver, resolveBySystem } from './dns-source.ts';
import type { Fleet } from './fleet.ts';
import { createGovernance } from './governance.ts';
import { administerConfig, administerGovernance } from './governance-admin.ts';
import { createLiveRegistry } from './live-registry.ts';
import { createLoadMemory } from './load-memory.ts';
import { fetchText, postNotice } from './outbound-calls.ts';
import { createRecorder } from './recorder.ts';
import { createRequestIds } from './request-ids.ts';
import { scheduleByTimer } from './schedule.ts';

/** What a gateway takes from the process around it. */
export interface GatewayOptions {
  version: string;
  logger: Logger;
  environment: Omit<CredentialEnvironment, 'http' | 'now'>;
  /** Where limits are counted that are not counted in Redis; the default is this process. Stays open. */
  counters?: CounterStore;
  /** Other processes that carry the requests: this one opens no listener for clients, and speaks for all to administrators. */
  fleet?: Fleet;
  /** Hears of budgets instead of the log and webhooks: set in processes that work for another. */
  tellBudget?: BudgetNotices['reached'];
  /** Hears what in a configuration has no meaning; the default logs it. */
  warn?(text: string): void;
  /** Loads the text of a gateway file that an administrator sends. Throws ConfigError; absent: none can be sent. */
  load?(text: string): LoadedConfig;
  /** Resolves the names of dynamic clusters; the default is this machine's resolver. */
  resolve?: AddressResolver;
}

/** A gateway: listeners, the configuration in force, and what shows it. */
export interface Gateway {
  /**
   * Puts a configuration in force: compiles it, opens its new listeners, swaps once, closes listeners it no longer has. Requests in
   * flight finish on the one they started with. Rejects and changes nothing when any of that fails.
   */
  apply(loaded: LoadedConfig, sources: readonly string[]): Promise<void>;
  /** Remembers a configuration that could not be loaded; the last good one stays in force. */
  reject(error: Error, sources: readonly string[]): void;
  readonly listeners: readonly GatewayListener[];
  /** What the admin listener shows. */
  readonly admin: AdminPort;
  /** Port of the admin listener; undefined when it is off. */
  readonly adminPort: number | undefined;
  readonly status: ConfigStatus;
  /** Opens the access log's file anew, after a log rotation. */
  reopenLogs(): void;
  /** Reads issued keys and temporary changes of limits now. */
  refreshKeys(): Promise<void>;
  /** Takes no new work, lets requests in flight finish within the configured time, then stops. */
  drain(): Promise<void>;
}

/** Where clients are served. */
export interface GatewayListener extends Pick<Listener, 'name' | 'address' | 'port'> {
  /** Connections that are open; undefined where other processes have them. */
  readonly connections?: number;
}

type ListenerConfig = GatewayConfig['listeners'][number];

/** The admin server that is open. */
interface AdminListener {
  server: AdminServer;
  /** What it was made from. */
  identity: string;
  address: string;
  requestedPort: number;
  port: number;
}

function isSameAddress(listener: Listener, config: ListenerConfig): boolean {
  return listener.address === config.address && listener.requestedPort === config.port;
}

/** Whether the endpoints of a cluster are set by way of the admin listener. */
function isAdministered({ cluster }: Pick<BoundCluster, 'cluster'>): boolean {
  return cluster.discovery?.kind === 'managed';
}

/** What of a snapshot a process looks after that carries no requests itself. */
function administered(snapshot: Snapshot): Snapshot {
  return { ...snapshot, clusters: snapshot.clusters.filter((cluster) => isAdministered({ cluster })) };
}

/** Makes a gateway; nothing listens before the first `apply`. */
export function createGateway(options: GatewayOptions): Gateway {
  const { logger, version, fleet } = options;
  const warn = options.warn ?? ((text) => logger.warn(text));
  const upstream = createProviderClient();
  const recorder = createRecorder(logger);
  const metrics = createMetrics({
    version,
    accessLogDropped: () => recorder.dropped + (fleet?.droppedLines ?? 0),
    ...(fleet === undefined ? {} : { workers: () => fleet.counts() }),
    health: () => clusterLife.samples(),
  });
  const http = createHttpCall();
  const credentials = createCredentialPool({ ...options.environment, http, now: Date.now });
  const live = createLiveRegistry();
  const demo = createDemoEndpoint();
  const governance = createGovernance({
    logger,
    jwt: { fetchText: (url) => fetchText(http, url), now: Date.now },
    counters: options.counters,
  });
  const budgetNotices = createBudgetNotices({
    tell: options.tellBudget ?? tellPeople({ logger, send: (url, body) => postNotice(http, url, body), now: Date.now }),
    now: Date.now,
  });
  fleet?.onBudget(budgetNotices.reached);
  const watchdog = createWatchdog(() => performance.now());
  const clusterLife = createClusterLife({
    upstream,
    watchdog,
    live,
    logger,
    resolve: options.resolve ?? resolveBySystem,
    schedule: scheduleByTimer,
    monotonic: () => performance.now(),
    now: Date.now,
    random: Math.random,
  });
  const bodyMemory = createBodyMemory();
  const loadMemory = createLoadMemory();
  let bound: BoundSnapshot | undefined;
  let config: GatewayConfig | undefined;
  let listeners: Listener[] = [];
  let admin: AdminListener | undefined;
  let revision = 0;
  let draining = false;
  /** Request headers that become metric labels; undefined when there are none. */
  let labels: HeaderLabels | undefined;
  let status: ConfigStatus = { warnings: [] };

  const runtime: ExchangeRuntime = {
    current() {
      if (bound === undefined) throw new Error('no configuration is in force');
      return bound;
    },
    upstream,
    watchdog,
    record(record) {
      if (labels !== undefined) record.metricLabels = labels.read(record.requestHeader);
      metrics.record(record);
      recorder.log(record);
      governance.record(record);
    },
    countAttempt: (cluster, result) => metrics.attempt(cluster, result),
    countHedge: (cluster) => metrics.hedge(cluster),
    countMirror: (cluster, result) => metrics.mirror(cluster, result),
    calendars: createCalendars(),
    limitExtras: governance,
    countLimitRefusal: (limit) => metrics.limitRefusal(limit),
    budgetReached: (limit, standing) => budgetNotices.reached(limit, standing),
    activeRequests: metrics.activeRequests,
    openStreams: metrics.openStreams,
    now: Date.now,
    monotonic: () => performance.now(),
    random: Math.random,
    uuid: createRequestIds(Date.now),
    bodyReleased: bodyMemory.release,
    draining: () => draining,
    reportFault: (error, requestId) =>
      logger.error('a request failed inside the gateway', { error, request_id: requestId }),
  };

  const port: AdminPort = {
    version,
    status: () => status,
    appliedConfig: () => config,
    ready() {
      if (draining) return { ready: false, reason: 'draining' };
      return bound === undefined ? { ready: false, reason: 'no configuration is in force' } : { ready: true };
    },
    metricsText: () => metrics.text(),
    clusters: () => (bound === undefined ? undefined : clusterLife.port),
    ...administerGovernance(governance, { config: () => config, logger }),
    config: () => configAdministration,
  };

  const { load } = options;
  const configAdministration =
    load === undefined
      ? undefined
      : administerConfig({
          load,
          apply: (loaded, sources, expectedHash) => enqueue(() => applyUnlessStale(loaded, sources, expectedHash)),
          applied: () => status.applied,
        });
  const shown = fleet?.admin(port) ?? port;

  /** Opens the admin listener of a configuration; the one there is when nothing about it changes. */
  async function openAdmin(next: GatewayConfig): Promise<AdminListener | undefined> {
    const wanted = next.admin === false ? undefined : next.admin;
    if (wanted === undefined) return undefined;
    const identity = JSON.stringify(wanted);
    if (admin?.identity === identity) return admin;
    const server = createAdminServer({
      address: wanted.address,
      port: wanted.port,
      hostNames: wanted.host_names,
      tokens: () => {
        const inForce = config ?? next;
        return inForce.admin === false ? [] : inForce.admin.tokens;
      },
      admin: shown,
      onError: (error) => logger.error('the admin listener failed', { error }),
      onAudit: ({ id, actor, role, action, target, sourceIp }) =>
        logger.info('administrative change', { id, actor, role, action, target, source_ip: sourceIp }),
    });
    // The names it answers to may have changed while the port has not: then the old one has to go first.
    if (
      admin !== undefined &&
      admin.address === wanted.address &&
      admin.requestedPort === wanted.port &&
      wanted.port !== 0
    ) {
      await admin.server.close();
    }
    const { port: taken } = await server.listen();
    return { server, identity, address: wanted.address, requestedPort: wanted.port, port: taken };
  }

  function listenerSettings(next: GatewayConfig, wanted: ListenerConfig): ListenerSettings {
    return {
      name: wanted.name ?? '',
      maxHeaderBytes: next.limits.max_header,
      requestReceivedTimeoutMs: next.limits.request_received_timeout,
    };
  }

  /** Opens the listeners that are not open yet; none stays open when one cannot be had. */
  async function openListeners(next: GatewayConfig): Promise<Listener[]> {
    const opened: Listener[] = [];
    if (fleet !== undefined) return opened;
    try {
      for (const wanted of next.listeners) {
        if (listeners.some((listener) => isSameAddress(listener, wanted))) continue;
        const { address, port: number } = wanted;
        opened.push(await openListener({ ...listenerSettings(next, wanted), address, port: number, runtime }));
      }
    } catch (error) {
      await Promise.all(opened.map((listener) => listener.close(0)));
      throw error;
    }
    return opened;
  }

  /** Takes the listeners of a configuration into use and closes those that it does not have. */
  function takeListeners(next: GatewayConfig, opened: readonly Listener[]): void {
    if (fleet !== undefined) return;
    const all = [...listeners, ...opened];
    const used = next.listeners.flatMap((wanted) => {
      const listener = all.find((candidate) => isSameAddress(candidate, wanted));
      listener?.configure(listenerSettings(next, wanted));
      return listener === undefined ? [] : [listener];
    });
    for (const listener of all) {
      if (used.includes(listener)) continue;
      listener
        .close(next.limits.drain_timeout)
        .catch((error: unknown) => logger.error('a listener did not close', { error }));
    }
    listeners = used;
  }

  /** All that can fail comes first and leaves nothing behind; then the configuration is swapped in one turn. */
  async function swap(loaded: LoadedConfig, current: ConfigVersion): Promise<void> {
    const next = loaded.config;
    const snapshot = compileSnapshot(next, { revision: current.revision, hash: current.hash });
    const compiledLabels = compileHeaderLabels(next.metrics_filter.header_labels);
    const usesDemo = fleet === undefined && snapshot.clusters.some((cluster) => cluster.provider.name === 'demo');
    const demoEndpoint = usesDemo ? await demo.open() : undefined;
    await upstream.prepare(snapshot.clusters);
    const taken = credentials.take(snapshot);
    const governed = await governance.prepare(next);
    const found = await clusterLife.prepare(fleet === undefined ? snapshot : administered(snapshot));
    const binding = live.bind(snapshot, {
      filters: governed.filters,
      counters: governed.counters,
      reservationTtlMs: next.stores.reservation_ttl,
      credentials: taken.credentials,
      endpointsOf: (cluster) =>
        cluster.provider.name === 'demo' && demoEndpoint !== undefined ? [demoEndpoint] : found.endpointsOf(cluster),
    });
    const log = recorder.prepare(fleet === undefined ? next.access_log : false);
    let opened: Listener[];
    let nextAdmin: AdminListener | undefined;
    try {
      // The first listener must find a configuration.
      bound ??= binding.bound;
      opened = await openListeners(next);
      await fleet?.apply(loaded, current.sources);
      try {
        nextAdmin = await openAdmin(next);
      } catch (error) {
        await Promise.all(opened.map((listener) => listener.close(0)));
        await fleet?.revert();
        throw error;
      }
    } catch (error) {
      log.discard();
      binding.discard();
      found.discard();
      await governed.discard();
      throw error;
    }
    bound = binding.bound;
    binding.commit();
    found.commit(fleet === undefined ? bound : { ...bound, clusters: bound.clusters.filter(isAdministered) });
    governed.commit();
    taken.retire();
    config = next;
    labels = Object.keys(next.metrics_filter.header_labels).length === 0 ? undefined : compiledLabels;
    for (const warning of [...log.commit(), ...compiledLabels.warnings]) warn(warning);
    takeListeners(next, opened);
    const previousAdmin = admin;
    admin = nextAdmin;
    if (previousAdmin !== undefined && previousAdmin !== nextAdmin) await previousAdmin.server.close();
    loadMemory.applied();
  }

  // One configuration at a time, in the order in which they came.
  let queue: Promise<unknown> = Promise.resolve();

  function newVersion(hash: string, sources: readonly string[]): ConfigVersion {
    revision++;
    return { revision, hash, timeMs: Date.now(), sources };
  }

  function refuse(current: ConfigVersion, errors: readonly string[]): void {
    status = { ...status, desired: current, rejected: { ...current, errors } };
    metrics.configRejected();
  }

  async function applyNow(loaded: LoadedConfig, sources: readonly string[]): Promise<void> {
    if (draining) return;
    const current = newVersion(loaded.hash, sources);
    try {
      await swap(loaded, current);
    } catch (error) {
      refuse(current, [error instanceof Error ? error.message : String(error)]);
      throw error;
    }
    status = { desired: current, applied: current, rejected: undefined, warnings: loaded.warnings.map(formatIssue) };
    metrics.configApplied(current.revision);
  }

  /** Runs after every change that was asked for before. */
  function enqueue<Result>(change: () => Promise<Result>): Promise<Result> {
    const changed = queue.then(change);
    queue = changed.catch(() => undefined);
    return changed;
  }

  async function applyUnlessStale(
    loaded: LoadedConfig,
    sources: readonly string[],
    expectedHash: string | undefined,
  ): Promise<boolean> {
    if (expectedHash !== undefined && status.applied?.hash !== expectedHash) return false;
    await applyNow(loaded, sources);
    return true;
  }

  return {
    apply: (loaded, sources) => enqueue(() => applyNow(loaded, sources)),
    reject(error, sources) {
      refuse(newVersion('', sources), error.message.split('\n'));
    },
    get listeners() {
      return fleet?.listeners ?? listeners;
    },
    admin: shown,
    get adminPort() {
      return admin?.port;
    },
    get status() {
      return status;
    },
    reopenLogs() {
      recorder.reopen();
      fleet?.reopenLogs();
    },
    async refreshKeys() {
      await governance.issued?.refresh();
    },
    async drain() {
      draining = true;
      clusterLife.close();
      loadMemory.close();
      const grace = config?.limits.drain_timeout ?? 0;
      await Promise.all([...listeners.map((listener) => listener.close(grace)), fleet?.drain(grace)]);
      await admin?.server.close();
      await demo.close();
      await upstream.close();
      credentials.close();
      metrics.close();
      watchdog.close();
      await governance.close(grace);
      await recorder.close();
    },
  };
}
