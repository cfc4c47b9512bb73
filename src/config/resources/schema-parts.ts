import { z } from 'zod';
import { parseDuration, parseSize } from '../units.ts';

/**
 * Building blocks of the kinds' schemas. Objects are strict; what a schema finds too many is reported as a
 * warning by the parser, everything else as an error. Rules of the reference system's own definitions carry
 * the message `rule "..."`.
 */

/** The text of a broken rule. */
export function ruleMessage(text: string): string {
  return `rule "${text}"`;
}

/** A field that the kind has and that this gateway does not act on: when it is set, `note` is a warning. */
export function unsupported(note = 'is not supported yet: ignored') {
  return z.unknown().optional().meta({ ignored: note });
}

/** A field that has no meaning for this gateway and is accepted in silence, such as `status`. */
export function accepted() {
  return z.unknown().optional();
}

/** Names that have no meaning for this gateway, as unsupported fields. */
export function unsupportedFields<Name extends string>(...names: Name[]): Record<Name, ReturnType<typeof unsupported>> {
  return Object.fromEntries(names.map((name) => [name, unsupported()])) as Record<Name, ReturnType<typeof unsupported>>;
}

/** A list with bounds on its size. */
export function list<Item extends z.ZodType>(item: Item, bounds: { max?: number; min?: number } = {}) {
  const array = z.array(item);
  const upper = bounds.max === undefined ? array : array.max(bounds.max);
  return bounds.min === undefined ? upper : upper.min(bounds.min);
}

/** Whether no two items have the same key. */
export function areUnique<Item>(items: readonly Item[] | undefined, key: (item: Item) => string): boolean {
  return items === undefined || new Set(items.map(key)).size === items.length;
}

/** A list of objects told apart by one field, as Kubernetes' `listType=map`. */
export function keyedList<Item extends z.ZodType>(
  item: Item,
  key: keyof z.output<Item> & string,
  bounds: { max?: number; min?: number; ignoreCase?: boolean } = {},
) {
  return list(item, bounds).refine(
    (items) =>
      areUnique(items as z.output<Item>[], (value) => {
        const text = String(value[key]);
        return bounds.ignoreCase ? text.toLowerCase() : text;
      }),
    ruleMessage(`${key} must be unique in the list`),
  );
}

/** The name of an object. */
export const objectName = z.string().min(1);

/** Go-style duration, kept as text. */
export const durationText = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, ruleMessage('must be a duration such as 30s, 100ms or 1h30m'));

/** A Kubernetes quantity of bytes: a number, or text such as `50Mi`. */
export const quantity = z
  .union([z.string(), z.number().int().nonnegative()])
  .refine(
    (value) => typeof value === 'number' || parseSize(value) !== undefined,
    ruleMessage('must be a quantity such as 50Mi, 512Ki or 4096'),
  );

/** An HTTP field name. */
export const httpHeaderName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, ruleMessage('must be an HTTP header name'));

/** A host name, or a wildcard for those below one. */
export const hostname = z
  .string()
  .max(253)
  .regex(
    /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/i,
    ruleMessage('must be a host name such as ai.example.com or *.example.com'),
  );

/** TCP port. */
export const portNumber = z.number().int().min(1).max(65535);

/** Reference to a Gateway as a parent. */
export const parentReference = z.strictObject({
  group: z.string().optional(),
  kind: z.string().optional(),
  namespace: objectName.optional(),
  name: objectName,
  sectionName: objectName.optional(),
  port: portNumber.optional(),
});

/** `parentRefs` of the AI kinds: at most 16, and Gateways only. */
export function gatewayParents(bounds: { min?: number } = {}) {
  return list(parentReference, { max: 16, ...bounds }).refine(
    (references) => references.every((reference) => (reference.kind ?? 'Gateway') === 'Gateway'),
    ruleMessage('only Gateway is supported'),
  );
}

/** Reference to a policy's target in the policy's own namespace. */
export const targetReference = z.strictObject({
  group: z.string(),
  kind: z.string(),
  name: objectName,
  sectionName: objectName.optional(),
});

