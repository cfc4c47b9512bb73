import { parseDuration } from '../units.ts';
import { compact } from './compact.ts';
import type { ClusterInput, VirtualRouteInput } from './config-input.ts';
import type { Report } from './report.ts';
import type { ResourceHead } from './resource.ts';
import type { TrafficSpec } from './schema-traffic.ts';

/** What a BackendTrafficPolicy says of the backends of a rule. */
export type ClusterTraffic = Pick<
  ClusterInput,
  'circuit_breaker' | 'concurrency' | 'max_connections' | 'health_check' | 'connect_timeout' | 'balance' | 'slow_start'
>;

/** What a policy says of the backends of a rule, and its name. */
export interface OwnedTraffic {
  /** `namespace/name` of the policy. */
  owner: string;
  traffic: ClusterTraffic;
}

/** What one policy says of backends: how they are chosen and when they rest. Undefined when it says nothing. */
export function translateClusterTraffic(
  spec: TrafficSpec,
  policy: ResourceHead,
  report: Report,
): ClusterTraffic | undefined {
  const { circuitBreaker, healthCheck, loadBalancer, timeout } = spec;
  const connect = timeout?.tcp?.connectTimeout;
  const traffic = compact({
    ...(circuitBreaker === undefined ? {} : toConcurrency(circuitBreaker, policy, report)),
    circuit_breaker: healthCheck?.passive === undefined ? undefined : toBreaker(healthCheck.passive, policy, report),
    health_check: healthCheck?.active === undefined ? undefined : toHealthCheck(healthCheck.active, policy, report),
    connect_timeout: connect === undefined || parseDuration(connect) === 0 ? undefined : connect,
    balance: loadBalancer?.type === 'LeastRequest' ? ('least_requests' as const) : undefined,
    slow_start: loadBalancer?.slowStart?.window,
  });
  return Object.keys(traffic).length === 0 ? undefined : traffic;
}

/** Envoy Gateway's defaults of every threshold. */
const DEFAULT_THRESHOLD = 1024;

/**
 * Envoy refuses what goes over `maxParallelRequests` at once; what finds no connection waits, up to `maxPendingRequests`.
 * Over HTTP/1.1 a connection carries one request, so `maxConnections` bounds those in flight and the rest may wait.
 */
function toConcurrency(
  breaker: NonNullable<TrafficSpec['circuitBreaker']>,
  policy: ResourceHead,
  report: Report,
): Pick<ClusterTraffic, 'concurrency' | 'max_connections'> {
  const { maxParallelRequests, maxConnections, maxPendingRequests, perEndpoint } = breaker;
  const parallel = maxParallelRequests ?? DEFAULT_THRESHOLD;
  const connections = maxConnections ?? DEFAULT_THRESHOLD;
  const requests = Math.min(parallel, connections);
  const bounds = [maxParallelRequests, maxConnections, maxPendingRequests].some((value) => value !== undefined);
  if (bounds && requests === 0) {
    report.warning(policy, ['spec', 'circuitBreaker'], 'lets no request through; here at least one may be in flight');
  }
  return {
    max_connections: perEndpoint?.maxConnections || undefined,
    concurrency: bounds
      ? {
          requests: Math.max(1, requests),
          queue:
            connections < parallel || maxPendingRequests !== undefined ? (maxPendingRequests ?? DEFAULT_THRESHOLD) : 0,
        }
      : undefined,
  };
}

/** Envoy Gateway's defaults of passive health checks, and Envoy's longest ejection. */
const PASSIVE = { errors: 5, ejection: '30s' } as const;
const MAX_EJECTION = '5m';

