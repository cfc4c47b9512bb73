import { z } from 'zod';
import {
  durationText,
  kindWithSpec,
  policyTargets,
  ruleMessage,
  unsupported,
  unsupportedFields,
} from './schema-parts.ts';
import { rateLimitSpec } from './schema-rate-limit.ts';

/** BackendTrafficPolicy of Envoy Gateway: https://gateway.envoyproxy.io/docs/api/extension_types/#backendtrafficpolicy */

const RETRY_TRIGGERS = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
] as const;

/** A trigger of `retryOn`. */
export type RetryTrigger = (typeof RETRY_TRIGGERS)[number];

const count = z.number().int().min(0);
const status = z.number().int().min(100).max(599);

const retry = z.strictObject({
  numRetries: count.optional(),
  numAttemptsPerPriority: count.optional(),
  perRetry: z
    .strictObject({
      timeout: durationText.optional(),
      backOff: z
        .strictObject({ baseInterval: durationText.optional(), maxInterval: durationText.optional() })
        .optional(),
    })
    .optional(),
  retryOn: z
    .strictObject({
      triggers: z.array(z.enum(RETRY_TRIGGERS)).optional(),
      httpStatusCodes: z.array(status).optional(),
    })
    .optional(),
});

const timeout = z.strictObject({
  http: z
    .strictObject({
      requestTimeout: durationText.optional(),
      maxStreamDuration: durationText.optional(),
      streamIdleTimeout: durationText.optional(),
      ...unsupportedFields('connectionIdleTimeout', 'maxConnectionDuration'),
    })
    .optional(),
  tcp: z.strictObject({ connectTimeout: durationText.optional() }).optional(),
});

const circuitBreaker = z.strictObject({
  maxConnections: count.optional(),
  maxPendingRequests: count.optional(),
  maxParallelRequests: count.optional(),
  maxParallelRetries: unsupported('is not supported: numRetries bounds the retries of each request; ignored'),
  maxRequestsPerConnection: unsupported(),
  perEndpoint: z.strictObject({ maxConnections: count.optional() }).optional(),
});

const localFailures = unsupported('has no effect: failed connections count as errors like all others; ignored');

const passiveHealthCheck = z.strictObject({
  consecutive5XxErrors: count.optional(),
  consecutiveGatewayErrors: count.optional(),
  baseEjectionTime: durationText.optional(),
  maxEjectionPercent: count.max(100).optional(),
  // Errors are looked at as they come, not in intervals: nothing is lost.
  interval: durationText.optional(),
  failurePercentageThreshold: z.number().int().min(0).max(100).optional(),
  splitExternalLocalOriginErrors: z.boolean().optional(),
  consecutiveLocalOriginFailures: localFailures,
  alwaysEjectOneEndpoint: z.boolean().optional(),
});

const activeHealthCheck = z
  .strictObject({
    type: z.enum(['HTTP', 'TCP', 'GRPC']),
    timeout: durationText.optional(),
    interval: durationText.optional(),
    unhealthyThreshold: count.min(1).optional(),
    healthyThreshold: count.min(1).optional(),
    http: z
      .strictObject({
        path: z.string().startsWith('/').max(1024),
        method: z.string().optional(),
        expectedStatuses: z.array(status).optional(),
        expectedResponse: unsupported(),
        hostname: unsupported(),
      })
      .optional(),
    tcp: z.looseObject({}).optional(),
    grpc: z.looseObject({}).optional(),
    initialJitter: unsupported(),
    overrides: unsupported(),
  })
  .refine(
    (check) => (check.type === 'HTTP') === (check.http !== undefined),
    ruleMessage('If Health Checker type is HTTP, http field needs to be set.'),
  );

const loadBalancer = z
  .strictObject({
    type: z.enum(['ConsistentHash', 'LeastRequest', 'Random', 'RoundRobin', 'BackendUtilization', 'DynamicModule']),
    consistentHash: z
      .strictObject({
        type: z.enum(['SourceIP', 'Header', 'Headers', 'Cookie', 'QueryParams']),
        header: z.strictObject({ name: z.string().min(1) }).optional(),
        headers: z.array(z.strictObject({ name: z.string().min(1) })).optional(),
        cookie: z.looseObject({ name: z.string().min(1) }).optional(),
        queryParams: z.array(z.looseObject({})).optional(),
        // The size of Envoy's table: targets are chosen without one.
        tableSize: count.optional(),
      })
      .optional(),
    slowStart: z.strictObject({ window: durationText }).optional(),
    ...unsupportedFields('endpointOverride', 'zoneAware', 'backendUtilization', 'dynamicModule'),
  })
  .refine(
    (balancer) => (balancer.type === 'ConsistentHash') === (balancer.consistentHash !== undefined),
    ruleMessage('If LoadBalancer type is consistentHash, consistentHash field needs to be set.'),
  )
  .refine(
    (balancer) => balancer.slowStart === undefined || ['RoundRobin', 'LeastRequest'].includes(balancer.type),
    ruleMessage('Currently SlowStart is only supported for RoundRobin and LeastRequest load balancers.'),
  );

/** BackendTrafficPolicy. */
export const backendTrafficPolicy = kindWithSpec(
  z.strictObject({
    ...policyTargets,
    mergeType: z.enum(['StrategicMerge', 'JSONMerge', 'Replace']).optional(),
    retry: retry.optional(),
    timeout: timeout.optional(),
    circuitBreaker: circuitBreaker.optional(),
    healthCheck: z
      .strictObject({
        active: activeHealthCheck.optional(),
        passive: passiveHealthCheck.optional(),
        panicThreshold: unsupported('has no meaning here: the last way to answer is always tried; ignored'),
      })
      .optional(),
    loadBalancer: loadBalancer.optional(),
    rateLimit: rateLimitSpec.optional(),
    ...unsupportedFields(
      'connection',
      'faultInjection',
      'compression',
      'compressor',
      'responseOverride',
      'requestBuffer',
      'httpUpgrade',
      'admissionControl',
      'bandwidthLimit',
      'dns',
      'http2',
      'tcpKeepalive',
      'proxyProtocol',
      'telemetry',
      'useClientProtocol',
      'routingType',
    ),
  }),
);

/** The spec of a BackendTrafficPolicy. */
export type TrafficSpec = z.output<typeof backendTrafficPolicy>['spec'];