/** Chooses targets of the policy's namespace by their labels. */
const targetSelector = z.strictObject({
  group: z.string().optional(),
  kind: z.string(),
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string().min(1),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string()).optional(),
      }),
    )
    .optional(),
  namespaces: unsupported('is not supported: targets are looked for in the namespace of the policy; ignored'),
});

/** A choice of targets by labels. */
export type TargetSelector = z.output<typeof targetSelector>;

/** The three ways in which Envoy Gateway's policies name their targets. */
export const policyTargets = {
  targetRef: targetReference.optional(),
  targetRefs: z.array(targetReference).optional(),
  targetSelectors: z.array(targetSelector).optional(),
};

/** Reference to a Secret. */
export const secretReference = z.strictObject({
  group: z.string().optional(),
  kind: z.string().optional(),
  name: objectName,
  namespace: objectName.optional(),
});

/** Reference to a Secret or ConfigMap of the same namespace. */
export const localObjectReference = z.strictObject({
  group: z.string().optional(),
  kind: z.string().optional(),
  name: objectName,
});

/** Reference to a backend. */
export const backendReference = z.strictObject({
  group: z.string().optional(),
  kind: z.string().optional(),
  name: objectName,
  namespace: objectName.optional(),
  port: portNumber.optional(),
});

/** One condition on a header. */
export const headerMatch = z.strictObject({
  type: z.enum(['Exact', 'RegularExpression']).optional(),
  name: httpHeaderName,
  value: z.string().max(4096),
});

/** `headerMutation` of a backend or of a reference to one. */
export const headerMutation = z.strictObject({
  set: keyedList(z.strictObject({ name: z.string().min(1), value: z.string() }), 'name', {
    max: 16,
    ignoreCase: true,
  }).optional(),
  remove: list(z.string().min(1), { max: 16 })
    .refine((names) => areUnique(names, (name) => name), ruleMessage('items must be unique'))
    .optional(),
});

/** `bodyMutation` of a backend or of a reference to one. */
export const bodyMutation = z.strictObject({
  set: keyedList(z.strictObject({ path: z.string().min(1), value: z.string() }), 'path', { max: 16 }).optional(),
  remove: list(z.string().min(1), { max: 16 })
    .refine((names) => areUnique(names, (name) => name), ruleMessage('items must be unique'))
    .optional(),
});

/** How a request's cost is counted. */
export const llmRequestCost = z
  .strictObject({
    metadataKey: z.string().min(1),
    type: z.enum([
      'InputToken',
      'OutputToken',
      'TotalToken',
      'CachedInputToken',
      'CacheCreationInputToken',
      'ReasoningToken',
      'CEL',
    ]),
    cel: z.string().min(1).optional(),
  })
  .refine((cost) => cost.type !== 'CEL' || cost.cel !== undefined, ruleMessage('cel is required when type is CEL'));

/** Header that carries a per-request limit. */
export const rateLimitFromHeader = z.strictObject({ metadataKey: z.string().min(1), header: httpHeaderName });

const metadata = z.strictObject({
  name: objectName,
  namespace: objectName.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  creationTimestamp: z.string().nullish(),
  generateName: accepted(),
  uid: accepted(),
  resourceVersion: accepted(),
  generation: accepted(),
  managedFields: accepted(),
  finalizers: accepted(),
  ownerReferences: accepted(),
  selfLink: accepted(),
  deletionTimestamp: accepted(),
  deletionGracePeriodSeconds: accepted(),
});

/** The frame of every kind that has a spec. */
export function kindWithSpec<Spec extends z.ZodType>(spec: Spec) {
  return z.strictObject({ apiVersion: z.string(), kind: z.string(), metadata, spec, status: accepted() });
}

/** The frame of a kind whose content is not read. */
export function opaqueKind() {
  return z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata });
}

/** The frame of a kind with fields of its own beside `metadata`. */
export function kindWithFields<Fields extends z.ZodRawShape>(fields: Fields) {
  return z.strictObject({ apiVersion: z.string(), kind: z.string(), metadata, ...fields });
}