function toBreaker(
  passive: NonNullable<NonNullable<TrafficSpec['healthCheck']>['passive']>,
  policy: ResourceHead,
  report: Report,
): ClusterTraffic['circuit_breaker'] {
  const path = ['spec', 'healthCheck', 'passive'];
  const { consecutive5XxErrors = PASSIVE.errors, consecutiveGatewayErrors = 0 } = passive;
  if (passive.splitExternalLocalOriginErrors === true) {
    const message = 'has no effect: failed connections count as errors like all others; ignored';
    report.warning(policy, [...path, 'splitExternalLocalOriginErrors'], message, { part: 'key' });
  }
  if (consecutiveGatewayErrors > 0 && consecutive5XxErrors > consecutiveGatewayErrors) {
    const message = `errors of all kinds are counted together: ${consecutiveGatewayErrors} in a row eject a backend`;
    report.warning(policy, [...path, 'consecutiveGatewayErrors'], message, { part: 'key' });
  }
  const thresholds = [consecutive5XxErrors, consecutiveGatewayErrors].filter((value) => value > 0);
  const percent = passive.failurePercentageThreshold || undefined;
  if (thresholds.length === 0 && percent === undefined) return false;
  const open = passive.baseEjectionTime ?? PASSIVE.ejection;
  const longer = (parseDuration(open) ?? 0) > (parseDuration(MAX_EJECTION) ?? 0);
  return compact({
    // Where only the share of failures counts, no number of them in a row does.
    consecutive_errors: thresholds.length === 0 ? Number.MAX_SAFE_INTEGER : Math.min(...thresholds),
    error_rate: percent === undefined ? undefined : { percent },
    open,
    max_open: longer ? open : MAX_EJECTION,
    max_ejected_percent: passive.maxEjectionPercent,
  });
}

/** Envoy Gateway's defaults of active health checks. */
const ACTIVE = { timeout: '1s', interval: '3s', unhealthyThreshold: 3, healthyThreshold: 1 } as const;

function toHealthCheck(
  active: NonNullable<NonNullable<TrafficSpec['healthCheck']>['active']>,
  policy: ResourceHead,
  report: Report,
): ClusterTraffic['health_check'] {
  const path = ['spec', 'healthCheck', 'active'];
  const { http } = active;
  if (http === undefined) {
    report.warning(policy, [...path, 'type'], `checks of type ${active.type} are not supported, HTTP is: ignored`);
    return undefined;
  }
  if ((http.method ?? 'GET').toUpperCase() !== 'GET') {
    report.warning(policy, [...path, 'http', 'method'], 'backends are asked with GET: ignored');
  }
  if ((http.expectedStatuses ?? []).some((status) => status < 200 || status > 299)) {
    report.warning(
      policy,
      [...path, 'http', 'expectedStatuses'],
      'any 2xx counts as healthy, and nothing else: ignored',
    );
  }
  return {
    path: http.path,
    timeout: active.timeout ?? ACTIVE.timeout,
    interval: active.interval ?? ACTIVE.interval,
    unhealthy: active.unhealthyThreshold ?? ACTIVE.unhealthyThreshold,
    healthy: active.healthyThreshold ?? ACTIVE.healthyThreshold,
  };
}

/** Who always gets the same target, as a `loadBalancer` with a consistent hash says; what cannot be held to is reported. */
export function translateStickiness(
  balancer: NonNullable<TrafficSpec['loadBalancer']>,
  policy: ResourceHead,
  report: Report,
): VirtualRouteInput['split_by'] {
  const path = ['spec', 'loadBalancer'];
  const { type, consistentHash } = balancer;
  if (type === 'Random' || type === 'BackendUtilization' || type === 'DynamicModule') {
    report.warning(policy, [...path, 'type'], `${type} is not supported: endpoints are used in turn`);
    return undefined;
  }
  if (consistentHash === undefined) return undefined;
  const headers = consistentHash.header === undefined ? (consistentHash.headers ?? []) : [consistentHash.header];
  const [header, ...more] = headers;
  if (consistentHash.type === 'SourceIP') return 'ip';
  if (header === undefined || more.length > 0) {
    const what = consistentHash.type === 'Headers' ? 'of several headers' : `of type ${consistentHash.type}`;
    report.warning(policy, [...path, 'consistentHash'], `a hash ${what} is not supported: targets are used in turn`);
    return undefined;
  }
  return { header: header.name };
}
