import type { ConfigPath } from '../issue.ts';
import { nearest } from '../nearest.ts';
import type { SourceDocument } from '../yaml-documents.ts';
import { checkSchema } from './check-schema.ts';
import { GROUPS, KINDS, kindDefinition } from './kinds.ts';
import type { Report } from './report.ts';
import type { Resource, ResourceHead } from './resource.ts';

/** The namespace of an object that names none. */
const DEFAULT_NAMESPACE = 'default';
/** Stands in messages for a name that is not there. */
const NO_NAME = '?';

/**
 * Groups whose objects stand beside a gateway's in one manifest and say nothing to it: workloads,
 * permissions, scaling.
 */
const FOREIGN_GROUPS = new Set([
  'apps',
  'batch',
  'autoscaling',
  'policy',
  'rbac.authorization.k8s.io',
  'networking.k8s.io',
  'cert-manager.io',
  'monitoring.coreos.com',
]);
/** Kinds of this gateway's own group that have no effect yet. */
const LATER_KINDS = new Set([
  'RequestTransform',
  'ResponseTransform',
  'ContentModerationFilter',
  'MetricsFilter',
  'TracingFilter',
  'Plugin',
]);
const FOREIGN_CORE_KINDS = new Set(['ServiceAccount', 'Pod', 'PersistentVolumeClaim', 'PersistentVolume']);

/** Documents as resources. */
export interface ParsedResources {
  /** Those that can be used, in the order of the documents. */
  resources: Resource<unknown>[];
  /** `Kind namespace/name` of all, those that were refused too. */
  declared: ReadonlySet<string>;
}

/** Checks every document against its kind. What cannot be used is reported and left out. */
export function parseResources(documents: readonly SourceDocument[], report: Report): ParsedResources {
  const resources: Resource<unknown>[] = [];
  const seen = new Map<string, ResourceHead>();
  for (const [order, document] of documents.flatMap(listItems).entries()) {
    const head = readHead(document, order);
    const key = `${head.kind} ${head.namespace}/${head.name}`;
    const earlier = head.name === NO_NAME ? undefined : seen.get(key);
    if (earlier !== undefined) {
      const place = earlier.document.locate([]);
      report.error(head, ['metadata', 'name'], `is defined before, at ${earlier.document.file}:${place.line}`);
      continue;
    }
    seen.set(key, head);
    const resource = parseResource(head, report);
    if (resource !== undefined) resources.push(resource);
  }
  return { resources, declared: new Set(seen.keys()) };
}

/** The documents inside a `kind: List`, as `kubectl get -o yaml` writes it; any other document as it is. */
function listItems(document: SourceDocument): SourceDocument[] {
  const { kind, apiVersion, items } = fieldsOf(document.value);
  if (kind !== 'List' || apiVersion !== 'v1' || !Array.isArray(items)) return [document];
  return items.map((value, index) => ({
    file: document.file,
    value,
    locate: (path: ConfigPath, part) => document.locate(['items', index, ...path], part),
  }));
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function parseResource(head: ResourceHead, report: Report): Resource<unknown> | undefined {
  const definition = kindDefinition(head.kind);
  if (definition === undefined || !definition.apiVersions.includes(head.apiVersion)) {
    reportUnknownKind(head, report);
    return undefined;
  }
  const { body, issues } = checkSchema(definition.schema, head.document.value);
  for (const { severity, path, message, ...detail } of issues) report[severity](head, path, message, detail);
  if (body === undefined) return undefined;
  if (definition.ignored !== undefined) report.warning(head, [], definition.ignored);
  return { ...head, body };
}

function readHead(document: SourceDocument, order: number): ResourceHead {
  const { kind, apiVersion, metadata } = fieldsOf(document.value);
  const { name, namespace, labels, annotations, creationTimestamp } = fieldsOf(metadata);
  const kindName = typeof kind === 'string' ? kind : '';
  const created = typeof creationTimestamp === 'string' ? Date.parse(creationTimestamp) : Number.NaN;
  return {
    kind: kindName,
    apiVersion: typeof apiVersion === 'string' ? apiVersion : '',
    namespace: kindDefinition(kindName)?.clusterScoped
      ? ''
      : typeof namespace === 'string'
        ? namespace
        : DEFAULT_NAMESPACE,
    name: typeof name === 'string' ? name : NO_NAME,
    labels: fieldsOf(labels) as Record<string, string>,
    annotations: fieldsOf(annotations) as Record<string, string>,
    createdAt: Number.isNaN(created) ? undefined : created,
    order,
    document,
  };
}

function reportUnknownKind(head: ResourceHead, report: Report): void {
  const definition = kindDefinition(head.kind);
  if (head.kind === '') {
    report.error(head, ['kind'], 'is required', { fix: 'name a kind such as AIGatewayRoute' });
  } else if (definition !== undefined) {
    const wanted = nearest(head.apiVersion, definition.apiVersions) ?? definition.apiVersions[0];
    const what = head.apiVersion === '' ? 'is required' : `${head.apiVersion} is not a version of ${head.kind}`;
    report.error(head, ['apiVersion'], `${what}; known: ${definition.apiVersions.join(', ')}`, {
      fix: `write ${wanted}`,
    });
  } else if (head.apiVersion.startsWith(`${GROUPS.own}/`) && LATER_KINDS.has(head.kind)) {
    report.error(head, ['kind'], `${head.kind} is not supported yet`, { fix: 'remove it, or use a gateway file' });
  } else if (isForeign(head)) {
    report.warning(head, ['kind'], 'is no configuration of a gateway: ignored');
  } else {
    const suggestion = nearest(head.kind, Object.keys(KINDS));
    report.error(head, ['kind'], `${head.kind} is not a known kind; known: ${Object.keys(KINDS).join(', ')}`, {
      fix: suggestion === undefined ? undefined : `did you mean ${suggestion}?`,
    });
  }
}

function isForeign(head: ResourceHead): boolean {
  const [group = '', version] = head.apiVersion.split('/');
  return version === undefined ? group === 'v1' && FOREIGN_CORE_KINDS.has(head.kind) : FOREIGN_GROUPS.has(group);
}
