import { z } from 'zod';
import {
  accepted,
  durationText,
  kindWithSpec,
  list,
  localObjectReference,
  policyTargets,
  portNumber,
  quantity,
  ruleMessage,
  unsupported,
  unsupportedFields,
} from './schema-parts.ts';

/** Kinds of `gateway.envoyproxy.io/v1alpha1` as far as they are read: https://gateway.envoyproxy.io/docs/api/extension_types/ */

const hostAndPort = { port: portNumber };

const backendEndpoint = z
  .strictObject({
    fqdn: z.strictObject({ hostname: z.string().min(1).max(253), ...hostAndPort }).optional(),
    ip: z.strictObject({ address: z.string().min(1), ...hostAndPort }).optional(),
    unix: z.strictObject({ path: z.string().min(1) }).optional(),
    hostname: unsupported(),
    zone: unsupported('has no meaning here: endpoints are used in turn; ignored'),
  })
  .refine(
    (endpoint) => [endpoint.fqdn, endpoint.ip, endpoint.unix].filter((value) => value !== undefined).length === 1,
    ruleMessage('one of fqdn, ip or unix must be specified'),
  );

/** Backend. */
export const backend = kindWithSpec(
  z.strictObject({
    type: z.enum(['Endpoints', 'DynamicResolver']).optional(),
    endpoints: list(backendEndpoint, { min: 1, max: 64 }).optional(),
    fallback: z.boolean().optional(),
    tls: z
      .strictObject({
        wellKnownCACertificates: z.enum(['System']).optional(),
        caCertificateRefs: list(localObjectReference, { max: 8 }).optional(),
        sni: z.string().min(1).max(253).optional(),
        insecureSkipVerify: z.boolean().optional(),
        ...unsupportedFields(
          'clientCertificateRef',
          'alpnProtocols',
          'minVersion',
          'maxVersion',
          'ciphers',
          'ecdhCurves',
          'signatureAlgorithms',
          'subjectAltNames',
        ),
      })
      .refine(
        (tls) => (tls.caCertificateRefs ?? []).length === 0 || tls.wellKnownCACertificates === undefined,
        ruleMessage('must not contain both CACertificateRefs and WellKnownCACertificates'),
      )
      .optional(),
    ...unsupportedFields('appProtocols', 'dynamicResolver'),
  }),
);

/** ClientTrafficPolicy. */
export const clientTrafficPolicy = kindWithSpec(
  z.strictObject({
    ...policyTargets,
    connection: z
      .strictObject({
        bufferLimit: quantity.optional(),
        ...unsupportedFields('connectionLimit', 'socketBufferLimit', 'maxAcceptPerSocketEvent'),
      })
      .optional(),
    timeout: z
      .strictObject({
        http: z
          .strictObject({
            requestReceivedTimeout: durationText.optional(),
            ...unsupportedFields('idleTimeout', 'streamIdleTimeout'),
          })
          .optional(),
        tcp: unsupported(),
      })
      .optional(),
    ...unsupportedFields(
      'clientIPDetection',
      'headers',
      'path',
      'http1',
      'http2',
      'http3',
      'healthCheck',
      'proxyProtocol',
      'enableProxyProtocol',
      'tcpKeepalive',
      'scheme',
    ),
    tls: unsupported('is not supported yet: clients are not asked for certificates; ignored'),
  }),
);

const accessLogSink = z.strictObject({
  type: z.enum(['File', 'ALS', 'OpenTelemetry']),
  file: z.strictObject({ path: z.string().min(1) }).optional(),
  als: accepted(),
  openTelemetry: accepted(),
});

const accessLogSetting = z.strictObject({
  format: z
    .strictObject({
      type: z.enum(['Text', 'JSON']).optional(),
      text: z.string().optional(),
      json: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
  matches: unsupported('is not supported yet: every request is logged; ignored'),
  sinks: z.array(accessLogSink).min(1),
  type: unsupported(),
});

const OWN_PROCESS = 'has no meaning here: it sets up an Envoy process; ignored';

/** EnvoyProxy: its access log is read. */
export const envoyProxy = kindWithSpec(
  z.strictObject({
    telemetry: z
      .strictObject({
        accessLog: z
          .strictObject({ disable: z.boolean().optional(), settings: z.array(accessLogSetting).min(1).optional() })
          .optional(),
        metrics: unsupported(),
        tracing: unsupported(),
        requestID: unsupported(),
      })
      .optional(),
    logging: unsupported('has no meaning here: the log level is set on the command line; ignored'),
    provider: unsupported(OWN_PROCESS),
    bootstrap: unsupported(OWN_PROCESS),
    concurrency: unsupported(OWN_PROCESS),
    extraArgs: unsupported(OWN_PROCESS),
    filterOrder: unsupported(OWN_PROCESS),
    mergeGateways: unsupported(OWN_PROCESS),
    shutdown: unsupported(OWN_PROCESS),
    ipFamily: unsupported(OWN_PROCESS),
    preserveRouteOrder: unsupported(),
    backendTLS: unsupported(),
    routingType: unsupported(),
    luaValidation: unsupported(OWN_PROCESS),
    dynamicModules: unsupported(OWN_PROCESS),
    geoIP: unsupported(OWN_PROCESS),
  }),
);
