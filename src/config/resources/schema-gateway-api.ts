import { z } from 'zod';
import {
  accepted,
  hostname,
  kindWithFields,
  kindWithSpec,
  list,
  localObjectReference,
  objectName,
  portNumber,
  ruleMessage,
  targetReference,
  unsupported,
} from './schema-parts.ts';

/** Kinds of the Gateway API (https://gateway-api.sigs.k8s.io/reference/spec/) and of Kubernetes itself, as far as they are read. */

const parametersReference = z.strictObject({
  group: z.string(),
  kind: z.string(),
  name: objectName,
  namespace: objectName.optional(),
});

/** GatewayClass. */
export const gatewayClass = kindWithSpec(
  z.strictObject({
    controllerName: z.string().min(1),
    parametersRef: parametersReference.optional(),
    description: accepted(),
  }),
);

const labelSelector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: unsupported(),
});

const listener = z.strictObject({
  name: objectName,
  hostname: hostname.optional(),
  port: portNumber,
  protocol: z.string().min(1),
  tls: accepted(),
  allowedRoutes: z
    .strictObject({
      namespaces: z
        .strictObject({
          from: z.enum(['All', 'Same', 'Selector', 'None']).optional(),
          selector: labelSelector.optional(),
        })
        .optional(),
      kinds: accepted(),
    })
    .optional(),
});

/** Gateway. */
export const gateway = kindWithSpec(
  z.strictObject({
    gatewayClassName: objectName,
    listeners: list(listener, { min: 1, max: 64 }).refine(
      (listeners) => new Set(listeners.map((item) => item.name)).size === listeners.length,
      ruleMessage('Listener name must be unique within the Gateway'),
    ),
    addresses: z.array(z.strictObject({ type: z.string().optional(), value: z.string().optional() })).optional(),
    infrastructure: z
      .strictObject({
        labels: accepted(),
        annotations: accepted(),
        parametersRef: parametersReference.omit({ namespace: true }).optional(),
      })
      .optional(),
    allowedListeners: unsupported(),
    backendTLS: unsupported(),
    tls: unsupported(),
    defaultScope: unsupported(),
  }),
);

/** ReferenceGrant. */
export const referenceGrant = kindWithSpec(
  z.strictObject({
    from: list(z.strictObject({ group: z.string(), kind: z.string(), namespace: objectName }), { min: 1, max: 16 }),
    to: list(z.strictObject({ group: z.string(), kind: z.string(), name: objectName.optional() }), {
      min: 1,
      max: 16,
    }),
  }),
);

/** BackendTLSPolicy. */
export const backendTlsPolicy = kindWithSpec(
  z.strictObject({
    targetRefs: list(targetReference, { min: 1, max: 16 }),
    validation: z
      .strictObject({
        hostname: z.string().min(1).max(253),
        caCertificateRefs: list(localObjectReference, { max: 8 }).optional(),
        wellKnownCACertificates: z.enum(['System']).optional(),
        subjectAltNames: unsupported(),
      })
      .refine(
        (value) => (value.caCertificateRefs ?? []).length === 0 || value.wellKnownCACertificates === undefined,
        ruleMessage('must not contain both CACertificateRefs and WellKnownCACertificates'),
      )
      .refine(
        (value) => (value.caCertificateRefs ?? []).length > 0 || value.wellKnownCACertificates !== undefined,
        ruleMessage('must specify either CACertificateRefs or WellKnownCACertificates'),
      ),
    options: unsupported(),
  }),
);

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** Secret. A number or a boolean is taken as its text: a variable may have become one. */
export const secretKind = kindWithFields({
  type: z.string().optional(),
  immutable: accepted(),
  data: z.record(z.string(), scalar).optional(),
  stringData: z.record(z.string(), scalar).optional(),
});

/** ConfigMap. */
export const configMap = kindWithFields({
  immutable: accepted(),
  data: z.record(z.string(), scalar).optional(),
  binaryData: accepted(),
});

/** Namespace. */
export const namespaceKind = kindWithFields({ spec: accepted(), status: accepted() });
