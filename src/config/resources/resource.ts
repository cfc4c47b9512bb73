import type { ConfigPath } from '../issue.ts';
import type { SourceDocument } from '../yaml-documents.ts';

/** What every resource has, whatever its kind. */
export interface ResourceHead {
  readonly kind: string;
  readonly apiVersion: string;
  /** `default` where the document names none; empty for a cluster-scoped kind. */
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; undefined for a resource that no API server has seen. */
  readonly createdAt: number | undefined;
  /** Place in the order of the documents, from 0. */
  readonly order: number;
  readonly document: SourceDocument;
}

/** A resource whose document has been checked against its kind's schema. */
export interface Resource<Body> extends ResourceHead {
  readonly body: Body;
}

/** A place inside a resource. */
export type ResourcePath = ConfigPath;

/** `Kind namespace/name`, or `Kind name` where the kind has no namespace. */
export function resourceLabel(resource: Pick<ResourceHead, 'kind' | 'namespace' | 'name'>): string {
  return `${resource.kind === '' ? 'object' : resource.kind} ${qualifiedName(resource)}`;
}

/** `namespace/name`, or the name alone where the kind has no namespace. */
export function qualifiedName(resource: Pick<ResourceHead, 'namespace' | 'name'>): string {
  return resource.namespace === '' ? resource.name : `${resource.namespace}/${resource.name}`;
}

/** Order by age, oldest first; what has no time of creation counts as newest. */
export function compareAge(a: ResourceHead, b: ResourceHead): number {
  return (a.createdAt ?? Number.MAX_SAFE_INTEGER) - (b.createdAt ?? Number.MAX_SAFE_INTEGER);
}
